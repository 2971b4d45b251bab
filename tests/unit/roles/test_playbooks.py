# Copyright: (c) 2026, the beekeeper.hivemq authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The playbooks, run by ansible-playbook against a fake API server over real HTTP."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from ..fake_api import FakeApi, fake_api

# Real runs of ansible-playbook.
pytestmark = pytest.mark.playbook

ROOT = Path(__file__).resolve().parents[3]
CRD = ("apiextensions.k8s.io/v1", "customresourcedefinitions", "", "hivemq-clusters.hivemq.com")
VARIABLES = {
    "hivemq_operator_image": "registry.example.com/operator:1",
    # Nobody makes pods here.
    "hivemq_operator_wait": False,
    "hivemq_cluster_name": "broker",
    "hivemq_cluster_spec": {"nodeCount": 2, "image": "registry.example.com/hivemq-ce:2025.5"},
    "hivemq_cluster_wait": False,
}


@dataclass(frozen=True)
class Run:
    """How a playbook ended: exit code, all that was printed, and the requests it made."""

    code: int
    output: str
    calls: int
    writes: list[str]

    def recap(self, word: str) -> int:
        """The number that the recap gives for localhost, such as `changed`."""
        line = next(line for line in self.output.splitlines() if line.startswith("localhost "))
        return int(dict(pair.split("=") for pair in line.split() if "=" in pair)[word])


@pytest.fixture
def api() -> Iterator[FakeApi]:
    with fake_api() as server:
        yield server


def play(api: FakeApi, name: str, *arguments: str, **variables: Any) -> Run:
    """Run a playbook with VARIABLES and others; None takes one away. A dry run does not count as a write."""
    chosen = {**VARIABLES, **variables}
    seen = len(api.requests)
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("K8S_AUTH_", "KUBE", "ANSIBLE_"))}
    done = subprocess.run(
        [
            str(Path(sys.executable).parent / "ansible-playbook"),
            *("--inventory", "localhost,", f"playbooks/{name}.yml", *arguments),
            *("--extra-vars", json.dumps({key: value for key, value in chosen.items() if value is not None})),
        ],
        cwd=ROOT,
        env={**kept, "ANSIBLE_NOCOLOR": "1", "K8S_AUTH_HOST": api.url, "K8S_AUTH_API_KEY": "token"},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    requests = api.requests[seen:]
    writes = [f"{item.method} {item.path}" for item in requests if item.method != "GET" and "dryRun" not in item.query]
    return Run(done.returncode, done.stdout + done.stderr, len(requests), writes)


def kinds(api: FakeApi) -> set[str]:
    return {item["kind"] for key, item in api.objects.items() if key[3] != "default"}


def test_the_life_of_an_installation(api: FakeApi) -> None:
    before = dict(api.objects)
    checked = play(api, "site", "--check", "--diff")
    assert checked.code == 0, checked.output
    assert checked.writes == []
    assert api.objects == before
    assert "+kind: Deployment" in checked.output
    assert "+kind: HiveMQCluster" in checked.output

    made = play(api, "site")
    assert made.code == 0, made.output
    assert made.recap("changed") == checked.recap("changed")
    assert {"Namespace", "CustomResourceDefinition", "ClusterRole", "Deployment", "HiveMQCluster"} <= kinds(api)
    installed = dict(api.objects)

    again = play(api, "site")
    assert again.code == 0, again.output
    assert again.recap("changed") == 0
    assert again.writes == []
    assert api.objects == installed
    # Nine objects; at most one call for each, and five more.
    assert again.calls <= 9 + 5

    refused = play(api, "uninstall", hivemq_operator_remove_crd=True)
    assert_refused(refused, "hivemq_cluster_allow_data_loss")
    everything = {"hivemq_operator_remove_crd": True, "hivemq_operator_remove_namespace": True}
    refused = operator_absent(api, **everything)
    assert_refused(refused, "hivemq/broker")
    assert api.objects == installed

    removed = operator_absent(api, **everything, hivemq_operator_allow_data_loss=True)
    assert removed.code == 0, removed.output
    assert CRD not in api.objects
    assert not {"Deployment", "ClusterRole", "ClusterRoleBinding", "ServiceAccount", "Service"} & kinds(api)


def assert_refused(run: Run, words: str) -> None:
    assert run.code != 0
    assert run.output.count("[ERROR]") == 1
    assert words in run.output
    assert "Traceback" not in run.output
    assert run.writes == []


def operator_absent(api: FakeApi, **variables: Any) -> Run:
    """Uninstall without naming a broker cluster: the operator alone is asked for."""
    return play(api, "uninstall", hivemq_cluster_name=None, **variables)


def test_narrowing_to_namespaces_removes_the_cluster_role(api: FakeApi) -> None:
    for name in ("a", "b"):
        api.put({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})
    assert play(api, "operator").code == 0
    assert "ClusterRole" in kinds(api)
    assert play(api, "operator", hivemq_operator_watch_namespaces=["a", "b"]).code == 0
    assert not {"ClusterRole", "ClusterRoleBinding"} & kinds(api)
    assert play(api, "operator", hivemq_operator_watch_namespaces=["b"]).code == 0
    assert {key[2] for key in api.objects if key[1] == "roles"} == {"b"}
