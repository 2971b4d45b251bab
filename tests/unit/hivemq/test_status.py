# Copyright: (c) 2026, the beekeeper.hivemq authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The status: what a person reads, and what scripts wait for."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import pytest
from ansible_collections.beekeeper.hivemq.plugins.module_utils._hivemq.crd import resource_schema
from ansible_collections.beekeeper.hivemq.plugins.module_utils._hivemq.objects import objects
from ansible_collections.beekeeper.hivemq.plugins.module_utils._hivemq.spec import parse
from ansible_collections.beekeeper.hivemq.plugins.module_utils._hivemq.status import Observed, status
from ansible_collections.beekeeper.hivemq.plugins.module_utils._hivemq.structure import structural_problems
from ansible_collections.beekeeper.hivemq.plugins.module_utils._hivemq.validate import errors, validate

Make = Callable[..., dict[str, Any]]
Status = dict[str, Any]

T1, T2, T3 = "2026-01-01T00:00:00Z", "2026-01-01T00:01:00Z", "2026-01-01T00:02:00Z"


class Cluster:
    """A cluster that lives: its resource keeps the status, the tests change what is observed."""

    def __init__(self, resource: dict[str, Any]) -> None:
        self.resource = resource
        count = resource["spec"].get("nodeCount", 3)
        made = objects(parse(resource))
        self.services = [copy.deepcopy(item) for item in made if item["kind"] == "Service"]
        self.controller: dict[str, Any] | None = copy.deepcopy(made[-1])
        self.controller["metadata"]["generation"] = 1
        self.failure: str | None = None
        self.pods: list[dict[str, Any]] = []
        self.settle(count)

    def settle(self, count: int) -> None:
        """As many brokers as asked for, all ready and up to date."""
        self.pods = [pod(number) for number in range(count)]
        assert self.controller is not None
        self.controller["spec"]["replicas"] = count
        self.counts(count, count, count)

    def counts(self, existing: int, ready: int, updated: int, *, rolling: bool = False) -> None:
        assert self.controller is not None
        self.controller["status"] = {
            "observedGeneration": self.controller["metadata"]["generation"],
            "replicas": existing,
            "readyReplicas": ready,
            "updatedReplicas": updated,
            "currentRevision": "hive-1",
            "updateRevision": "hive-2" if rolling else "hive-1",
        }

    def look(self, now: str = T1) -> Status:
        """Computes the status, and stores it as the operator does."""
        violations = validate(self.resource)
        cluster = None if errors(violations) else parse(self.resource)
        observed = Observed(self.controller, self.services, self.pods, self.failure)
        before = copy.deepcopy(self.resource)
        found = status(cluster, self.resource, observed, violations, now)
        assert self.resource == before, "the input stays as it was"
        assert structural_problems(resource_schema()["properties"]["status"], found, "status") == []
        self.resource["status"] = found
        again = status(cluster, self.resource, observed, violations, "2030-12-31T23:59:59Z")
        assert again == found, "looking again, later, changes nothing"
        return found


def pod(number: int, *, ready: bool = True, **status: Any) -> dict[str, Any]:
    conditions = [
        {"type": "PodScheduled", "status": "True"},
        {"type": "Ready", "status": "True" if ready else "False"},
    ]
    return {
        "metadata": {"name": f"hive-{number}"},
        "spec": {"containers": [{"name": "hivemq", "image": "img:1"}], "initContainers": []},
        "status": {"phase": "Running", "conditions": conditions, **status},
    }


def container(state: dict[str, Any], *, name: str = "hivemq", **more: Any) -> dict[str, Any]:
    return {"containerStatuses": [{"name": name, "image": "img:1", "ready": False, "state": state, **more}]}


def waiting(reason: str, message: str = "") -> dict[str, Any]:
    return container({"waiting": {"reason": reason, "message": message}})


CRASHED = container(
    {"waiting": {"reason": "CrashLoopBackOff", "message": "back-off 40s restarting failed container"}},
    restartCount=3,
    lastState={"terminated": {"exitCode": 137, "reason": "OOMKilled"}},
)
UNSCHEDULABLE = {
    "phase": "Pending",
    "conditions": [{"type": "PodScheduled", "status": "False", "message": "0/3 nodes are available: no cpu."}],
}


@pytest.fixture
def cluster(resource: Make) -> Cluster:
    return Cluster(resource())


@pytest.fixture
def running(cluster: Cluster) -> Cluster:
    assert cluster.look()["state"] == "Running"
    return cluster


def condition(found: Status, kind: str) -> dict[str, Any]:
    (item,) = [item for item in found["conditions"] if item["type"] == kind]
    return item  # type: ignore[no-any-return]


def test_running(cluster: Cluster) -> None:
    found = cluster.look()
    assert (found["state"], found["message"]) == ("Running", "All 3 brokers ready")
    assert found["observedGeneration"] == 4
    assert (found["scale"], found["selector"]) == (3, "app=hivemq,hivemq-cluster=hive")
    assert found["nodes"] == {"desired": 3, "current": 3, "ready": 3, "updated": 3}
    assert {item["type"]: item["status"] for item in found["conditions"]} == {
        "Accepted": "True",
        "Created": "True",
        "AllNodesReady": "True",
        "AllServicesReady": "True",
        "Ready": "True",
    }
    assert all(item["observedGeneration"] == 4 and item["lastTransitionTime"] == T1 for item in found["conditions"])
    assert "previousState" not in found


def test_creating(cluster: Cluster) -> None:
    cluster.counts(3, 2, 3)
    cluster.pods[1] = pod(1, ready=False, phase="Pending")
    found = cluster.look()
    assert found["state"] == "Creating"
    assert found["message"] == "2 of 3 brokers ready: hive-1: is starting"
    assert condition(found, "Ready")["reason"] == "Creating"


def test_before_there_is_a_controller(cluster: Cluster) -> None:
    cluster.controller, cluster.services, cluster.pods = None, [], []
    found = cluster.look()
    assert (found["state"], found["scale"], found["nodes"]["desired"]) == ("Creating", 0, 3)
    assert condition(found, "AllServicesReady")["message"].startswith("Service hivemq-hive-mqtt does not exist")


@pytest.mark.parametrize(
    ("trouble", "state", "said"),
    [
        (waiting("ErrImagePull", "rpc error"), "Failed", "hive-0: ImagePullBackOff (image img:1 can't be pulled)"),
        (waiting("ImagePullBackOff", "Back-off"), "Failed", "hive-0: ImagePullBackOff (image img:1 can't be pulled)"),
        (waiting("CreateContainerConfigError", 'secret "s" not found'), "Failed", 'secret "s" not found'),
        (CRASHED, "Failed", "hive-0: CrashLoopBackOff (OOMKilled, exit code 137, restarted 3 times)"),
        (container({"terminated": {"exitCode": 1, "reason": "Error"}}), "Failed", "hive-0: failed (exit code 1)"),
        (UNSCHEDULABLE, "Pending", "hive-0: no node takes it (0/3 nodes are available: no cpu.)"),
        (waiting("ContainerCreating"), "Creating", "hive-0: is not ready yet"),
        ({"phase": "Failed", "reason": "Evicted", "message": "disk"}, "Failed", "hive-0: Evicted (disk)"),
    ],
)
def test_trouble_while_creating(cluster: Cluster, trouble: dict[str, Any], state: str, said: str) -> None:
    cluster.counts(1, 0, 1)
    cluster.pods = [pod(0, ready=False, **trouble)]
    found = cluster.look()
    assert found["state"] == state
    assert said in found["message"]
    assert found["message"].startswith("0 of 3 brokers ready")


def test_trouble_of_an_init_container_names_it(cluster: Cluster) -> None:
    cluster.counts(1, 0, 1)
    failed = {"name": "extensions", "ready": False, "restartCount": 1, "state": {"terminated": {"exitCode": 1}}}
    cluster.pods = [pod(0, ready=False, phase="Pending", initContainerStatuses=[failed], **waiting("PodInitializing"))]
    assert "container extensions: exit code 1, restarted 1 time" in cluster.look()["message"]


def test_an_old_crash_does_not_explain_a_broker_that_runs(running: Cluster) -> None:
    running.counts(3, 2, 3)
    long_ago: dict[str, Any] = {"restartCount": 1, "lastState": {"terminated": {"exitCode": 1}}, "started": True}
    running.pods[0] = pod(0, ready=False, **container({"running": {}}, **long_ago))
    assert running.look()["message"] == "2 of 3 brokers ready: hive-0: is not ready yet"


def test_pods_with_the_same_trouble_share_an_entry(resource: Make) -> None:
    cluster = Cluster(resource(nodeCount=12))
    cluster.counts(12, 0, 12)
    cluster.pods = [pod(number, ready=False, **waiting("ErrImagePull")) for number in range(11, 1, -1)]
    cluster.pods += [pod(0, ready=False, phase="Pending"), pod(1, ready=False, **CRASHED)]
    assert cluster.look()["message"] == (
        "0 of 12 brokers ready: hive-1: CrashLoopBackOff (OOMKilled, exit code 137, restarted 3 times); "
        "hive-2, hive-3, hive-4 and 7 more: ImagePullBackOff (image img:1 can't be pulled); hive-0: is starting"
    )


def test_a_broker_that_fails_later_makes_a_degraded_cluster(running: Cluster) -> None:
    running.counts(3, 2, 3)
    running.pods[2] = pod(2, ready=False, **CRASHED)
    found = running.look(T2)
    assert (found["state"], found["previousState"]) == ("Degraded", "Running")
    assert condition(found, "Ready")["lastTransitionTime"] == T2
    assert condition(found, "Accepted")["lastTransitionTime"] == T1
    assert condition(found, "Created")["status"] == "True"
    running.settle(3)
    found = running.look(T3)
    assert (found["state"], found["previousState"]) == ("Running", "Degraded")
    assert condition(found, "Ready")["lastTransitionTime"] == T3


def test_a_deleted_pod_is_no_scaling(running: Cluster) -> None:
    running.counts(2, 2, 2)
    running.pods.pop()
    found = running.look()
    assert (found["state"], found["message"]) == ("Degraded", "2 of 3 brokers ready")


def test_rolling_update(running: Cluster) -> None:
    assert running.controller is not None
    running.resource["metadata"]["generation"] = 5
    running.controller["metadata"]["generation"] = 2  # applied, not yet seen by the StatefulSet's controller
    found = running.look()
    assert (found["state"], found["observedGeneration"]) == ("Updating", 5)
    assert found["message"] == "The change is being taken over, 3 of 3 brokers ready"
    assert condition(found, "Ready")["status"] == "False"
    running.counts(3, 2, 1, rolling=True)
    running.pods[2] = pod(2, ready=False, phase="Pending")
    found = running.look()
    assert found["state"] == "Updating"
    assert found["message"] == "1 of 3 brokers updated, 2 of 3 brokers ready: hive-2: is starting"
    running.counts(3, 2, 3)  # the last one exists and counts as updated, but is not ready
    assert running.look()["state"] == "Updating"
    running.settle(3)
    assert running.look()["state"] == "Running"


def test_an_update_that_is_stuck_is_degraded(running: Cluster) -> None:
    running.counts(3, 2, 1, rolling=True)
    running.pods[2] = pod(2, ready=False, **waiting("ErrImagePull"))
    found = running.look()
    assert found["state"] == "Degraded"
    assert found["message"] == (
        "1 of 3 brokers updated, 2 of 3 brokers ready: hive-2: ImagePullBackOff (image img:1 can't be pulled)"
    )


@pytest.mark.parametrize(("to", "existing", "ready"), [(5, 4, 3), (2, 3, 3)])
def test_scaling(running: Cluster, to: int, existing: int, ready: int) -> None:
    assert running.controller is not None
    running.resource["spec"]["nodeCount"] = to
    running.controller["spec"]["replicas"] = to
    running.counts(existing, ready, existing)
    found = running.look()
    assert found["state"] == "Updating"
    assert found["message"].startswith(f"Scaling from {existing} to {to} brokers, {ready} of {to} brokers ready")
    assert (found["scale"], found["nodes"]["desired"]) == (existing, to)
    # All are there, the newest is starting: still the same change.
    running.counts(to, to - 1, to)
    assert running.look()["state"] == "Updating"
    running.settle(to)
    assert running.look()["message"] == f"All {to} brokers ready"


def test_a_broker_on_its_way_out_is_no_fault(running: Cluster) -> None:
    """Seen after a scale-down: the StatefulSet counts a broker that stops as ready, and no longer as existing."""
    assert running.controller is not None
    running.resource["spec"]["nodeCount"] = running.controller["spec"]["replicas"] = 2
    running.resource["status"] = {**running.look(), "state": "Running"}
    running.counts(2, 3, 2)
    found = running.look()
    assert (found["state"], found["nodes"]["desired"]) == ("Updating", 2)
    assert found["message"].startswith("Scaling from 3 to 2 brokers")
    running.settle(2)
    assert running.look()["state"] == "Running"


def test_somebody_else_scaled_the_controller(running: Cluster) -> None:
    assert running.controller is not None
    running.controller["spec"]["replicas"] = 1
    found = running.look()
    assert found["state"] == "Updating"
    assert condition(found, "Ready")["status"] == "False"


def test_a_refused_change_leaves_the_brokers_alone_and_says_so(running: Cluster) -> None:
    running.resource["metadata"]["generation"] = 5
    running.resource["spec"]["cpu"] = "four"
    running.resource["spec"]["memory"] = "x"
    found = running.look(T2)
    assert found["state"] == "Failed"
    assert found["message"].startswith("The spec is refused: spec.cpu: 'four' is not a quantity.")
    assert "(and 1 more)" in found["message"]
    assert found["message"].endswith("The brokers keep running as they were (3 of 3 brokers ready).")
    assert (found["scale"], found["observedGeneration"]) == (3, 5)
    accepted = condition(found, "Accepted")
    assert (accepted["status"], accepted["reason"]) == ("False", "SpecRefused")
    assert "spec.memory" in accepted["message"]
    assert condition(found, "Created")["status"] == "True"
    running.resource["spec"]["cpu"], running.resource["spec"]["memory"] = "4", "8Gi"
    assert running.look(T3)["state"] == "Running"


def test_a_failure_of_the_operator(cluster: Cluster) -> None:
    cluster.controller, cluster.pods, cluster.failure = None, [], "The API server forbids it"
    found = cluster.look()
    assert found["state"] == "Failed"
    assert found["message"].startswith("The API server forbids it")
    assert condition(found, "Ready")["status"] == "False"


def test_a_failure_of_the_operator_under_a_running_cluster(running: Cluster) -> None:
    running.failure = "quota exceeded"
    found = running.look()
    assert (found["state"], found["message"]) == ("Degraded", "quota exceeded (3 of 3 brokers ready)")


def test_deleting(running: Cluster) -> None:
    running.resource["metadata"]["deletionTimestamp"] = T2
    found = running.look()
    assert (found["state"], found["message"]) == ("Deleting", "Being deleted, 3 brokers left")


def load_balancer(cluster: Cluster, *ingress: dict[str, str]) -> None:
    cluster.services[0]["spec"]["type"] = "LoadBalancer"
    cluster.services[0]["status"] = {"loadBalancer": {"ingress": list(ingress)} if ingress else {}}


def test_load_balancer(cluster: Cluster) -> None:
    load_balancer(cluster)
    found = cluster.look()
    assert found["state"] == "Creating"
    assert "Service hivemq-hive-mqtt waits for the address of its load balancer" in found["message"]
    assert "portStatus" not in found
    load_balancer(cluster, {"ip": "172.18.255.200"}, {"hostname": "lb.example.com"})
    found = cluster.look()
    assert found["state"] == "Running"
    assert found["portStatus"] == [
        {"name": "mqtt", "port": 1883, "address": "172.18.255.200"},
        {"name": "mqtt", "port": 1883, "address": "lb.example.com"},
    ]


def test_a_missing_service(running: Cluster) -> None:
    running.services.pop(0)
    found = running.look()
    assert (found["state"], found["message"]) == (
        "Degraded",
        "3 of 3 brokers ready; Service hivemq-hive-mqtt does not exist",
    )
    assert condition(found, "AllServicesReady")["status"] == "False"


def test_warnings_and_extensions(resource: Make) -> None:
    cluster = Cluster(
        resource(nodeCount=1, extensions=[{"name": "x", "enabled": False, "extensionUri": "preinstalled"}])
    )
    cluster.resource["spec"]["clusterReplicaCount"] = 2
    found = cluster.look()
    assert found["message"] == "1 broker ready"
    (warning,) = found["warnings"]
    assert warning.startswith("spec.clusterReplicaCount: is 2, with 1 brokers")
    assert found["extensionState"] == [{"name": "x", "enabled": False, "extensionUri": "preinstalled"}]
    # A change on its way is not applied to all brokers yet.
    cluster.resource["spec"]["extensions"][0]["enabled"] = True
    cluster.counts(1, 0, 0, rolling=True)
    assert cluster.look()["extensionState"] == [{"name": "x", "enabled": False, "extensionUri": "preinstalled"}]
    cluster.settle(1)
    assert cluster.look()["extensionState"][0]["enabled"] is True


def test_messages_are_bounded(cluster: Cluster) -> None:
    cluster.failure = "x" * 5000
    assert len(cluster.look()["message"]) <= 1000


class OtherCluster(Cluster):
    """A cluster whose brokers a Deployment or a DaemonSet keeps."""

    def counts(self, existing: int, ready: int, updated: int, *, rolling: bool = False) -> None:
        assert self.controller is not None
        seen = {"observedGeneration": self.controller["metadata"]["generation"]}
        if self.controller["kind"] == "Deployment":
            counts = {"replicas": existing, "readyReplicas": ready, "updatedReplicas": updated}
        else:
            self.controller["spec"].pop("replicas", None)
            names = ("desiredNumberScheduled", "currentNumberScheduled", "numberReady", "updatedNumberScheduled")
            counts = dict(zip(names, (existing, existing, ready, updated), strict=True))
        self.controller["status"] = seen | {name: count for name, count in counts.items() if count}


def test_a_deployment_while_it_is_updated(resource: Make) -> None:
    cluster = OtherCluster(resource(controllerTemplate="cluster-deployment.yaml"))
    assert cluster.look()["message"] == "All 3 brokers ready"
    cluster.counts(4, 3, 1)
    found = cluster.look()
    assert found["state"] == "Updating"
    assert found["message"].startswith("1 of 3 brokers updated, 3 of 3 brokers ready")
    cluster.counts(4, 4, 3)
    assert cluster.look()["state"] == "Updating"
    cluster.counts(3, 3, 3)
    assert cluster.look()["state"] == "Running"
    cluster.counts(3, 2, 3)
    assert cluster.look()["state"] == "Degraded"


def test_a_daemon_set_has_as_many_brokers_as_nodes_take_one(resource: Make) -> None:
    cluster = OtherCluster(resource(controllerTemplate="cluster-daemon-set.yaml"))
    assert cluster.look()["nodes"] == {"desired": 3, "current": 3, "ready": 3, "updated": 3}
    cluster.counts(5, 5, 4)
    found = cluster.look()
    assert (found["state"], found["nodes"]["desired"]) == ("Updating", 5)
    cluster.counts(0, 0, 0)
    found = cluster.look()
    assert (found["state"], found["message"][:26]) == ("Degraded", "No node takes a broker: lo")


def test_no_node_for_a_new_daemon_set(resource: Make) -> None:
    cluster = OtherCluster(resource(controllerTemplate="cluster-daemon-set.yaml"))
    cluster.counts(0, 0, 0)
    cluster.pods = []
    assert cluster.look()["state"] == "Pending"


def test_notices_come_before_the_warnings_of_the_spec(resource: Make) -> None:
    given = resource(nodeCount=1, clusterReplicaCount=2)
    observed = Observed(None, [], [], None, ("No ServiceMonitor",))
    found = status(parse(given), given, observed, validate(given), T1)
    assert found["warnings"][0] == "No ServiceMonitor"
    assert len(found["warnings"]) == 2
