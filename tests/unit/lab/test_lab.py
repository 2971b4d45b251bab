# Copyright: (c) 2026, the beekeeper.hivemq authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lab's own machinery: what is built once, what is noticed as changed, and how a failing step reads."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

LAB = Path(__file__).resolve().parents[2] / "lab"
sys.path.insert(0, str(LAB))

from beekeeper_lab import cache, cluster, settings, steps  # noqa: E402 - the lab is no installed package
from beekeeper_lab.node_image import NodeImage  # noqa: E402


@pytest.fixture(autouse=True)
def places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settings, "CACHE", tmp_path / "cache")
    monkeypatch.setattr(settings, "LOGS", tmp_path / "logs")


def test_the_same_inputs_are_built_once(tmp_path: Path) -> None:
    built: list[str] = []

    def build(into: Path) -> None:
        built.append(into.name)
        (into / "program").write_text("x")

    first = cache.artifact("thing", "abc", build)
    assert cache.artifact("thing", "abc", build) == first
    assert (first / "program").read_text() == "x"
    assert len(built) == 1


def test_a_build_that_is_cut_off_is_not_taken_for_a_build() -> None:
    def fails(into: Path) -> None:
        (into / "half").write_text("x")
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        cache.artifact("thing", "abc", fails)
    assert not cache.is_cached("thing", "abc")
    assert list((settings.CACHE / "thing").iterdir()) == []


def test_only_the_newest_builds_are_kept() -> None:
    for number in range(cache.KEPT_PER_NAME + 3):
        cache.artifact("thing", f"key{number}", lambda into: None)
    assert len(list((settings.CACHE / "thing").iterdir())) == cache.KEPT_PER_NAME
    assert cache.is_cached("thing", f"key{cache.KEPT_PER_NAME + 2}")


def test_content_name_and_mode_make_another_key_and_nothing_else(tmp_path: Path) -> None:
    folder = tmp_path / "source"
    folder.mkdir()
    script = folder / "run"
    script.write_text("echo")
    keys = [cache.key("v1", folder)]
    script.touch()
    (folder / "__pycache__").mkdir()
    (folder / "__pycache__" / "x.pyc").write_text("compiled")
    assert cache.key("v1", folder) == keys[0]
    script.chmod(0o755)
    keys.append(cache.key("v1", folder))
    script.write_text("echo 2")
    keys.append(cache.key("v1", folder))
    script.rename(folder / "start")
    keys.append(cache.key("v1", folder))
    keys.append(cache.key("v2", folder))
    assert len(set(keys)) == len(keys)


def test_another_node_image_makes_another_cluster() -> None:
    one, two = (cluster.content_key(NodeImage(name, built_here=True)) for name in ("node:1", "node:2"))
    assert one != two
    assert one == cluster.content_key(NodeImage("node:1", built_here=True))


def test_a_failing_step_names_itself_the_reason_and_its_log(capsys: pytest.CaptureFixture[str]) -> None:
    def work() -> None:
        with steps.step("Break something (1 s)") as current:
            current.run(["sh", "-c", "echo the reason; exit 7"])

    assert steps.main(work) == 1
    output = capsys.readouterr().err
    assert "step 'Break something (1 s)' failed" in output
    assert "ended with 7" in output
    assert "| the reason" in output
    assert str(settings.LOGS / "lab-break-something-1-s.log") in output


def test_a_wait_ends_with_what_it_waited_for() -> None:
    with pytest.raises(steps.LabError, match="waited 0 s for the moon"), steps.step("Wait") as current:
        current.wait_until("the moon", lambda: False, deadline=0, interval=0)


@pytest.mark.skipif(shutil.which("jq") is None, reason="runc-bounded needs jq, which the lab installs")
@pytest.mark.parametrize("verb", ["create", "exec"])
def test_the_bounded_runtime_takes_out_what_the_machine_lacks(tmp_path: Path, verb: str) -> None:
    process = {
        "capabilities": {"bounding": ["CAP_CHOWN", "CAP_SYS_RESOURCE"], "effective": ["CAP_SYS_RESOURCE"]},
        "oomScoreAdj": -999,
        "args": ["true"],
    }
    runc = tmp_path / "runc"
    runc.write_text(f'#!/bin/sh\necho "$@" >{tmp_path}/called\n')
    runc.chmod(0o755)
    script = tmp_path / "runc-bounded"
    script.write_text((LAB / "runc-bounded").read_text().replace("/usr/sbin/runc", str(runc)))
    if verb == "create":
        given = tmp_path / "config.json"
        given.write_text(json.dumps({"ociVersion": "1", "process": process}))
        arguments = ["create", "--bundle", str(tmp_path), "id"]
    else:
        given = tmp_path / "process.json"
        given.write_text(json.dumps(process))
        arguments = ["exec", "--process", str(given), "id"]
    subprocess.run(["sh", str(script), "--root", "/run/x", *arguments], check=True)
    written = json.loads(given.read_text())
    written = written.get("process", written)
    assert written["capabilities"] == {"bounding": ["CAP_CHOWN"], "effective": []}
    assert written["oomScoreAdj"] == 0
    assert written["args"] == ["true"]
    assert (tmp_path / "called").read_text().split() == ["--root", "/run/x", *arguments]
