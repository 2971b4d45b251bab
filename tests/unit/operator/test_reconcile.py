# Copyright: (c) 2026, the beekeeper.hivemq authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One reconcile: what is written, what is left alone, and what is told. Against a fake client in memory."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from ansible_collections.beekeeper.hivemq.plugins.module_utils._hivemq.objects import objects
from ansible_collections.beekeeper.hivemq.plugins.module_utils._hivemq.spec import parse
from ansible_collections.beekeeper.hivemq.plugins.module_utils._kube.errors import (
    Conflict,
    Forbidden,
    Invalid,
    KubeError,
    TooManyRequests,
    Unreachable,
)
from ansible_collections.beekeeper.hivemq.plugins.module_utils._kube.paths import known
from beekeeper_operator.cache import Ref, sources
from beekeeper_operator.reconcile import Outcome, Reconciler
from world import KEY, World


@pytest.fixture
def world() -> World:
    return World()


def expected(world: World) -> set[tuple[str, str]]:
    resource = world.client.find("HiveMQCluster", KEY.name)
    assert resource is not None
    return {(item["kind"], item["metadata"]["name"]) for item in objects(parse(resource))}


def written(world: World) -> list[tuple[str, str, str]]:
    return [write for write in world.client.writes if write[1] != "Event"]


def test_makes_everything_with_the_controller_last_and_tells_it(world: World) -> None:
    resource = world.cluster()
    result = world.run()
    assert result.outcome is Outcome.OK
    applied = [(kind, name) for verb, kind, name in written(world) if verb == "apply"]
    assert set(applied) == expected(world)
    assert applied[-1] == ("StatefulSet", "a")
    assert written(world)[-1] == ("apply status", "HiveMQCluster", "a")
    for kind, name in applied:
        item = world.client.find(kind, name)
        assert item is not None
        assert item["metadata"]["ownerReferences"][0]["uid"] == resource["metadata"]["uid"]
    assert world.status["observedGeneration"] == 1
    assert world.status["state"] not in {"Failed", "Running"}


def test_writes_nothing_when_nothing_differs(world: World) -> None:
    world.cluster()
    world.run()
    world.run()
    assert world.run().writes == []
    assert world.client.writes == []


def test_takes_back_what_somebody_changed_and_leaves_what_somebody_added(world: World) -> None:
    world.cluster()
    world.run()
    service = world.client.find("Service", "hivemq-a-mqtt")
    assert service is not None
    service["spec"]["ports"][0]["port"] = 1
    service["metadata"]["annotations"] = {"theirs": "stays"}
    world.client.put(service)
    world.run()
    assert written(world) == [("apply", "Service", "hivemq-a-mqtt")]
    service = world.client.find("Service", "hivemq-a-mqtt")
    assert service is not None
    assert service["spec"]["ports"][0]["port"] == 1883
    assert service["metadata"]["annotations"]["theirs"] == "stays"


@pytest.mark.parametrize(("kind", "name"), [("Service", "hivemq-a-mqtt"), ("StatefulSet", "a")])
def test_makes_a_deleted_object_again(world: World, kind: str, name: str) -> None:
    world.cluster()
    world.run()
    world.client.remove(kind, name)
    world.run()
    assert ("apply", kind, name) in written(world)
    assert world.client.find(kind, name) is not None


def test_removes_the_service_of_a_port_that_is_gone(world: World) -> None:
    ports = [{"name": "mqtt", "port": 1883, "expose": True}, {"name": "ws", "port": 8000, "expose": True}]
    world.cluster(ports=ports)
    world.run()
    before = world.client.names("Service")
    world.cluster(generation=2, ports=ports[:1])
    world.run()
    assert before - world.client.names("Service") == {"hivemq-a-ws"}
    assert [write for write in written(world) if write[0] == "delete"] == [("delete", "Service", "hivemq-a-ws")]


@pytest.mark.parametrize(
    "change",
    [
        {"labels": {"app": "hivemq"}},
        {"ownerReferences": [{"kind": "Deployment", "name": "x", "uid": "other", "controller": True}]},
        {"managedFields": [{"manager": "kubectl", "operation": "Apply", "fieldsV1": {}}]},
    ],
    ids=["without our label", "belongs to another", "made by another"],
)
def test_does_not_remove_what_is_not_ours(world: World, change: dict[str, Any]) -> None:
    """The watches only hint at left-overs: what counts is the live object."""
    resource = world.cluster()
    world.run()
    ours = world.client.find("Service", "hivemq-a-mqtt")
    assert ours is not None
    other = {**ours, "metadata": {**ours["metadata"], "name": "extra", **change}}
    world.client.put(other)
    world.children = lambda key: [Ref("v1", "Service", "ns", "extra")]  # type: ignore[method-assign]
    world.reconciler = Reconciler(world.client, world.children, instance="pod-1", now=world.tick)  # type: ignore[arg-type]
    world.run()
    assert world.client.find("Service", "extra") is not None
    assert resource["metadata"]["uid"]


def test_never_removes_a_stateful_set(world: World) -> None:
    world.cluster()
    world.run()
    controller = world.client.find("StatefulSet", "a")
    assert controller is not None
    world.client.put({**controller, "metadata": {**controller["metadata"], "name": "extra"}})
    world.run()
    assert world.client.names("StatefulSet") == {"a", "extra"}


def foreign_service(**metadata: Any) -> dict[str, Any]:
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"namespace": "ns", "name": "hivemq-a-mqtt", **metadata},
        "spec": {"selector": {"app": "theirs"}, "ports": [{"port": 1}]},
    }


@pytest.mark.parametrize(
    "metadata",
    [
        {"ownerReferences": [{"kind": "Deployment", "name": "x", "uid": "other", "controller": True}]},
        {"ownerReferences": [{"kind": "Thing", "name": "x", "uid": "other"}]},
        {},
        {"labels": {"hivemq-cluster": "b"}},
    ],
    ids=["controlled by another", "owned by another", "nobody's", "another cluster's"],
)
def test_does_not_overwrite_a_foreign_object_and_says_so(world: World, metadata: dict[str, Any]) -> None:
    before = world.client.put(foreign_service(**metadata))
    world.cluster()
    result = world.run()
    assert result.outcome is Outcome.FAILED
    assert world.client.find("Service", "hivemq-a-mqtt") == before
    assert world.client.find("StatefulSet", "a") is None, "brokers that no client could reach"
    assert world.status["state"] == "Failed"
    assert "Service hivemq-a-mqtt exists already" in world.status["message"]


def test_an_object_handed_over_by_its_label_is_taken(world: World) -> None:
    world.client.put(foreign_service(labels={"hivemq-cluster": "a"}))
    world.cluster()
    assert world.run().outcome is Outcome.OK
    service = world.client.find("Service", "hivemq-a-mqtt")
    assert service is not None
    assert service["metadata"]["ownerReferences"][0]["controller"] is True


def test_the_remains_of_a_deleted_cluster_of_this_name_are_waited_for(world: World) -> None:
    owner = {"kind": "HiveMQCluster", "name": "a", "uid": "an earlier one", "controller": True}
    world.client.put(foreign_service(ownerReferences=[owner], labels={"hivemq-cluster": "a"}))
    world.cluster()
    assert world.run().outcome is Outcome.FAILED
    assert "deleted HiveMQCluster" in world.status["message"]
    world.client.remove("Service", "hivemq-a-mqtt")
    assert world.run().outcome is Outcome.OK
    assert world.status["state"] != "Failed"


def test_an_object_being_deleted_is_waited_for(world: World) -> None:
    world.cluster()
    world.run()
    service = world.client.find("Service", "hivemq-a-mqtt")
    assert service is not None
    world.client.put(service, deletionTimestamp="2026-01-01T00:00:00Z")
    result = world.run()
    assert result.outcome is Outcome.WAITING
    assert all(kind == "HiveMQCluster" for _verb, kind, _name in written(world))


def test_a_refused_spec_applies_nothing_and_says_why(world: World) -> None:
    world.cluster(nodeCount="three")
    result = world.run()
    assert result.outcome is Outcome.INVALID
    assert [write for write in written(world) if write[0] != "apply status"] == []
    assert world.status["state"] == "Failed"
    assert "nodeCount" in world.status["message"]
    assert world.run().writes == []


def test_a_refused_change_leaves_the_running_cluster_as_it_is(world: World) -> None:
    world.cluster()
    world.run()
    before = {name: world.client.find("Service", name) for name in world.client.names("Service")}
    controller = world.client.find("StatefulSet", "a")
    world.cluster(generation=2, nodeCount=-1)
    assert world.run().outcome is Outcome.INVALID
    assert {name: world.client.find("Service", name) for name in world.client.names("Service")} == before
    assert world.client.find("StatefulSet", "a") == controller


def test_under_a_refused_spec_the_brokers_count_even_without_their_label(world: World) -> None:
    world.cluster()
    world.run()
    controller = world.client.find("StatefulSet", "a")
    assert controller is not None
    del controller["metadata"]["labels"]["hivemq-cluster"]
    world.client.put({**controller, "status": {"observedGeneration": 1, "replicas": 1, "readyReplicas": 1}})
    world.cluster(generation=2, nodeCount=-1)
    assert world.run().outcome is Outcome.INVALID
    assert world.status["nodes"]["ready"] == 1
    assert "keep running" in world.status["message"]


@pytest.mark.parametrize("gone", ["absent", "deleting"])
def test_does_nothing_for_a_cluster_that_is_gone(world: World, gone: str) -> None:
    if gone == "deleting":
        world.cluster()
        resource = world.client.find("HiveMQCluster", "a")
        assert resource is not None
        world.client.put(resource, deletionTimestamp="2026-01-01T00:00:00Z")
    assert world.run().outcome is Outcome.GONE
    assert world.client.writes == []


def test_an_error_with_one_object_is_told_and_holds_back_only_the_controller(world: World) -> None:
    world.cluster()
    world.client.refuse["apply", "ConfigMap"] = Forbidden("Not allowed (403) to patch ConfigMap", status=403)
    result = world.run()
    assert result.outcome is Outcome.FAILED
    assert "Not allowed (403) to patch ConfigMap" in world.status["message"]
    assert "hivemq-a-mqtt" in world.client.names("Service")
    assert world.client.names("StatefulSet") == set()
    del world.client.refuse["apply", "ConfigMap"]
    assert world.run().outcome is Outcome.OK


def test_a_refused_service_does_not_hold_up_a_cluster_that_is_there(world: World) -> None:
    world.cluster()
    world.run()
    world.client.remove("Service", "hivemq-a-mqtt")
    world.client.refuse["apply", "Service"] = Invalid("no", status=422)
    world.cluster(generation=2, nodeCount=2)
    assert world.run().outcome is Outcome.FAILED
    controller = world.client.find("StatefulSet", "a")
    assert controller is not None
    assert controller["spec"]["replicas"] == 2


def test_a_service_edited_so_that_applying_is_refused_is_taken_back(world: World) -> None:
    """On a real API server ports merge by their number: the edited port stays, ours comes beside it, one name twice."""
    world.cluster()
    world.run()
    before = world.client.find("Service", "hivemq-a-mqtt")
    assert before is not None
    edited = world.client.find("Service", "hivemq-a-mqtt")
    assert edited is not None
    edited["spec"]["ports"][0]["port"] = 1999
    edited["metadata"]["annotations"] = {"theirs": "stays"}
    world.client.put(edited)

    def admit(stored: Mapping[str, Any]) -> None:
        live = world.client.find("Service", "hivemq-a-mqtt")
        if stored["kind"] == "Service" and live and live["spec"]["ports"][0]["port"] == 1999:
            raise Invalid('Duplicate value: "mqtt"', status=422)

    world.client.admit = admit
    assert world.run().outcome is Outcome.OK
    after = world.client.find("Service", "hivemq-a-mqtt")
    assert after is not None
    assert after["spec"] == before["spec"]
    assert after["metadata"]["annotations"]["theirs"] == "stays"
    assert [entry["operation"] for entry in after["metadata"]["managedFields"]] == ["Apply"]
    assert world.run().writes == []


def test_an_object_that_no_list_can_repair_is_left_as_it_is(world: World) -> None:
    """Else its brokers would be rolled to something that was never asked for."""
    world.cluster()
    world.run()
    controller = world.client.find("StatefulSet", "a")
    assert controller is not None
    controller["spec"]["serviceName"] = "other"
    controller["spec"]["template"]["spec"]["containers"][0]["image"] = "other"
    edited = world.client.put(controller)
    refused = Invalid("serviceName can't be changed", status=422)
    world.client.refuse["apply", "StatefulSet"] = refused
    original = world.client.merge_patch

    def patch(*args: Any, **options: Any) -> dict[str, Any]:
        if "serviceName" in args[4].get("spec", {}):
            raise refused
        return original(*args, **options)

    world.client.merge_patch = patch  # type: ignore[method-assign]
    assert world.run().outcome is Outcome.FAILED
    assert world.client.find("StatefulSet", "a") == edited
    assert "serviceName can't be changed" in world.status["message"]


def test_a_repair_that_was_cut_off_is_finished(world: World) -> None:
    """The patch's record of ownership would keep in the object what a later spec leaves out."""
    world.cluster()
    world.run()
    service = world.client.find("Service", "hivemq-a-mqtt")
    assert service is not None
    left = {"manager": "beekeeper-operator", "operation": "Update", "apiVersion": "v1", "fieldsV1": {"f:spec": {}}}
    service["metadata"]["managedFields"].append(left)
    world.client.put(service)
    assert world.run().writes == [("changed", "Service")]
    after = world.client.find("Service", "hivemq-a-mqtt")
    assert after is not None
    assert [entry["operation"] for entry in after["metadata"]["managedFields"]] == ["Apply"]
    assert world.run().writes == []


@pytest.mark.parametrize("there", [True, False], ids=["changed", "missing"])
def test_a_stranger_that_takes_the_name_just_before_the_write_is_not_overwritten(world: World, there: bool) -> None:
    world.cluster()
    world.run()
    service = world.client.find("Service", "hivemq-a-mqtt")
    assert service is not None
    world.client.remove("Service", "hivemq-a-mqtt")
    if there:
        world.client.put({**service, "spec": {**service["spec"], "selector": {}}})
    original, theirs = world.client.apply, foreign_service(labels={"app": "theirs"})

    def too_late(obj: Mapping[str, Any], **options: Any) -> dict[str, Any]:
        if obj["metadata"]["name"] == "hivemq-a-mqtt":
            if there:
                world.client.remove("Service", "hivemq-a-mqtt")
            theirs.update(world.client.put(theirs))
        return original(obj, **options)

    world.client.apply = too_late  # type: ignore[method-assign]
    with pytest.raises(Conflict):
        world.run()
    assert world.client.find("Service", "hivemq-a-mqtt") == theirs
    world.client.apply = original  # type: ignore[method-assign]
    assert world.run().outcome is Outcome.FAILED
    assert world.client.find("Service", "hivemq-a-mqtt") == theirs


def test_a_refusal_that_no_list_explains_is_told(world: World) -> None:
    world.cluster()
    world.run()
    controller = world.client.find("StatefulSet", "a")
    assert controller is not None
    controller["spec"]["serviceName"] = "other"
    world.client.put(controller)
    world.client.refuse["apply", "StatefulSet"] = Invalid("serviceName can't be changed", status=422)
    assert world.run().outcome is Outcome.FAILED
    assert "serviceName can't be changed" in world.status["message"]
    assert not [write for write in written(world) if write[0] == "patch"]


@pytest.mark.parametrize("error", [Unreachable("refused"), TooManyRequests("busy", status=429)])
def test_trouble_with_the_api_server_ends_the_attempt_and_blames_no_cluster(world: World, error: KubeError) -> None:
    world.cluster()
    world.run()
    before = world.status
    world.client.remove("Service", "hivemq-a-mqtt")
    world.client.refuse["apply", "Service"] = error
    with pytest.raises(type(error)):
        world.run()
    assert world.status == before


def test_events_tell_of_transitions_only(world: World) -> None:
    world.cluster(nodeCount="three")
    world.run()
    world.run()
    assert [(event["type"], event["reason"]) for event in world.events()] == [("Warning", "Failed")]
    assert "nodeCount" in world.events()[0]["note"]
    assert world.events()[0]["regarding"]["name"] == "a"
    world.cluster(generation=2)
    world.run()
    world.run()
    assert [event["type"] for event in world.events()] == ["Warning", "Normal"]


def test_another_reason_of_failure_is_an_event_too(world: World) -> None:
    world.cluster(nodeCount="three")
    world.run()
    world.cluster(generation=2, nodeCount=1, image=5)
    world.run()
    assert [event["reason"] for event in world.events()] == ["Failed", "Failed"]


def test_a_refused_event_holds_nothing_up(world: World) -> None:
    world.cluster()
    world.client.refuse["create", "Event"] = Invalid("no", status=422)
    assert world.run().outcome is Outcome.OK


def test_the_status_of_others_in_conditions_is_no_difference(world: World) -> None:
    world.cluster()
    world.run()
    resource = world.client.find("HiveMQCluster", "a")
    assert resource is not None
    resource["status"]["conditions"].append({"type": "Theirs", "status": "True"})
    resource["status"]["theirs"] = 1
    world.client.put(resource)
    assert world.run().writes == []


def test_a_cluster_deleted_in_between_is_no_failure(world: World) -> None:
    world.cluster()
    original = world.client.list

    def deleted(*args: Any, **options: Any) -> Any:
        if args[1] == "Pod":
            world.client.remove("HiveMQCluster", "a")
        return original(*args, **options)

    world.client.list = deleted  # type: ignore[method-assign]
    assert world.run().outcome is Outcome.GONE


def test_every_kind_in_use_is_known_without_discovery(world: World) -> None:
    """So that a broken aggregated API, which breaks discovery, can't matter."""
    resource = world.cluster()
    kinds = {(item["apiVersion"], item["kind"]) for item in objects(parse(resource))}
    kinds |= {(source.api_version, source.kind) for source in sources([None])}
    kinds |= {("events.k8s.io/v1", "Event")}
    assert [kind for kind in kinds if known(*kind) is None] == []


def test_a_status_is_never_written_to_a_successor_of_the_same_name(world: World) -> None:
    world.cluster()
    original = world.client.list

    def replaced(*args: Any, **options: Any) -> Any:
        if args[1] == "Pod":
            world.client.remove("HiveMQCluster", "a")
            world.cluster()
        return original(*args, **options)

    world.client.list = replaced  # type: ignore[method-assign]
    with pytest.raises(KubeError):
        world.run()
    assert world.status == {}
