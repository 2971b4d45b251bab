# Copyright: (c) 2026, the beekeeper.hivemq authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The filters do what their documentation says; docs/offline.md is run as it stands."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible.errors import AnsibleFilterError
from ansible_collections.beekeeper.hivemq.plugins.filter.hivemq_change import FilterModule as ChangeModule
from ansible_collections.beekeeper.hivemq.plugins.filter.hivemq_change import hivemq_change
from ansible_collections.beekeeper.hivemq.plugins.filter.hivemq_objects import FilterModule as ObjectsModule
from ansible_collections.beekeeper.hivemq.plugins.filter.hivemq_objects import hivemq_objects
from ansible_collections.beekeeper.hivemq.plugins.filter.hivemq_violations import FilterModule as ViolationsModule
from ansible_collections.beekeeper.hivemq.plugins.filter.hivemq_violations import hivemq_violations
from ansible_collections.beekeeper.hivemq.plugins.module_utils._hivemq.change import change
from ansible_collections.beekeeper.hivemq.plugins.module_utils._hivemq.objects import objects
from ansible_collections.beekeeper.hivemq.plugins.module_utils._hivemq.spec import parse

ROOT = Path(__file__).resolve().parents[4]
FILTERS = ROOT / "plugins" / "filter"
PAGE = ROOT / "docs" / "offline.md"


def cluster(name: str = "plant", **spec: Any) -> dict[str, Any]:
    return {"apiVersion": "hivemq.com/v1", "kind": "HiveMQCluster", "metadata": {"name": name}, "spec": spec}


class Lazy(Mapping[str, Any]):
    """A mapping that is no dict, as templated data may be."""

    def __init__(self, content: dict[str, Any]) -> None:
        self.content = content

    def __getitem__(self, key: str) -> Any:
        value = self.content[key]
        return Lazy(value) if isinstance(value, dict) else value

    def __iter__(self) -> Any:
        return iter(self.content)

    def __len__(self) -> int:
        return len(self.content)


def test_objects_are_those_of_the_operator() -> None:
    assert hivemq_objects(cluster(cpu=1)) == objects(parse(cluster(cpu=1)))
    made = hivemq_objects(Lazy(cluster(podLabels={"a": "b"}, ports=({"name": "mqtt", "port": 1},))))
    assert made[-1]["spec"]["template"]["metadata"]["labels"]["a"] == "b"
    # Plain data all the way down, which every serialiser takes.
    assert yaml.safe_load(yaml.safe_dump(made)) == made


def test_violations_have_exactly_these_keys() -> None:
    found = hivemq_violations(cluster(nodeCount="3"))
    assert found == [
        {
            "rule": "type", "path": "spec.nodeCount", "problem": "is '3', must be an integer", "why": "",
            "remedy": "remove the quotes: 3", "severity": "error",
        }
    ]  # fmt: skip
    assert hivemq_violations(cluster()) == []
    assert [item["path"] for item in hivemq_violations({**cluster(), "apiVersion": "v2"})] == ["apiVersion"]


def test_change_is_that_of_the_core() -> None:
    before, after = cluster(memory="4Gi"), cluster(memory="8Gi")
    assert hivemq_change(before, after) == change(before, after).as_dict()
    assert hivemq_change(Lazy(before), Lazy(after))["effect"] == "rolling"


def test_change_to_an_unsound_resource_is_an_answer_and_no_error() -> None:
    assert hivemq_change(cluster(), cluster(cpu="x"))["effect"] == "refused"


CALLS = {
    "hivemq_objects": hivemq_objects,
    "hivemq_violations": hivemq_violations,
    "hivemq_change": lambda value: hivemq_change(value, cluster()),
}


@pytest.mark.parametrize("name", CALLS)
@pytest.mark.parametrize(
    ("value", "words"),
    [
        (None, "the input must be a HiveMQCluster, but is empty"),
        ("kind: HiveMQCluster", "the input must be a HiveMQCluster, but is text; turn it into data with from_yaml"),
        ([cluster()], "the input must be a HiveMQCluster, but is a list; use map"),
        (7, "the input must be a HiveMQCluster, but is int"),
        ({}, "the input must be a HiveMQCluster, but has no kind"),
        ({"kind": "Service"}, "the input must be a HiveMQCluster, but is a Service"),
        ({"kind": ["x"]}, "the input must be a HiveMQCluster, but has no kind"),
    ],
)
def test_anything_else_is_refused_in_one_sentence(name: str, value: Any, words: str) -> None:
    with pytest.raises(AnsibleFilterError) as caught:
        CALLS[name](value)
    assert str(caught.value).startswith(f"beekeeper.hivemq.{name}: {words}")
    assert "\n" not in str(caught.value)


def test_the_second_resource_is_named() -> None:
    with pytest.raises(AnsibleFilterError, match="the argument after must be a HiveMQCluster, but is a Pod"):
        hivemq_change(cluster(), {"kind": "Pod"})


def test_objects_of_an_unsound_resource_are_refused_with_all_that_is_wrong() -> None:
    with pytest.raises(AnsibleFilterError) as caught:
        hivemq_objects(cluster(nodeCount="3", memroy=1))
    text = str(caught.value)
    assert "isn't sound, 2 problems:\n  - spec.nodeCount: is '3'" in text
    assert "did you mean `memory`" in text.lower()


def test_two_clusters_are_refused() -> None:
    with pytest.raises(AnsibleFilterError, match="default/plant and default/other are different clusters"):
        hivemq_change(cluster(), cluster("other"))


def test_each_filter_is_documented_and_returns_what_it_says() -> None:
    modules: dict[str, Any] = {
        "hivemq_change": ChangeModule,
        "hivemq_objects": ObjectsModule,
        "hivemq_violations": ViolationsModule,
    }
    assert {path.stem for path in FILTERS.glob("*.py")} == {path.stem for path in FILTERS.glob("*.yml")} == set(modules)
    for name, module in modules.items():
        assert list(module().filters()) == [name]
        documents = yaml.safe_load((FILTERS / f"{name}.yml").read_text())
        assert documents["DOCUMENTATION"]["name"] == name
    returned = yaml.safe_load((FILTERS / "hivemq_change.yml").read_text())["RETURN"]["_value"]["contains"]
    found = hivemq_change(cluster(memory="4Gi"), cluster(memory="8Gi"))
    assert_documented(returned, found)
    (violation,) = hivemq_violations(cluster(nodeCount="3"))
    contains = yaml.safe_load((FILTERS / "hivemq_violations.yml").read_text())["RETURN"]["_value"]["contains"]
    assert list(contains) == list(violation)


def assert_documented(documents: dict[str, Any], value: dict[str, Any]) -> None:
    """The keys of `value` are those of the documentation, at all levels, and samples are what really comes out."""
    assert list(documents) == list(value)
    for key, document in documents.items():
        if "contains" in document:
            inner = value[key][0] if isinstance(value[key], list) else value[key]
            assert_documented(document["contains"], inner)
        elif key in ("effect", "summary", "cost", "restarts", "reconnects_per_client", "clients_moved"):
            assert document["sample"] == value[key], key


# -- the page -------------------------------------------------------------------------------------------------------


def files_of_the_page() -> dict[str, str]:
    return dict(re.findall(r"^`([\w.-]+)`:\n\n```yaml\n(.*?)^```", PAGE.read_text(), re.DOTALL | re.MULTILINE))


def sessions_of_the_page() -> list[tuple[str, list[str]]]:
    """Each command with the lines of its output that are shown."""
    found: list[tuple[str, list[str]]] = []
    for block in re.findall(r"^```console\n(.*?)^```", PAGE.read_text(), re.DOTALL | re.MULTILINE):
        for line in block.splitlines():
            if line.startswith("$ "):
                found.append((line[2:], []))
            else:
                found[-1][1].append(line)
    return found


@pytest.fixture
def shell(tmp_path: Path) -> dict[str, str]:
    (tmp_path / "bin").mkdir()
    program = tmp_path / "bin" / "ansible-playbook"
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m ansible playbook "$@"\n')
    program.chmod(0o755)
    (tmp_path / "ansible.cfg").write_text("[defaults]\n")  # so that nobody else's counts
    return {
        "PATH": f"{tmp_path / 'bin'}:{os.environ['PATH']}",
        "HOME": str(tmp_path),
        "LC_ALL": "C.UTF-8",
        "ANSIBLE_CONFIG": str(tmp_path / "ansible.cfg"),
        "ANSIBLE_COLLECTIONS_PATH": str(ROOT / "build" / "collections"),
        "ANSIBLE_LOCALHOST_WARNING": "false",
        "ANSIBLE_INVENTORY_UNPARSED_WARNING": "false",
        **{f"GIT_{who}_{what}": "a@example.com" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")},
    }


@pytest.mark.playbook
def test_the_page_is_true(tmp_path: Path, shell: dict[str, str]) -> None:
    """Every file is written, every command run in order, and every line of output shown is in what came out."""
    folder = tmp_path / "work"
    folder.mkdir()
    files, sessions = files_of_the_page(), sessions_of_the_page()
    assert set(files) == {"plant.yaml", "bad.yaml", "render.yml", "lint.yml", "compare.yml"}
    assert len(sessions) == 11
    for name, content in files.items():
        (folder / name).write_text(content)
    for command, expected in sessions:
        done = subprocess.run(
            ["bash", "-c", command], cwd=folder, env=shell, capture_output=True, text=True, timeout=120, check=False
        )
        output = done.stdout + done.stderr
        assert done.returncode == 0, f"{command}\n{output}"
        assert "WARNING" not in output, output
        assert "DEPRECATION" not in output, output
        for line in expected:
            assert line in output.splitlines(), f"{command}\n{line}\n{output}"


@pytest.mark.playbook
def test_bad_input_ends_a_play_with_one_clear_message(tmp_path: Path, shell: dict[str, str]) -> None:
    task = {"ansible.builtin.debug": {"msg": "{{ {'kind': 'Pod'} | beekeeper.hivemq.hivemq_objects }}"}}
    play = [{"hosts": "localhost", "gather_facts": False, "tasks": [task]}]
    (tmp_path / "play.yml").write_text(yaml.safe_dump(play))
    done = subprocess.run(
        ["ansible-playbook", "play.yml"],
        cwd=tmp_path,
        env=shell,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    output = done.stdout + done.stderr
    assert done.returncode == 2
    assert "the input must be a HiveMQCluster, but is a Pod" in output
    assert "Traceback" not in output
