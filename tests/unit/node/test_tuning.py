# Copyright: (c) 2026, the beekeeper.hivemq authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tuning as a task: results, failures on the way, the oldest Python, and the real kernel."""

from __future__ import annotations

import ast
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible_collections.beekeeper.hivemq.plugins.module_utils._node import tuning
from ansible_collections.beekeeper.hivemq.plugins.module_utils._node.sysctl import BEGIN, END, Kernel, SysctlError
from ansible_collections.beekeeper.hivemq.plugins.module_utils._node.tuning import Node
from ansible_collections.beekeeper.hivemq.plugins.module_utils._task import node_tuning
from ansible_collections.beekeeper.hivemq.plugins.modules import hivemq_node_tuning

from .fake_node import PATH, FakeNode, RefusingKernel, refusal

COLLECTIONS = Path(__file__).resolve().parents[3] / "build" / "collections"
PLUGINS = Path(__file__).resolve().parents[3] / "plugins"
KEEPALIVE = {
    "net.ipv4.tcp_keepalive_intvl": "75",
    "net.ipv4.tcp_keepalive_probes": "9",
    "net.ipv4.tcp_keepalive_time": "7200",
}
TIME = "net.ipv4.tcp_keepalive_time"
RECORD = "var/lib/beekeeper-hivemq/node-tuning"


class Host:
    """A task host that only keeps what it is told."""

    def __init__(self, check_mode: bool = False, **params: Any) -> None:
        defaults = {name: spec.get("default") for name, spec in node_tuning.ARGUMENT_SPEC.items()}
        self.params: dict[str, Any] = {**defaults, **params}
        self.check_mode = check_mode
        self.warnings: list[str] = []

    def warn(self, warning: str) -> None:
        self.warnings.append(warning)


@pytest.fixture
def node(tmp_path: Path) -> FakeNode:
    return FakeNode(tmp_path, {**KEEPALIVE, "vm.swappiness": "60"})


def run(node: FakeNode, **params: Any) -> dict[str, Any]:
    return node_tuning.run(Host(**params), root=str(node.root))


def test_the_white_papers_keepalive(node: FakeNode) -> None:
    original = node.snapshot()
    result = run(node)
    assert result["changed"] is True
    assert result["unsupported"] == []
    assert result["path"] == PATH
    assert result["sysctls"][TIME] == {
        "desired": "300",
        "running_before": "7200",
        "running": "300",
        "persisted_before": None,
        "persisted": "300",
        "changed": True,
    }
    body = "".join(f"{key} = {value}\n" for key, value in zip(sorted(KEEPALIVE), ["300", "2", "300"], strict=True))
    assert node.file().read_text() == f"{BEGIN}\n{body}{END}\n"
    assert node.file().stat().st_mode & 0o777 == 0o644
    assert node.running(TIME) == "300"
    assert any("pod network" in note for note in result["notes"])
    record = json.loads((node.root / result["record"].lstrip("/")).read_text())
    assert record["running"] == KEEPALIVE

    again = run(node)
    assert again["changed"] is False
    assert again["diff"] == []

    restored = run(node, state="absent")
    assert restored["changed"] is True
    assert restored["sysctls"][TIME]["desired"] == restored["sysctls"][TIME]["running"] == "7200"
    assert node.snapshot() == original
    assert run(node, state="absent")["changed"] is False


def test_check_mode_foretells_and_touches_nothing(node: FakeNode) -> None:
    original = node.snapshot()
    foretold = run(node, check_mode=True)
    assert node.snapshot() == original
    assert foretold == run(node)
    assert foretold["changed"] is True


def test_diff_shows_file_and_running_values(node: FakeNode) -> None:
    file, kernel = run(node, sysctls={TIME: 300}, check_mode=True)["diff"]
    assert file["before_header"] == file["after_header"] == PATH
    assert file["before"] == ""
    assert f"{TIME} = 300\n" in file["after"]
    assert (kernel["before"], kernel["after"]) == (f"{TIME} = 7200\n", f"{TIME} = 300\n")


def test_diff_can_show_any_bytes(node: FakeNode) -> None:
    node.write(PATH, "# caf\udce9\n")
    json.dumps(run(node)["diff"], ensure_ascii=False).encode()


def test_only_the_file_without_reload(node: FakeNode) -> None:
    result = run(node, reload=False)
    assert result["changed"] is True
    assert result["sysctls"][TIME]["running"] == "7200"
    assert result["sysctls"][TIME]["persisted"] == "300"
    assert node.running(TIME) == "7200"
    assert run(node, reload=False)["changed"] is False
    assert run(node, reload=True)["changed"] is True
    assert node.running(TIME) == "300"
    run(node, state="absent")
    assert node.running(TIME) == "7200"


def test_a_hand_made_file_with_the_same_settings_is_left_alone(node: FakeNode) -> None:
    node.write(PATH, "".join(f"{key}={value}\n" for key, value in node_tuning.KEEPALIVE.items()))
    for key, value in node_tuning.KEEPALIVE.items():
        node.key_file(key).write_text(f"{value}\n")
    original = node.snapshot()
    assert run(node)["changed"] is False
    assert run(node, state="absent")["changed"] is False
    assert node.snapshot() == original


def test_drift_is_repaired_and_the_first_values_stay_known(node: FakeNode) -> None:
    original = node.snapshot()
    run(node)
    node.key_file(TIME).write_text("60\n")
    node.file().unlink()
    result = run(node)
    assert result["sysctls"][TIME]["running_before"] == "60"
    assert result["sysctls"][TIME]["persisted_before"] is None
    run(node, state="absent")
    assert node.snapshot() == original


def test_what_others_add_to_the_file_stays(node: FakeNode) -> None:
    run(node)
    with node.file().open("a") as file:
        file.write("vm.swappiness = 10\n")
    assert run(node)["changed"] is True  # our block moves to the end, where it counts
    run(node, state="absent")
    assert node.file().read_text() == "vm.swappiness = 10\n"


def test_a_key_that_is_not_wanted_any_more_is_forgotten(node: FakeNode) -> None:
    """Also when its value needs no change: what others set later must not be taken back by us."""
    run(node, sysctls={TIME: 300, "vm.swappiness": 60})
    run(node, sysctls={TIME: 300})
    node.key_file("vm.swappiness").write_text("10\n")
    run(node, state="absent")
    assert node.running("vm.swappiness") == "10"

    node.write(PATH, f"{TIME} = 300\nvm.swappiness = 10\n")
    run(node, sysctls={TIME: 300, "vm.swappiness": 10})
    assert run(node, sysctls={TIME: 300})["changed"] is True  # only the record changes
    node.key_file("vm.swappiness").write_text("20\n")
    run(node, state="absent")
    assert node.running("vm.swappiness") == "20"


def test_unknown_and_read_only_keys_are_reported(tmp_path: Path) -> None:
    node = FakeNode(tmp_path, {TIME: "7200", "kernel.ostype": "Linux"}, None, ("kernel.ostype",))
    host = Host(sysctls={TIME: 300, "net.ipv4.tcp_keepalive_tme": 1, "kernel.ostype": "BSD"})
    result = node_tuning.run(host, root=str(tmp_path))
    assert [problem["key"] for problem in result["unsupported"]] == ["kernel.ostype", "net.ipv4.tcp_keepalive_tme"]
    assert list(result["sysctls"]) == [TIME]
    assert "kernel.ostype" not in node.file().read_text()
    assert [warning.split(" is left alone: ")[0] for warning in host.warnings] == [
        "kernel.ostype",
        "net.ipv4.tcp_keepalive_tme",
    ]


def test_notes_about_the_effect(node: FakeNode) -> None:
    node.write("/etc/sysctl.d/zz-late.conf", f"{TIME} = 7200\n")
    pid = node.root / "proc/self/ns/pid"
    pid.unlink()
    pid.symlink_to("pid:[4026532177]")
    notes = run(node, sysctls={TIME: 300, "vm.swappiness": 1})["notes"]
    assert any(f"/etc/sysctl.d/zz-late.conf sets {TIME} to 7200" in note for note in notes)
    assert any("belong to the whole host: vm.swappiness." in note for note in notes)


def test_a_lost_record_is_told(node: FakeNode) -> None:
    run(node)
    shutil.rmtree(node.root / RECORD)
    assert any("what was there before that run is unknown" in note for note in run(node)["notes"])
    run(node, state="absent")
    assert not node.file().exists()
    assert node.running(TIME) == "300"


def test_a_damaged_record_is_told(node: FakeNode) -> None:
    record = node.root / run(node)["record"].lstrip("/")
    record.write_text("{")
    with pytest.raises(SysctlError, match="is damaged"):
        run(node)


@pytest.mark.parametrize("path", ["sysctl.conf", "/etc/sysctl.d/keepalive", "/etc/sysctl.d/../x.conf"])
def test_bad_paths(node: FakeNode, path: str) -> None:
    with pytest.raises(SysctlError, match=r"must be absolute and end with \.conf"):
        run(node, path=path)


def test_a_directory_in_the_files_place(node: FakeNode) -> None:
    node.file().mkdir(parents=True)
    with pytest.raises(SysctlError, match=f"Can't read {PATH}: Is a directory"):
        run(node)


def test_a_link_is_followed(node: FakeNode) -> None:
    node.write("/etc/sysctl.conf", "# old\n")
    node.file().parent.mkdir()
    node.file().symlink_to("../sysctl.conf")
    run(node)
    assert node.file().is_symlink()
    assert "tcp_keepalive_time = 300" in node.file("/etc/sysctl.conf").read_text()


def test_a_refused_value_undoes_the_changes_before_it(node: FakeNode) -> None:
    original = node.snapshot()
    subject = Node(str(node.root))
    subject.kernel = RefusingKernel(str(node.root), {TIME: refusal(TIME)})
    plan = subject.plan(PATH, dict.fromkeys(KEEPALIVE, "300"))
    with pytest.raises(SysctlError, match="Invalid argument"):
        subject.apply(plan)
    assert node.snapshot() == original


def test_a_file_that_cannot_be_written_undoes_the_changes(node: FakeNode, monkeypatch: pytest.MonkeyPatch) -> None:
    original = node.snapshot()
    real = tuning.write_text

    def write_text(path: str, text: str) -> None:
        if path.endswith(".conf"):
            raise OSError(30, "Read-only file system")
        real(path, text)

    monkeypatch.setattr(tuning, "write_text", write_text)
    with pytest.raises(SysctlError, match=f"Can't write {PATH}: Read-only file system"):
        run(node)
    assert node.snapshot() == original


@pytest.mark.parametrize("key", sorted(KEEPALIVE))
def test_a_run_that_is_cut_off_can_still_be_restored(node: FakeNode, key: str) -> None:
    original = node.snapshot()
    subject = Node(str(node.root))
    subject.kernel = RefusingKernel(str(node.root), {key: KeyboardInterrupt()})
    with pytest.raises(KeyboardInterrupt):
        subject.apply(subject.plan(PATH, dict.fromkeys(KEEPALIVE, "300")))
    run(node, state="absent")
    assert node.snapshot() == original


def test_documented_options_are_the_spec() -> None:
    documented = yaml.safe_load(hivemq_node_tuning.DOCUMENTATION)["options"]
    assert documented.keys() == node_tuning.ARGUMENT_SPEC.keys()
    for name, spec in node_tuning.ARGUMENT_SPEC.items():
        assert documented[name]["type"] == spec["type"]
        assert documented[name].get("default") == spec.get("default"), name


def test_the_node_gets_nothing_but_this() -> None:
    """Ansible sends every module util that is imported anywhere, in functions too; follow those imports as it does."""
    seen: set[str] = set()
    outside: set[str] = set()
    queue = [PLUGINS / "modules/hivemq_node_tuning.py"]
    while queue:
        file = queue.pop()
        seen.add(str(file.relative_to(PLUGINS)))
        for statement in ast.walk(ast.parse(file.read_text())):
            if isinstance(statement, ast.Import):
                outside.update(alias.name.split(".")[0] for alias in statement.names)
            elif isinstance(statement, ast.ImportFrom) and not statement.level:
                outside.add(str(statement.module).split(".")[0])
            elif isinstance(statement, ast.ImportFrom):
                folder = file.parents[statement.level - 1].joinpath(*(statement.module or "").split("."))
                names = [folder / alias.name for alias in statement.names] + [folder]
                queue += [name.with_suffix(".py") for name in names if name.with_suffix(".py").exists()]
    assert seen == {
        "modules/hivemq_node_tuning.py",
        "module_utils/_task/node_tuning.py",
        "module_utils/_node/tuning.py",
        "module_utils/_node/sysctl.py",
    }
    assert outside - {"ansible"} <= sys.stdlib_module_names


def _python38() -> str | None:
    """A working Python 3.8: of pyenv's first, because its command on the PATH needn't work."""
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"
    for name in [*map(str, sorted(pyenv.glob("3.8.*/bin/python3.8"))), shutil.which("python3.8")]:
        if name and subprocess.run([name, "-c", "import json"], check=False, capture_output=True).returncode == 0:
            return name
    return None


_ON_A_NODE = """
import json, sys
sys.path.insert(0, sys.argv[1])
from ansible_collections.beekeeper.hivemq.plugins.module_utils._task import node_tuning
class Host:
    check_mode = False
    params = {name: spec["default"] for name, spec in node_tuning.ARGUMENT_SPEC.items()}
    def warn(self, warning): raise SystemExit(warning)
first = node_tuning.run(Host, root=sys.argv[2])
second = node_tuning.run(Host, root=sys.argv[2])
Host.params = dict(Host.params, state="absent")
third = node_tuning.run(Host, root=sys.argv[2])
foreign = sorted({name.split(".")[0] for name in sys.modules} & {"ansible", "kubernetes", "yaml"})
print(json.dumps([first["changed"], second["changed"], third["changed"], sys.version_info[:2], foreign]))
"""


def test_runs_on_python_3_8(node: FakeNode) -> None:
    python = _python38()
    if python is None:
        pytest.skip("no Python 3.8 on this machine")
    original = node.snapshot()
    command = [python, "-c", _ON_A_NODE, str(COLLECTIONS), str(node.root)]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == [True, False, True, [3, 8], []]
    assert node.snapshot() == original


_IN_A_NAMESPACE = """
import json, sys
sys.path.insert(0, sys.argv[1])
from ansible_collections.beekeeper.hivemq.plugins.module_utils._node.sysctl import Kernel
from ansible_collections.beekeeper.hivemq.plugins.module_utils._node.tuning import Node
def values():
    return [Kernel("/").read(key).value for key in wanted]
wanted = {"net.ipv4.tcp_keepalive_time": "300", "net.ipv4.ip_local_port_range": "2048 65000"}
node = Node(sys.argv[2])
node.kernel = Kernel("/")
found = [values()]
for goal in (wanted, wanted, {}):
    plan = node.plan("/etc/sysctl.d/x.conf", goal)
    node.apply(plan)
    found.append([plan.changed, values()])
print(json.dumps(found))
"""


def test_the_real_kernel_in_a_network_namespace_of_its_own(tmp_path: Path) -> None:
    """Also proves that such a namespace starts from the kernel's default, whatever the machine has."""
    unshare = ["unshare", "--net", "--mount"]
    if not shutil.which("unshare") or subprocess.run([*unshare, "true"], check=False, capture_output=True).returncode:
        pytest.skip("this machine doesn't let us make a network namespace")
    mount = 'mount -t proc -o rw proc /proc && exec "$@"'
    command = [
        *unshare,
        "sh",
        "-c",
        mount,
        "sh",
        sys.executable,
        "-c",
        _IN_A_NAMESPACE,
        str(COLLECTIONS),
        str(tmp_path),
    ]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    if "permission denied" in done.stderr.lower() or "read-only" in done.stderr.lower():
        pytest.skip("this machine doesn't let us set kernel parameters, even of a network namespace of our own")
    assert done.returncode == 0, done.stderr
    before, first, second, restored = json.loads(done.stdout)
    assert before[0] == "7200"
    assert first == [True, ["300", "2048 65000"]]
    assert second == [False, ["300", "2048 65000"]]
    assert restored == [True, before]
    assert Kernel("/").read("net.ipv4.ip_local_port_range").value != "2048 65000"
