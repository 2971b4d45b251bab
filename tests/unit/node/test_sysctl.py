# Copyright: (c) 2026, the beekeeper.hivemq authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Keys, values, sysctl.d files and what the kernel says."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.beekeeper.hivemq.plugins.module_utils._node import sysctl
from ansible_collections.beekeeper.hivemq.plugins.module_utils._node.sysctl import Kernel, SysctlError

from .fake_node import FakeNode


@pytest.mark.parametrize(
    ("key", "path", "name"),
    [
        ("net.ipv4.tcp_keepalive_time", "net/ipv4/tcp_keepalive_time", "net.ipv4.tcp_keepalive_time"),
        ("net/ipv4/tcp_keepalive_time", "net/ipv4/tcp_keepalive_time", "net.ipv4.tcp_keepalive_time"),
        ("net.ipv4.conf.eth0/7.rp_filter", "net/ipv4/conf/eth0.7/rp_filter", "net/ipv4/conf/eth0.7/rp_filter"),
        ("net/ipv4/conf/eth0.7/rp_filter", "net/ipv4/conf/eth0.7/rp_filter", "net/ipv4/conf/eth0.7/rp_filter"),
    ],
)
def test_key_spellings(key: str, path: str, name: str) -> None:
    assert sysctl.key_path(key) == path
    assert sysctl.canonical(key) == name


def test_settings_are_normalised_and_sorted() -> None:
    wanted = {"vm/swappiness": 1, "net.ipv4.tcp_rmem": " 4096\t87380  6291456 "}
    assert list(sysctl.settings(wanted).items()) == [
        ("net.ipv4.tcp_rmem", "4096 87380 6291456"),
        ("vm.swappiness", "1"),
    ]


@pytest.mark.parametrize("value", [True, False, "yes", "No", "on", "off", "True", " false "])
def test_booleans_are_refused_with_an_explanation(value: object) -> None:
    with pytest.raises(SysctlError, match=r"boolean.*YAML reads yes, no, on, off"):
        sysctl.settings({"net.ipv4.ip_forward": value})


@pytest.mark.parametrize("value", [None, 1.5, [1], {}, "", " ", "1\n2", "a\x00b", "\udce9"])
def test_values_that_cannot_be_set(value: object) -> None:
    with pytest.raises(SysctlError, match=r"net\.ipv4\.ip_forward"):
        sysctl.settings({"net.ipv4.ip_forward": value})


@pytest.mark.parametrize(
    "key", ["", "swappiness", "../etc/passwd", "net..x", "net.ipv4.", "/net/x", "a b.c", "net.*.x", 5, "vm.x="]
)
def test_bad_keys(key: Any) -> None:
    with pytest.raises(SysctlError, match="is not a sysctl key"):
        sysctl.settings({key: 1})


def test_a_key_given_twice() -> None:
    assert sysctl.settings({"vm.swappiness": 1, "vm/swappiness": "1"}) == {"vm.swappiness": "1"}
    with pytest.raises(SysctlError, match="given twice"):
        sysctl.settings({"vm.swappiness": 1, "vm/swappiness": 2})


def test_parse() -> None:
    text = "# c\n; d\n\n a.b = 1 \n-c.d=2\na.b=3\nno assignment\n=5\nnet/ipv4/x =\t4 5\n"
    assert sysctl.parse(text) == {"a.b": "3", "c.d": "2", "net.ipv4.x": "4 5"}


def test_others_lines_stay_around_the_block() -> None:
    others = "# mine\na.b = 1"
    whole = sysctl.render(others, {"a.b": "2", "c.d": "3"})
    assert whole == f"{others}\n{sysctl.BEGIN}\na.b = 2\nc.d = 3\n{sysctl.END}\n"
    assert sysctl.split(whole + "e.f = 4\n", "x") == (f"{others}\ne.f = 4\n", True)


def test_no_block_when_the_file_says_it_all() -> None:
    others = "c.d=3\n a.b =   2\n"
    assert sysctl.render(others, {"a.b": "2", "c.d": "3"}) == others
    assert sysctl.BEGIN in sysctl.render(others + "a.b=4", {"a.b": "2", "c.d": "3"})


def test_half_a_block_is_not_guessed_at() -> None:
    with pytest.raises(SysctlError, match="without its end"):
        sysctl.split(f"{sysctl.BEGIN}\na.b = 1\n", "/etc/x.conf")


@pytest.mark.parametrize(("mode", "existing"), [(0o644, False), (0o600, True), (0o640, True)])
def test_files_keep_their_mode(tmp_path: Path, mode: int, existing: bool) -> None:
    file = tmp_path / "new" / "x.conf"
    if existing:
        file.parent.mkdir()
        file.write_text("old")
        file.chmod(mode)
    before = os.umask(0o077)
    try:
        sysctl.write_text(str(file), "caf\udce9\n")
    finally:
        os.umask(before)
    assert file.stat().st_mode & 0o777 == mode
    assert file.read_bytes() == b"caf\xe9\n"
    assert sysctl.read_text(str(file)) == "caf\udce9\n"
    assert [path.name for path in file.parent.iterdir()] == ["x.conf"]


def test_a_failed_write_leaves_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "x.conf").write_text("old")

    def no_space(*_args: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", no_space)
    with pytest.raises(OSError, match="No space"):
        sysctl.write_text(str(tmp_path / "x.conf"), "new")
    assert [path.read_text() for path in tmp_path.iterdir()] == ["old"]


def test_what_the_kernel_says(tmp_path: Path) -> None:
    node = FakeNode(
        tmp_path,
        {"net.ipv4.tcp_rmem": "4096\t87380\t6291456", "kernel.cap_last_cap": "40"},
        None,
        ("kernel.cap_last_cap",),
    )
    kernel = Kernel(str(tmp_path))
    assert kernel.read("net.ipv4.tcp_rmem") == ("4096 87380 6291456", True, "")
    assert kernel.read("kernel.cap_last_cap") == ("40", False, "the kernel offers this key read-only")
    assert kernel.read("net.ipv4").problem == "this is a group of keys, not a key"
    assert "misspelt" in kernel.read("net.ipv4.tcp_keepalive_tim").problem
    assert "network namespace" not in kernel.read("net.ipv4.nothing").problem
    pid = node.root / "proc/self/ns/pid"
    pid.unlink()
    pid.symlink_to("pid:[4026532177]")
    assert "only the host's network namespace has it" in kernel.read("net.ipv4.nothing").problem


def test_values_that_the_kernel_changes_are_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    FakeNode(tmp_path, {"vm.swappiness": "60"})
    kernel = Kernel(str(tmp_path))
    monkeypatch.setattr(kernel, "read", lambda _key: sysctl.Reading("100", True, ""))
    with pytest.raises(SysctlError, match="made '100' of the value '0x64'"):
        kernel.write("vm.swappiness", "0x64")


@pytest.mark.parametrize(
    ("key", "namespaced"),
    [
        ("net.ipv4.tcp_keepalive_time", True),
        ("net/ipv4/conf/eth0.7/rp_filter", True),
        ("kernel.shmmax", True),
        ("kernel.hostname", True),
        ("fs.mqueue.msg_max", True),
        ("vm.swappiness", False),
        ("fs.file-max", False),
        ("kernel.pid_max", False),
    ],
)
def test_namespaced_keys(key: str, namespaced: bool) -> None:
    assert sysctl.is_namespaced(key) is namespaced


def test_files_read_later(tmp_path: Path) -> None:
    node = FakeNode(tmp_path, {})
    node.write("/usr/lib/sysctl.d/90-vendor.conf", "vendor")
    node.write("/etc/sysctl.d/90-vendor.conf", "ours instead")
    node.write("/usr/lib/sysctl.d/95-last.conf", "last")
    node.write("/etc/sysctl.d/10-first.conf", "first")
    node.write("/etc/sysctl.d/99-note.txt", "not read")
    (tmp_path / "etc/sysctl.d/98-folder.conf").mkdir()
    found = list(sysctl.later_files(str(tmp_path), "/etc/sysctl.d/50-mqtt.conf"))
    assert found == [("/etc/sysctl.d/90-vendor.conf", "ours instead"), ("/usr/lib/sysctl.d/95-last.conf", "last")]
    assert list(sysctl.later_files(str(tmp_path), "/opt/50-mqtt.conf")) == []
