# Copyright: (c) 2026, the beekeeper.hivemq authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Check mode on an empty cluster, then the real thing from the built tarball, then once more without a change."""

from __future__ import annotations

import json
import tarfile
from pathlib import Path

import pytest

from .conftest import ROOT, run_kubectl, run_playbook

# Written by the cluster's own components all the time.
RESTLESS = ("events", "events.events.k8s.io", "leases.coordination.k8s.io", "nodes", "componentstatuses")
VARIABLES = {
    "hivemq_cluster_name": "site",
    "hivemq_cluster_namespace": "it-site",
    "hivemq_cluster_spec": {
        "nodeCount": 1,
        "image": "localhost/beekeeper/hivemq-ce",
        "hivemqVersion": "2025.5",
        "cpu": "100m",
        "cpuLimitRatio": 10,
        "memory": "384Mi",
        "ephemeralStorage": "1Gi",
        "javaOptions": "-Xmx160m -XX:+UseSerialGC -XX:MaxDirectMemorySize=64m",
    },
}
ALLOW_ALL = {
    "hivemq_operator_remove_crd": True,
    "hivemq_operator_remove_namespace": True,
    "hivemq_operator_allow_data_loss": True,
}
OBJECTS = (
    "Namespace hivemq-operator",
    "CustomResourceDefinition hivemq-clusters.hivemq.com",
    "ServiceAccount hivemq-operator/hivemq-operator",
    "ClusterRole hivemq-operator:hivemq-operator",
    "ClusterRoleBinding hivemq-operator:hivemq-operator",
    "Service hivemq-operator/hivemq-operator-metrics",
    "Deployment hivemq-operator/hivemq-operator",
    "Namespace it-site",
    "HiveMQCluster it-site/site",
)


def resource_versions() -> dict[str, str]:
    """Every object of the cluster that its own components leave alone, with its resourceVersion."""
    kinds = run_kubectl("api-resources", "--verbs=list", "--output=name").split()
    wanted = ",".join(kind for kind in kinds if kind not in RESTLESS)
    items = json.loads(run_kubectl("get", wanted, "--all-namespaces", "--output=json"))["items"]
    return {
        f"{item['kind']} {item['metadata'].get('namespace', '')}/{item['metadata']['name']}": item["metadata"][
            "resourceVersion"
        ]
        for item in items
    }


@pytest.fixture(scope="module")
def empty_cluster() -> None:
    run_kubectl("delete", "namespace", "it-site", "--ignore-not-found", "--wait")
    removed = run_playbook("playbooks/uninstall.yml", variables=ALLOW_ALL)
    assert removed.code == 0, removed.output


@pytest.fixture(scope="module")
def installed_collection() -> Path:
    """The collection as a user installs it: from the tarball that ``make build`` made."""
    path = ROOT / "build" / "installed"
    (tarball,) = (ROOT / "build" / "dist").glob("beekeeper-hivemq-*.tar.gz")
    with tarfile.open(tarball) as archive:
        assert "MANIFEST.json" in archive.getnames()
    assert (path / "ansible_collections" / "beekeeper" / "hivemq" / "MANIFEST.json").exists(), "run 'make build' first"
    return path


def test_check_mode_changes_nothing_and_shows_everything(empty_cluster: None) -> None:
    before = resource_versions()
    run = run_playbook("playbooks/site.yml", "--check", "--diff", variables=VARIABLES)
    after = resource_versions()
    assert run.code == 0, run.output
    assert "failed=0" in run.output
    assert before == after
    for name in OBJECTS:
        assert f"+++ after: {name}" in run.output, f"{name} is missing in\n{run.output}"
    assert run.changed > 0


@pytest.mark.parametrize("name", ["operator", "cluster", "node_tuning", "uninstall", "demo"])
def test_every_playbook_has_a_check_mode_on_an_empty_cluster(empty_cluster: None, name: str) -> None:
    before = resource_versions()
    variables = {**VARIABLES, **ALLOW_ALL, "hivemq_cluster_allow_data_loss": True} if name == "uninstall" else VARIABLES
    run = run_playbook(f"playbooks/{name}.yml", "--check", "--diff", variables=None if name == "demo" else variables)
    assert run.code == 0, run.output
    assert before == resource_versions()


def test_tarball_installs_and_second_run_changes_nothing(empty_cluster: None, installed_collection: Path) -> None:
    # The environment's own collections (community.docker reaches the lab's nodes) are found besides.
    env = {"ANSIBLE_COLLECTIONS_PATH": str(installed_collection)}
    first = run_playbook("beekeeper.hivemq.site", variables=VARIABLES, **env)
    assert first.code == 0, first.output
    assert first.changed > 0
    assert "Running" in run_kubectl("get", "hivemq-clusters", "site", "--namespace=it-site")

    before = resource_versions()
    second = run_playbook("beekeeper.hivemq.site", variables=VARIABLES, **env)
    assert second.code == 0, second.output
    assert second.changed == 0, second.output
    assert before == resource_versions()

    removed = run_playbook(
        "beekeeper.hivemq.uninstall",
        variables={**VARIABLES, **ALLOW_ALL, "hivemq_cluster_allow_data_loss": True},
        **env,
    )
    assert removed.code == 0, removed.output
    assert "hivemq" not in run_kubectl("get", "customresourcedefinitions", "--output=name")
    run_kubectl("delete", "namespace", "it-site", "--wait")
