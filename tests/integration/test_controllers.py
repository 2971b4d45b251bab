# Copyright: (c) 2026, the beekeeper.hivemq authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Each kind of controller on a real API server: brokers run, and a look that finds nothing to do writes nothing."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator

import pytest

from .conftest import run_kubectl, run_playbook

NAMESPACE = "it-controllers"
DEADLINE_SECONDS = 60
KINDS = {
    "cluster-stateful-set.yaml": "StatefulSet",
    "cluster-deployment.yaml": "Deployment",
    "cluster-daemon-set.yaml": "DaemonSet",
}
SPEC = {
    "nodeCount": 1,
    "image": "localhost/beekeeper/hivemq-ce",
    "hivemqVersion": "2025.5",
    "cpu": "50m",
    "cpuLimitRatio": 10,
    "memory": "384Mi",
    "ephemeralStorage": "1Gi",
    "javaOptions": "-Xmx160m -XX:+UseSerialGC -XX:MaxDirectMemorySize=64m",
    # There is no ServiceMonitor kind in the lab: that must not keep the brokers from running.
    "monitoring": {"enablePrometheus": True, "scrapeInterval": "15s"},
}


@pytest.fixture(scope="module", autouse=True)
def operator() -> Iterator[None]:
    run_kubectl("delete", "namespace", NAMESPACE, "--ignore-not-found", "--wait")
    installed = run_playbook("playbooks/operator.yml")
    assert installed.code == 0, installed.output
    yield
    run_kubectl("delete", "namespace", NAMESPACE, "--wait")


def metric(name: str) -> float:
    """The sum of one of the operator's metrics."""
    path = "/api/v1/namespaces/hivemq-operator/services/hivemq-operator-metrics:8080/proxy/metrics"
    lines = run_kubectl("get", "--raw", path).splitlines()
    return sum(float(line.rpartition(" ")[2]) for line in lines if line.startswith(f"beekeeper_operator_{name}"))


def wait_for_reconciles_after(count: float) -> None:
    end = time.monotonic() + DEADLINE_SECONDS
    while metric("reconciles_total") <= count:
        assert time.monotonic() < end, f"the operator did not look within {DEADLINE_SECONDS} s"


@pytest.mark.parametrize("template", KINDS)
def test_brokers_run_and_the_second_look_writes_nothing(template: str) -> None:
    name = KINDS[template].lower()
    variables = {
        "hivemq_cluster_name": name,
        "hivemq_cluster_namespace": NAMESPACE,
        "hivemq_cluster_spec": {**SPEC, "controllerTemplate": template},
    }
    run = run_playbook("playbooks/cluster.yml", variables=variables)
    assert run.code == 0, run.output
    children = run_kubectl("get", "statefulsets,deployments,daemonsets", "--namespace", NAMESPACE, "--output=name")
    assert f"{name}.apps/{name}" in children.split()
    if template != "cluster-daemon-set.yaml":
        budget = json.loads(run_kubectl("get", "pdb", f"hivemq-{name}", "--namespace", NAMESPACE, "--output=json"))
        assert budget["spec"]["maxUnavailable"] == 1
        assert budget["status"]["expectedPods"] == 1

    # Whatever events of the start are still on their way have been looked at when a fresh look finds nothing to write.
    looks, writes = metric("reconciles_total"), metric("writes_total")
    run_kubectl("label", "hivemq-cluster", name, "--namespace", NAMESPACE, "looked-at=again")
    wait_for_reconciles_after(looks)
    assert metric("writes_total") == writes
    run_kubectl("delete", "hivemq-cluster", name, "--namespace", NAMESPACE, "--wait")
