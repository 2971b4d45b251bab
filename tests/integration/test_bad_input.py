# Copyright: (c) 2026, the beekeeper.hivemq authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What users get wrong ends with one clear message and a next step, never with a traceback, and changes nothing."""

from __future__ import annotations

import base64
import json
from pathlib import Path

import pytest

from .conftest import KUBECONFIG, Run, run_kubectl, run_playbook

NAMESPACE = "it-bad-input"
CLUSTER = {"hivemq_cluster_name": "bad", "hivemq_cluster_namespace": NAMESPACE}
BROKER = {
    "nodeCount": 1,
    "image": "localhost/beekeeper/hivemq-ce",
    "hivemqVersion": "2025.5",
    "cpu": "100m",
    "memory": "384Mi",
}


@pytest.fixture(scope="module", autouse=True)
def operator() -> None:
    """The operator runs, and the namespace of these tests is empty."""
    run_kubectl("delete", "namespace", NAMESPACE, "--ignore-not-found", "--wait")
    installed = run_playbook("playbooks/operator.yml")
    assert installed.code == 0, installed.output


def assert_refused(run: Run, *words: str) -> None:
    assert run.code != 0, run.output
    assert "Traceback" not in run.output
    for word in words:
        assert word in run.output, run.output
    assert "failed=1" in run.output.partition("PLAY RECAP")[2], run.output


def test_unknown_role_variable() -> None:
    run = run_playbook("playbooks/cluster.yml", variables={**CLUSTER, "hivemq_cluster_wait_timout": 5})
    assert_refused(run, "hivemq_cluster_wait_timout", "did you mean hivemq_cluster_wait_timeout")


def test_unreachable_api_server(tmp_path: Path) -> None:
    config = json.loads(run_kubectl("config", "view", "--raw", "--output=json"))
    # Port 9 of loopback: nothing listens there.
    config["clusters"][0]["cluster"]["server"] = "https://127.0.0.1:9"
    path = tmp_path / "kubeconfig"
    path.write_text(json.dumps(config))
    run = run_playbook("playbooks/operator.yml", variables={"hivemq_kubeconfig": str(path)})
    assert_refused(run, "https://127.0.0.1:9")


def test_wrong_context() -> None:
    run = run_playbook("playbooks/operator.yml", variables={"hivemq_context": "no-such-context"})
    assert_refused(run, "no-such-context", "kind-beekeeper")


def test_missing_kubeconfig() -> None:
    run = run_playbook("playbooks/operator.yml", variables={"hivemq_kubeconfig": "/nonexistent/kubeconfig"})
    assert_refused(run, "/nonexistent/kubeconfig")


def test_missing_permission(tmp_path: Path) -> None:
    run_kubectl("create", "serviceaccount", "nobody", "--namespace=default")
    try:
        token = run_kubectl("create", "token", "nobody", "--namespace=default").strip()
        config = json.loads(run_kubectl("config", "view", "--raw", "--output=json"))
        config["users"][0]["user"] = {"token": token}
        path = tmp_path / "kubeconfig"
        path.write_text(json.dumps(config))
        run = run_playbook("playbooks/operator.yml", variables={"hivemq_kubeconfig": str(path)})
    finally:
        run_kubectl("delete", "serviceaccount", "nobody", "--namespace=default")
    assert_refused(run, "403", "system:serviceaccount:default:nobody")
    assert token not in run.output
    assert base64.b64encode(token.encode()).decode() not in run.output


def test_wrong_type() -> None:
    run = run_playbook(
        "playbooks/cluster.yml", variables={**CLUSTER, "hivemq_cluster_spec": {**BROKER, "nodeCount": "three"}}
    )
    assert_refused(run, "spec.nodeCount", "three")
    assert run.changed == 0
    assert f"namespace/{NAMESPACE}" not in run_kubectl("get", "namespaces", "--output=name").split()


def test_unknown_field() -> None:
    run = run_playbook("playbooks/cluster.yml", variables={**CLUSTER, "hivemq_cluster_spec": {**BROKER, "nodeCout": 3}})
    assert_refused(run, "spec.nodeCout", "nodeCount")


def test_image_that_cannot_be_pulled() -> None:
    spec = {**BROKER, "image": "localhost/beekeeper/no-such-image"}
    run = run_playbook(
        "playbooks/cluster.yml", variables={**CLUSTER, "hivemq_cluster_spec": spec, "hivemq_cluster_wait_timeout": 25}
    )
    assert_refused(run, "localhost/beekeeper/no-such-image:2025.5", "bad-0")
    assert "ImagePullBackOff" in run.output or "ErrImagePull" in run.output
    run_kubectl("delete", "namespace", NAMESPACE, "--wait")


def test_crd_guard() -> None:
    """The definition is not removed while a cluster exists, and the refusal names what would be lost."""
    run_kubectl("create", "namespace", NAMESPACE)
    resource = {
        "apiVersion": "hivemq.com/v1",
        "kind": "HiveMQCluster",
        "metadata": {"name": "precious", "namespace": NAMESPACE},
        "spec": BROKER,
    }
    run_kubectl("apply", "-f", "-", stdin=json.dumps(resource))
    try:
        run = run_playbook("playbooks/uninstall.yml", variables={"hivemq_operator_remove_crd": True})
        assert_refused(run, f"{NAMESPACE}/precious", "allow_data_loss")
        checked = run_playbook("playbooks/uninstall.yml", "--check", variables={"hivemq_operator_remove_crd": True})
        assert_refused(checked, f"{NAMESPACE}/precious")
        assert "deployment.apps/hivemq-operator" in run_kubectl("get", "deployments", "-A", "--output=name")
        assert "precious" in run_kubectl("get", "hivemq-clusters", "--namespace", NAMESPACE, "--output=name")
    finally:
        run_kubectl("delete", "namespace", NAMESPACE, "--wait")


def test_kubeconfig_is_the_labs() -> None:
    """A guard of these tests themselves: they must never talk to another cluster."""
    assert "127.0.0.1" in KUBECONFIG.read_text()
