# Copyright: (c) 2026, the beekeeper.hivemq authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A real ``ansible-playbook`` against the fake API server: check mode, the real thing, and once more."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from ..fake_api import FakeApi

# Real runs of ansible-playbook.
pytestmark = pytest.mark.playbook

ROOT = Path(__file__).resolve().parents[3]
MARKER = "planted-marker-51d0"
SECRET = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s"}, "stringData": {"password": MARKER}}
NAMESPACE = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "hivemq"}}
CONFIG = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "c"}, "data": {"a": "1"}}
APPLY = {
    "name": "Apply the set",
    "beekeeper.hivemq.hivemq_apply": {"namespace": "hivemq", "src": ["set.yaml"], "definition": [SECRET, NAMESPACE]},
    "register": "applied",
}


class Playbook:
    """Runs a playbook of tasks on localhost, with the file ``files/set.yaml`` beside it."""

    def __init__(self, api: FakeApi, directory: Path) -> None:
        self.api = api
        self.directory = directory
        (directory / "files").mkdir()
        (directory / "ansible.cfg").write_text("[defaults]\n")  # so that nobody else's counts
        (directory / "files" / "set.yaml").write_text(yaml.safe_dump(CONFIG))

    def run(self, tasks: list[dict[str, Any]], *options: str, **play: Any) -> tuple[int, str]:
        """Return code and output."""
        defaults = {"group/beekeeper.hivemq.hivemq": {"host": self.api.url}}
        content = [{"hosts": "localhost", "gather_facts": False, "module_defaults": defaults, "tasks": tasks, **play}]
        (self.directory / "play.yml").write_text(yaml.safe_dump(content, sort_keys=False))
        environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(self.directory),
            "LC_ALL": "C.UTF-8",
            "ANSIBLE_CONFIG": str(self.directory / "ansible.cfg"),
            "ANSIBLE_LOCALHOST_WARNING": "false",
            "ANSIBLE_INVENTORY_UNPARSED_WARNING": "false",
            "ANSIBLE_COLLECTIONS_PATH": str(ROOT / "build" / "collections"),
            "ANSIBLE_PYTHON_INTERPRETER": sys.executable,
            "K8S_AUTH_API_KEY": "t0ken",
        }
        done = subprocess.run(
            [sys.executable, "-m", "ansible", "playbook", "play.yml", *options],
            cwd=self.directory,
            env=environment,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        return done.returncode, done.stdout + done.stderr


@pytest.fixture
def playbook(api: FakeApi, tmp_path: Path) -> Playbook:
    return Playbook(api, tmp_path)


def test_check_then_apply_then_again(api: FakeApi, playbook: Playbook) -> None:
    before = json.dumps(list(api.objects.values()))
    code, checked = playbook.run([APPLY], "--check", "--diff")
    assert code == 0, checked
    assert "changed=1" in checked
    assert "  [localhost] ConfigMap hivemq/c would be created" in checked
    assert "+++ after: Secret hivemq/s" in checked
    assert json.dumps(list(api.objects.values())) == before
    assert [call for call in api.calls() if not call.startswith("GET") and "?dryRun" not in call] == []

    code, applied = playbook.run([APPLY], "-vvv", "--diff")
    assert code == 0, applied
    assert "changed=1" in applied
    assert api.find("ConfigMap", "c", "hivemq")
    api.requests.clear()

    code, again = playbook.run([APPLY], "-v", "--diff")
    assert code == 0, again
    assert "changed=0" in again
    assert "3 unchanged" in again
    assert {seen.method for seen in api.requests} == {"GET"}
    assert len(api.requests) == 3
    encoded = (api.find("Secret", "s", "hivemq") or {})["data"]["password"]
    for output in (checked, applied, again):
        assert MARKER not in output
        assert encoded not in output


def test_as_a_module_it_does_the_same(api: FakeApi, playbook: Playbook) -> None:
    forced = {"beekeeper_hivemq_in_process": "false"}
    # The module looks at the environment of where it runs; the task's keyword reaches both ways.
    code, applied = playbook.run([APPLY], "-vvv", vars=forced, environment={"K8S_AUTH_API_KEY": "t0ken"})
    assert code == 0, applied
    assert "AnsiballZ_hivemq_apply.py" in applied
    assert "changed=1" in applied
    assert api.find("ConfigMap", "c", "hivemq")  # of the file, which only the control node has
    assert MARKER not in applied
    code, again = playbook.run([APPLY], vars=forced)
    assert (code, "changed=0" in again) == (0, True), again


def test_the_environment_keyword_reaches_the_process(api: FakeApi, playbook: Playbook) -> None:
    code, output = playbook.run([APPLY], environment={"K8S_AUTH_API_KEY": "of-the-play"})
    assert code == 0, output
    assert {seen.headers["authorization"] for seen in api.requests} == {"Bearer of-the-play"}


def test_failures_are_one_message(api: FakeApi, playbook: Playbook) -> None:
    forbidden = {"kind": "Status", "reason": "Forbidden", "message": 'User "joe" cannot patch resource "configmaps"'}
    api.fail("PATCH", "/configmaps/", 403, forbidden, times=9)
    info = "beekeeper.hivemq.hivemq_cluster_info"
    tasks: list[dict[str, Any]] = [
        {**APPLY, "ignore_errors": True},
        {info: {"contxt": "x"}, "ignore_errors": True},
        {info: {"host": "http://127.0.0.1:9"}, "ignore_errors": True},
        {info: {"host": "", "kubeconfig": "/nonexistent/config"}, "ignore_errors": True},
        {"beekeeper.hivemq.hivemq_cluster": {"name": "x", "spec": {"nodeCount": "two"}}},
    ]
    code, output = playbook.run(tasks)
    assert code == 2
    for words in (
        "Not allowed (403) to patch ConfigMap hivemq/c",
        "kubectl create role beekeeper-patch --verb=create,patch --resource=configmaps -n hivemq",
        "has no option 'contxt' (did you mean 'context'?)",
        "The API server http://127.0.0.1:9 can't be reached",
        "There is no kubeconfig at /nonexistent/config",
        "spec.nodeCount",
    ):
        assert words in output
    assert "Traceback" not in output
