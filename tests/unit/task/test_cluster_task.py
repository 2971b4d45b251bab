# Copyright: (c) 2026, the beekeeper.hivemq authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""hivemq_cluster and hivemq_cluster_info as tasks, with an operator played by hand and a clock turned by hand."""

from __future__ import annotations

import functools
import json
from typing import Any

import pytest
import yaml
from ansible_collections.beekeeper.hivemq.plugins.filter.hivemq_change import hivemq_change
from ansible_collections.beekeeper.hivemq.plugins.module_utils._hivemq.crd import crd
from ansible_collections.beekeeper.hivemq.plugins.module_utils._task import cluster, cluster_info
from ansible_collections.beekeeper.hivemq.plugins.modules.hivemq_cluster import RETURN

from ..fake_api import FakeApi
from ..fake_clock import FakeClock
from .fake_host import FakeHost, run

SPEC = {"nodeCount": 2, "image": "localhost/beekeeper/hivemq-ce", "hivemqVersion": "2025.5", "clusterReplicaCount": 1}
LABELS = {"app": "hivemq", "hivemq-cluster": "plant"}


@pytest.fixture
def installed(api: FakeApi) -> FakeApi:
    """With the CRD and the namespace."""
    api.put(crd())
    api.put({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "hivemq"}})
    return api


def task(api: FakeApi, clock: FakeClock, **options: Any) -> FakeHost:
    how = functools.partial(cluster.run, clock=clock, make_waker=lambda client, scopes: clock)
    return run(cluster, how=how, host=api.url, api_key="x", name="plant", namespace="hivemq", **options)


def operator_says(api: FakeApi, state: str, ready: bool = False, message: str = "words", generation: int = 1) -> None:
    live = api.find("HiveMQCluster", "plant", "hivemq")
    assert live is not None
    condition = {"type": "Ready", "status": "True" if ready else "False", "observedGeneration": generation}
    ports = [{"name": "mqtt", "port": 1883, "address": "10.0.0.9"}, {"name": "cc", "port": 8080}]
    live["status"] = {
        "state": state,
        "message": message,
        "observedGeneration": generation,
        "conditions": [condition],
        "portStatus": ports if ready else [],
        "nodes": {"ready": 2 if ready else 0},
    }
    api.put(live)


def pod(name: str, phase: str = "ContainerCreating", **metadata: Any) -> dict[str, Any]:
    ready = {"conditions": [{"type": "Ready", "status": "True"}]}
    waiting = {"containerStatuses": [{"name": "hivemq", "restartCount": 0, "state": {"waiting": {"reason": phase}}}]}
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "namespace": "hivemq", "labels": LABELS, **metadata},
        "status": ready if phase == "Ready" else waiting,
    }


def event(reason: str, kind: str = "Normal") -> dict[str, Any]:
    return {
        "apiVersion": "v1",
        "kind": "Event",
        "metadata": {"name": f"e-{reason}", "namespace": "hivemq"},
        "involvedObject": {"kind": "Pod", "name": "plant-1"},
        "type": kind,
        "reason": reason,
        "message": "about plant-1",
        "lastTimestamp": "2026-01-01T00:00:00Z",
    }


def test_check_mode_before_anything_exists(api: FakeApi, clock: FakeClock) -> None:
    result = task(api, clock, spec=SPEC, check=True).result
    assert result["changed"] is True
    assert "nodeCount: 2" in result["diff"][0]["after"]
    assert result["cluster_resource"] is None
    assert (result["state"], result["endpoints"]) == ("", {})
    assert {key[1] for key in api.objects} == {"namespaces"}


def test_without_the_crd(api: FakeApi, clock: FakeClock) -> None:
    result = task(api, clock, spec=SPEC).result
    assert "doesn't know the kind HiveMQCluster" in result["msg"]
    assert "CustomResourceDefinition" in result["failure"]["next_step"]


def test_unsound_is_refused_with_all_that_is_wrong(installed: FakeApi, clock: FakeClock) -> None:
    result = task(installed, clock, spec={"nodeCount": "two", "imag": "x"}).result
    assert {violation["path"] for violation in result["violations"]} == {"spec.nodeCount", "spec.imag"}
    assert "2 problems" in result["msg"]
    assert "did you mean `image`" in result["msg"].lower()
    assert result["failure"]["code"] == "Invalid"
    assert installed.requests == []


def test_namespace_is_created_with_the_cluster(api: FakeApi, clock: FakeClock) -> None:
    api.put(crd())
    how = {"spec": SPEC, "wait": False, "create_namespace": True, "namespace_labels": {"team": "field", "tier": 1}}
    checked = task(api, clock, check=True, **how)
    assert "HiveMQCluster hivemq/plant would be created" in checked.lines
    assert [item["after_header"] for item in checked.result["diff"]] == [
        "Namespace hivemq",
        "HiveMQCluster hivemq/plant",
    ]
    assert api.find("Namespace", "hivemq") is None
    assert task(api, clock, **how).result["changed"] is True
    namespace = api.find("Namespace", "hivemq")
    assert namespace is not None
    assert namespace["metadata"]["labels"] == {"team": "field", "tier": "1"}
    again = task(api, clock, **how)
    assert (again.result["changed"], again.result["api_calls"]) == (False, 2)


def test_unsound_leaves_no_namespace_behind(api: FakeApi, clock: FakeClock) -> None:
    api.put(crd())
    result = task(api, clock, spec={"nodeCount": "two"}, create_namespace=True).result
    assert result["failure"]["code"] == "Invalid"
    assert api.requests == []


def test_from_nothing_to_ready(installed: FakeApi, clock: FakeClock) -> None:
    def brokers_start() -> None:
        installed.put(pod("plant-0", "Ready"))
        installed.put(pod("plant-1"))
        installed.put(event("Pulling"))
        operator_says(installed, "Creating")

    clock.at(7, brokers_start)
    clock.at(60, lambda: installed.put(pod("plant-1", "Ready")))
    clock.at(61, lambda: operator_says(installed, "Running", ready=True, message="2 brokers ready"))
    host = task(installed, clock, spec=SPEC, labels={"n": 5, "b": True})
    assert host.result.get("msg") is None
    assert host.lines == [
        "HiveMQCluster hivemq/plant created",
        "the operator hasn't looked at it yet",
        "Creating: 1/2 brokers ready; plant-1: Pulling image (0 s)",
        "Creating: 1/2 brokers ready; plant-1: Pulling image (30 s) (waiting for 37 s)",
        "Creating: 2/2 brokers ready",
        "HiveMQCluster hivemq/plant is ready: Running: 2 brokers ready",
    ]
    assert host.result["state"] == "Running"
    assert host.result["endpoints"] == {"mqtt": "10.0.0.9"}
    resource = host.result["cluster_resource"]
    assert resource["metadata"]["labels"] == {"n": "5", "b": "true"}
    assert "managedFields" not in resource["metadata"]
    # Once more: one request, and nothing to wait for.
    again = task(installed, clock, spec=SPEC, labels={"n": 5, "b": True})
    assert (again.result["changed"], again.result["api_calls"]) == (False, 1)
    assert again.lines == ["HiveMQCluster hivemq/plant unchanged"]


def test_a_change_is_waited_for_although_it_was_ready_before(installed: FakeApi, clock: FakeClock) -> None:
    task(installed, clock, spec=SPEC, wait=False)
    operator_says(installed, "Running", ready=True)
    clock.at(5, lambda: operator_says(installed, "Running", ready=True, generation=2))
    host = task(installed, clock, spec={**SPEC, "nodeCount": 3})
    assert host.result["changed"] is True
    assert clock.now == 5
    assert "the operator hasn't looked at it yet" in host.lines


def test_failed_ends_at_once_with_what_is_known(installed: FakeApi, clock: FakeClock) -> None:
    installed.put(pod("plant-1", "ImagePullBackOff"))
    installed.put(event("Failed", "Warning"))
    clock.at(3, lambda: operator_says(installed, "Failed", message="the image can't be pulled"))
    host = task(installed, clock, spec=SPEC)
    assert clock.now == 3
    assert host.result["failure"]["code"] == "NeverReady"
    assert host.result["failure"]["object"] == "HiveMQCluster hivemq/plant"
    for words in (
        "HiveMQCluster hivemq/plant has failed: the image can't be pulled",
        "Pod plant-1: ImagePullBackOff",
        "event: Warning Failed: about plant-1",
        "kubectl -n hivemq describe hmqc plant",
    ):
        assert words in host.result["msg"]
    assert host.result["changed"] is True
    assert host.result["state"] == "Failed"


def test_no_operator(installed: FakeApi, clock: FakeClock) -> None:
    host = task(installed, clock, spec=SPEC, wait_timeout=100)
    assert clock.now == 100
    assert "No operator has looked at HiveMQCluster hivemq/plant within 100 s" in host.result["msg"]
    assert "hivemq_operator installs it" in host.result["failure"]["next_step"]
    assert len([line for line in host.lines if "waiting for" in line]) == 3  # at 30, 60 and 90 s


def test_too_slow_shows_the_log(installed: FakeApi, clock: FakeClock) -> None:
    crashed = pod("plant-1", "CrashLoopBackOff")
    crashed["status"]["containerStatuses"][0]["restartCount"] = 2
    installed.put(crashed)
    installed.logs["plant-1"] = "ERROR - no license\n"
    clock.at(1, lambda: operator_says(installed, "Creating"))
    result = task(installed, clock, spec=SPEC, wait_timeout=50).result
    assert result["failure"]["code"] == "DeadlineExceeded"
    assert "Waited 50 s for HiveMQCluster hivemq/plant to be ready" in result["msg"]
    assert "ERROR - no license" in result["msg"]


def test_deleted_while_waiting(installed: FakeApi, clock: FakeClock) -> None:
    clock.at(2, lambda: installed.remove("HiveMQCluster", "plant", "hivemq"))
    assert "was deleted by someone else" in task(installed, clock, spec=SPEC).result["msg"]


def test_absent_waits_for_the_pods(installed: FakeApi, clock: FakeClock) -> None:
    task(installed, clock, spec=SPEC, wait=False)
    installed.put(pod("plant-0", "Ready"))
    check = task(installed, clock, state="absent", check=True).result
    assert (check["changed"], clock.now) == (True, 0)
    assert installed.find("HiveMQCluster", "plant", "hivemq")
    clock.at(8, lambda: installed.remove("Pod", "plant-0", "hivemq"))
    host = task(installed, clock, state="absent")
    assert (host.result["changed"], host.result["cluster_resource"], clock.now) == (True, None, 8)
    assert host.lines == [
        "HiveMQCluster hivemq/plant deleted",
        "HiveMQCluster hivemq/plant is being deleted, 1 broker left",
        "HiveMQCluster hivemq/plant is gone",
    ]
    assert task(installed, clock, state="absent").result["changed"] is False


def test_absent_after_a_killed_run(installed: FakeApi, clock: FakeClock) -> None:
    """The resource is gone already, its pods aren't; pods of somebody else with these labels are left alone."""
    installed.put(pod("plant-0", "Ready", deletionTimestamp="2026-01-01T00:00:00Z"))
    installed.put(pod("plant-9", "Ready"))
    clock.at(8, lambda: installed.remove("Pod", "plant-0", "hivemq"))
    assert task(installed, clock, state="absent").result["changed"] is False
    assert clock.now == 8


def test_absent_without_the_crd(api: FakeApi, clock: FakeClock) -> None:
    assert task(api, clock, state="absent").result["changed"] is False


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"definition": {"metadata": {"name": "other"}}}, "name is plant, but definition.metadata.name is other"),
        (
            {"definition": {"metadata": {"namespace": "n"}}},
            "namespace is hivemq, but definition.metadata.namespace is n",
        ),
        ({"definition": {"kind": "Pod", "spec": {}}}, "must be HiveMQCluster"),
    ],
)
def test_contradictions(api: FakeApi, clock: FakeClock, options: dict[str, Any], words: str) -> None:
    result = task(api, clock, **options).result
    assert words in result["msg"]
    assert api.requests == []


def test_definition(installed: FakeApi, clock: FakeClock) -> None:
    definition = {"metadata": {"labels": {"a": "b"}}, "spec": SPEC, "status": {"state": "Running"}}
    result = task(installed, clock, definition=definition, annotations={"c": "d"}, wait=False).result
    assert result["cluster_resource"]["metadata"]["labels"] == {"a": "b"}
    assert result["cluster_resource"]["metadata"]["annotations"] == {"c": "d"}
    assert "status" not in result["cluster_resource"]


# -- what a change does --------------------------------------------------------------------------------------------


def test_check_mode_tells_what_a_change_does(installed: FakeApi, clock: FakeClock) -> None:
    assert task(installed, clock, spec=SPEC, check=True).result["change"] is None
    assert task(installed, clock, spec={**SPEC, "memory": "4Gi"}, wait=False).result["change"] is None
    host = task(installed, clock, spec={**SPEC, "memory": "8Gi"}, check=True)
    assert host.lines == [
        "HiveMQCluster hivemq/plant would be configured",
        "would restart 2 brokers one after the other (1.5 reconnects per client): spec.memory 4Gi → 8Gi",
    ]
    told = host.result["change"]
    assert (told["effect"], told["cost"]["restarts"], told["cost"]["outage"]) == ("rolling", 2, False)
    assert told["summary"] == host.lines[1]
    (field,) = told["fields"]
    assert host.result["diff"][-1] == {
        "prepared": f"{host.lines[1]}\n  spec.memory 4Gi → 8Gi: rolling; {field['why']}; {field['cost']}\n"
    }
    # As the filter on the files says.
    before, after = (
        {"kind": "HiveMQCluster", "metadata": {"name": "plant"}, "spec": {**SPEC, "memory": memory}}
        for memory in ("4Gi", "8Gi")
    )
    assert told == hivemq_change(before, after)
    json.dumps(host.result)
    assert list(yaml.safe_load(RETURN)["change"]["contains"]) == list(told)


def test_the_real_thing_tells_the_same(installed: FakeApi, clock: FakeClock) -> None:
    task(installed, clock, spec=SPEC, wait=False)
    host = task(installed, clock, spec={**SPEC, "nodeCount": 1}, wait=False)
    assert host.lines == [
        "HiveMQCluster hivemq/plant configured",
        "removes 1 broker of 2 (50 % of the clients reconnect): spec.nodeCount 2 → 1",
    ]
    assert host.result["change"]["effect"] == "scale_down"
    again = task(installed, clock, spec={**SPEC, "nodeCount": 1}, wait=False)
    assert (again.result["change"]["effect"], again.result["change"]["fields"]) == ("none", [])
    assert again.lines == ["HiveMQCluster hivemq/plant unchanged"]


def test_fields_of_others_are_no_change(installed: FakeApi, clock: FakeClock) -> None:
    """What the task doesn't send but somebody else set stays, so it isn't told as if it went."""
    task(installed, clock, spec=SPEC, wait=False)
    live = installed.find("HiveMQCluster", "plant", "hivemq")
    assert live is not None
    live["spec"]["logLevel"] = "DEBUG"
    installed.put(live)
    host = task(installed, clock, spec={**SPEC, "cpu": 1}, check=True)
    assert [field["path"] for field in host.result["change"]["fields"]] == ["spec.cpu"]


def test_a_cluster_that_was_refused_before(installed: FakeApi, clock: FakeClock) -> None:
    task(installed, clock, spec=SPEC, wait=False)
    live = installed.find("HiveMQCluster", "plant", "hivemq")
    assert live is not None
    live["spec"]["memory"] = "much"
    installed.put(live)
    host = task(installed, clock, spec={**SPEC, "memory": "8Gi"}, check=True)
    assert host.result["change"]["effect"] == "unknown"
    assert "can't be told" in host.lines[1]


def test_removing_is_no_change_of_a_cluster(installed: FakeApi, clock: FakeClock) -> None:
    task(installed, clock, spec=SPEC, wait=False)
    assert task(installed, clock, state="absent", check=True).result["change"] is None


# -- info ------------------------------------------------------------------------------------------------------------


def info(api: FakeApi, **options: Any) -> dict[str, Any]:
    return run(cluster_info, host=api.url, api_key="x", **options).result


def test_info_without_the_crd(api: FakeApi) -> None:
    result = info(api)
    assert (result["clusters"], result["crd_installed"], result["changed"]) == ([], False, False)


def test_info(installed: FakeApi, clock: FakeClock) -> None:
    task(installed, clock, spec=SPEC, wait=False)
    operator_says(installed, "Running", ready=True, message="2 brokers ready")
    other = {
        "apiVersion": "hivemq.com/v1",
        "kind": "HiveMQCluster",
        "metadata": {"name": "new", "namespace": "default"},
    }
    installed.put({**other, "spec": {"nodeCount": "wrong"}})
    result = info(installed)
    assert [(c["namespace"], c["name"]) for c in result["clusters"]] == [("default", "new"), ("hivemq", "plant")]
    fresh, running = result["clusters"]
    assert set(fresh) == set(running)
    assert (fresh["state"], fresh["ready_nodes"], fresh["endpoints"], fresh["conditions"]) == (None, 0, {}, [])
    conditions = running.pop("conditions")
    assert conditions[0]["status"] == "True"
    assert running == {
        "name": "plant",
        "namespace": "hivemq",
        "state": "Running",
        "message": "2 brokers ready",
        "node_count": 2,
        "ready_nodes": 2,
        "image": "localhost/beekeeper/hivemq-ce:2025.5",
        "version": "2025.5",
        "endpoints": {"mqtt": "10.0.0.9"},
        "generation": 1,
        "observed_generation": 1,
    }
    assert [c["name"] for c in info(installed, namespace="hivemq")["clusters"]] == ["plant"]
    assert info(installed, namespace="hivemq", name="new")["clusters"] == []
    whole = info(installed, name="plant", resource=True)["clusters"][0]["resource"]
    assert whole["spec"] == SPEC
    assert "managedFields" not in whole["metadata"]


def test_info_that_is_not_allowed(installed: FakeApi) -> None:
    installed.fail("GET", "/hivemq-clusters", 403)
    assert info(installed)["failure"]["code"] == "Forbidden"
