# Copyright: (c) 2026, the beekeeper.hivemq authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A change is told as what the objects say it is, and its cost is that of the model."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import pytest
from ansible_collections.beekeeper.hivemq.plugins.module_utils._hivemq import change as module
from ansible_collections.beekeeper.hivemq.plugins.module_utils._hivemq._compare import ObjectChange, compare
from ansible_collections.beekeeper.hivemq.plugins.module_utils._hivemq.change import (
    Change,
    change,
    reconnects_per_client,
)
from hypothesis import given
from hypothesis import strategies as st

Resource = dict[str, Any]
Make = Callable[..., Resource]
MQTT = {"name": "mqtt", "port": 1883}
WS = {"name": "ws", "port": 8000, "expose": True}
BALANCER = '[{"op": "add", "path": "/spec/type", "value": "LoadBalancer"}]'
ANNOTATION = '[{"op": "add", "path": "/metadata/annotations/a", "value": "b"}]'
LABEL = '[{"op": "add", "path": "/metadata/labels/a", "value": "b"}]'
LISTENER = "<tcp-listener><port>%s</port></tcp-listener>"


# -- what it is -----------------------------------------------------------------------------------------------------

CASES: list[tuple[str, dict[str, Any], dict[str, Any], list[str], str]] = [
    ("default written out", {}, {"memory": "8Gi"}, [],
     "would change nothing in the cluster: spec.memory default → 8Gi"),
    ("another way to write it", {"cpu": 4}, {"cpu": "4000m"}, [],
     "would change nothing in the cluster: spec.cpu 4 → 4000m"),
    ("moved tag", {"image": "r/x:1.0"}, {"image": "r/x", "hivemqVersion": "1.0"}, [],
     "would change nothing in the cluster: spec.image r/x:1.0 → r/x, spec.hivemqVersion default → 1.0"),
    ("log level", {}, {"logLevel": "DEBUG"}, ["live"], "would restart no broker: spec.logLevel default → DEBUG"),
    ("label", {"labels": {"a": "1"}}, {"labels": {"a": "2"}}, ["live"], "would restart no broker: spec.labels.a 1 → 2"),
    ("memory", {"memory": "4Gi"}, {"memory": "8Gi"}, ["rolling"],
     "would restart 3 brokers one after the other (1.58 reconnects per client): spec.memory 4Gi → 8Gi"),
    ("a setting", {"nodeCount": 10}, {"nodeCount": 10, "mqtt": {"maxQos": 1}}, ["rolling"],
     "would restart 10 brokers one after the other (1.68 reconnects per client): spec.mqtt.maxQos default → 1"),
    ("lone broker", {"nodeCount": 1, "clusterReplicaCount": 1}, {"nodeCount": 1, "clusterReplicaCount": 1, "cpu": 1},
     ["rolling"], "would restart the only broker: spec.cpu default → 1"),
    ("up", {}, {"nodeCount": 5}, ["scale_up"], "would add 2 brokers: spec.nodeCount default → 5"),
    ("down", {"nodeCount": 5}, {"nodeCount": 4}, ["scale_down"],
     "would remove 1 broker of 5 (20 % of the clients reconnect): spec.nodeCount 5 → 4"),
    ("up and rolling", {}, {"nodeCount": 4, "memory": "9Gi"}, ["scale_up", "rolling"],
     ("would restart 3 brokers one after the other (1.37 reconnects per client) and add 1 broker: "
      "spec.nodeCount default → 4, spec.memory default → 9Gi")),
    ("down and live", {"nodeCount": 4}, {"nodeCount": 3, "logLevel": "TRACE"}, ["live", "scale_down"],
     "would remove 1 broker of 4 (25 % of the clients reconnect): spec.nodeCount 4 → 3, spec.logLevel default → TRACE"),
    ("patch", {"ports": [MQTT | {"expose": True}]}, {"ports": [MQTT | {"expose": True, "patch": [BALANCER]}]},
     ["services"], "would change the Service hivemq-hive-mqtt: spec.ports[mqtt].patch default → [***]"),
    ("patch that isn't used", {"ports": [MQTT]}, {"ports": [MQTT | {"patch": [BALANCER]}]}, [],
     "would change nothing in the cluster: spec.ports[mqtt].patch default → [***]"),
    ("no Service", {"ports": [MQTT, WS]}, {"ports": [MQTT, WS | {"expose": False}]}, ["services"],
     "would remove the Service hivemq-hive-ws: spec.ports[ws].expose true → false"),
    ("listener and its port", {"ports": [MQTT]},
     {"ports": [MQTT, WS], "listenerConfiguration": LISTENER % 1883 + LISTENER % 8000},
     ["live", "services", "rolling"],
     "would restart 3 brokers one after the other (1.58 reconnects per client) and create the Service hivemq-hive-ws"),
    ("rolling and down", {"nodeCount": 4}, {"nodeCount": 3, "cpu": 1}, ["scale_down", "rolling"],
     ("would restart 3 brokers one after the other (1.83 reconnects per client) and remove 1 broker of 4 "
      "(25 % of the clients reconnect): spec.nodeCount 4 → 3, spec.cpu default → 1")),
]  # fmt: skip


@pytest.mark.parametrize(("before", "after", "effects", "sentence"), [c[1:] for c in CASES], ids=[c[0] for c in CASES])
def test_effects_and_sentence(resource: Make, before: Any, after: Any, effects: list[str], sentence: str) -> None:
    found = change(resource(**before), resource(**after))
    assert list(found.effects) == effects
    assert found.effect == (effects[-1] if effects else "none")
    head, dots, tail = sentence.partition("[***]")
    assert found.sentence().startswith(head)
    assert dots or not tail
    assert found.as_dict()["summary"] == found.sentence()
    assert "\n" not in found.sentence()


def test_what_has_happened_is_told_in_other_words(resource: Make) -> None:
    found = change(resource(nodeCount=4), resource(nodeCount=3, cpu=1))
    assert found.sentence(planned=False).startswith("restarts 3 brokers one after the other")
    assert " and removes 1 broker of 4 " in found.sentence(planned=False)
    assert change(resource(), resource(cpu="x")).sentence(planned=False).startswith("is refused: spec.cpu: ")


def test_a_field_tells_why_and_what_it_costs(resource: Make) -> None:
    before = resource(nodeCount=5, ports=[MQTT | {"expose": True}])
    patched = [MQTT | {"expose": True, "patch": [BALANCER]}]
    after = resource(
        nodeCount=4, ports=patched, env=[{"name": "A", "value": "b"}], logLevel="DEBUG", javaOptions="-Xmx1g"
    )
    told = {field.path: field.as_dict() for field in change(before, after).fields}
    assert {path: field["effect"] for path, field in told.items()} == {
        "spec.nodeCount": "scale_down",
        "spec.ports[mqtt].patch": "services",
        "spec.env": "rolling",
        "spec.logLevel": "live",
        "spec.javaOptions": "rolling",
    }
    assert told["spec.javaOptions"]["why"].startswith(
        "it changes spec.containers[hivemq].env[JAVA_OPTS].value of the pods"
    )
    assert told["spec.javaOptions"]["cost"] == (
        "4 brokers restart, one after the other; a client reconnects 1.82 times on average"
    )
    assert told["spec.nodeCount"]["cost"] == "1 broker less; 20 % of the clients reconnect; no broker restarts"
    assert "hivemq-hive-mqtt" in told["spec.ports[mqtt].patch"]["cost"]
    assert told["spec.logLevel"]["why"].startswith("it changes data[logback.xml] of ConfigMap hivemq-hive-config")
    assert told["spec.nodeCount"] | {"why": "", "cost": ""} == {
        "path": "spec.nodeCount", "before": 5, "after": 4, "effect": "scale_down", "effects": ["scale_down"],
        "why": "", "cost": "",
    }  # fmt: skip


def test_a_field_that_acts_only_with_another_one_has_its_share(resource: Make) -> None:
    """Without `expose` the patch does nothing, and the other way round the Service is there already."""
    before = resource(ports=[MQTT])
    after = resource(ports=[MQTT | {"expose": True, "patch": [LABEL]}])
    assert [(field.path, field.effect) for field in change(before, after).fields] == [
        ("spec.ports[mqtt].expose", "services"),
        ("spec.ports[mqtt].patch", "services"),
    ]


def effects_of_fields(found: Change) -> dict[str, tuple[str, ...]]:
    return {field.path: field.effects for field in found.fields}


def test_a_field_that_another_one_makes_pointless_has_no_share(resource: Make) -> None:
    """A whole config.xml has listeners of its own, so the other field is not looked at."""
    whole = f"<hivemq><listeners>{LISTENER % 1883}</listeners></hivemq>"
    found = change(resource(), resource(configOverride=whole, listenerConfiguration=LISTENER % 1884))
    assert effects_of_fields(found) == {"spec.configOverride": ("live", "rolling"), "spec.listenerConfiguration": ()}


def test_fields_of_which_each_would_do_have_it_both(resource: Make) -> None:
    before = resource(image="r/x", hivemqVersion="1.0")
    found = change(before, resource(image="r/x:2.0", hivemqVersion="2.0", logLevel="DEBUG"))
    assert effects_of_fields(found) == {
        "spec.image": ("rolling",),
        "spec.hivemqVersion": ("rolling",),
        "spec.logLevel": ("live",),
    }


def test_a_field_among_others_tells_what_comes_and_goes(resource: Make) -> None:
    hidden, shown = [MQTT, WS | {"expose": False}], [MQTT, WS]
    for before, after, word in ((hidden, shown, "created"), (shown, hidden, "removed")):
        found = change(resource(ports=before), resource(ports=after, logLevel="DEBUG"))
        assert found.fields[0].why == f"Service hivemq-hive-ws is {word}"


def test_what_cancels_out_is_nobodys(resource: Make) -> None:
    found = change(resource(image="r/x:1.0"), resource(image="r/x", hivemqVersion="1.0", logLevel="DEBUG"))
    assert effects_of_fields(found) == {"spec.image": (), "spec.hivemqVersion": (), "spec.logLevel": ("live",)}


def test_what_none_does_alone_is_everybodys(resource: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two of three would do: none by itself does it, and none by itself keeps it from happening."""

    def made(cluster: Any) -> list[Resource]:
        given = (cluster.spec.cpu == "2", cluster.spec.memory == "2Gi", cluster.spec.log_level == "DEBUG")
        return [with_controller("StatefulSet", **(NEW if sum(given) >= 2 else {}))]

    monkeypatch.setattr(module, "objects", made)
    found = change(resource(), resource(cpu=2, memory="2Gi", logLevel="DEBUG"))
    assert {field.effects for field in found.fields} == {("rolling",)}
    assert {field.why for field in found.fields} == {"only together with other fields"}


def test_what_is_refused_holds_the_rest_up(resource: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    def made(cluster: Any) -> list[Resource]:
        more = NEW if cluster.spec.memory == "2Gi" else {}
        return [with_controller("StatefulSet", replicas=cluster.spec.node_count, serviceName=cluster.spec.cpu, **more)]

    monkeypatch.setattr(module, "objects", made)
    found = change(resource(), resource(cpu=2, memory="2Gi", nodeCount=5))
    told = {field.path: (field.effect, field.cost) for field in found.fields}
    assert told.pop("spec.cpu") == ("refused", "it is refused; no broker restarts")
    held = "nothing, as long as another field is refused"
    assert told == {"spec.memory": ("rolling", held), "spec.nodeCount": ("scale_up", held)}


@pytest.mark.parametrize("error", [KeyError, ValueError])
def test_half_of_a_change_need_not_make_sense(
    resource: Make, monkeypatch: pytest.MonkeyPatch, error: type[Exception]
) -> None:
    def made(cluster: Any) -> list[Resource]:
        given = (cluster.spec.cpu == "2", cluster.spec.memory == "2Gi")
        if sum(given) == 1:
            raise error
        return [with_controller("StatefulSet", **(NEW if all(given) else {}))]

    monkeypatch.setattr(module, "objects", made)
    found = change(resource(), resource(cpu=2, memory="2Gi"))
    assert effects_of_fields(found) == {"spec.cpu": ("rolling",), "spec.memory": ("rolling",)}


def test_items_that_have_no_name_of_their_own_are_compared_as_a_whole(resource: Make) -> None:
    """The last variable of a name wins, so nothing happens; but what was written is another thing."""
    before = [{"name": "A", "value": "1"}, {"name": "A", "value": "2"}]
    after = [{"name": "A", "value": "3"}, {"name": "A", "value": "2"}]
    found = change(resource(env=before), resource(env=after))
    assert (found.effects, effects_of_fields(found)) == ((), {"spec.env": ()})


def test_config_xml_is_named_rather_than_its_fingerprint(resource: Make) -> None:
    (field,) = change(resource(), resource(listenerConfiguration=LISTENER % 1883)).fields
    assert field.why == "it changes config.xml, which a broker reads only when it starts"


def test_many_changes_are_told_by_whole_fields(resource: Make) -> None:
    labels = {f"l{number}": "x" for number in range(5000)}
    found = change(resource(), resource(podLabels=labels, logLevel="DEBUG"))
    assert [field.path for field in found.fields] == ["spec.podLabels", "spec.logLevel"]
    assert found.effects == ("live", "rolling")


def test_another_order_is_one_difference(resource: Make) -> None:
    env = [{"name": "A", "value": "1"}, {"name": "B", "value": "2"}]
    (field,) = change(resource(env=env), resource(env=env[::-1])).fields
    assert (field.path, field.effect) == ("spec.env", "rolling")


def test_who_stored_it_is_no_change(resource: Make) -> None:
    stored = resource(cpu=1)
    stored["status"] = {"state": "Running"}
    stored["metadata"]["annotations"] = {"kubectl.kubernetes.io/last-applied-configuration": "{}"}
    written = {"kind": "HiveMQCluster", "metadata": {"name": "hive"}, "spec": {"cpu": 1}}
    assert change(stored, written) == change(written, stored) == change(stored, stored)
    assert change(stored, written).as_dict() == {
        "effect": "none", "effects": [], "summary": "would change nothing in the cluster", "fields": [], "objects": [],
        "problems": [], "cost": {
            "brokers": 3, "restarts": 0, "added": 0, "removed": 0, "clients_moved": 0.0, "reconnects_per_client": 0.0,
            "outage": False, "services_at_risk": [],
        },
    }  # fmt: skip


# -- what it costs --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("brokers", "expected"), [(1, 1.0), (2, 1.5), (3, 1.583), (5, 1.641), (10, 1.681), (50, 1.711)]
)
def test_reconnects_in_a_plain_rolling_update(brokers: int, expected: float) -> None:
    assert reconnects_per_client(brokers, brokers - 1) == pytest.approx(expected, abs=0.0006)


@pytest.mark.parametrize(("brokers", "expected"), [(3, 1.370), (5, 1.488), (10, 1.594), (50, 1.692)])
def test_reconnects_with_one_pod_more(brokers: int, expected: float) -> None:
    assert reconnects_per_client(brokers, brokers) == pytest.approx(expected, abs=0.0006)


@given(st.integers(1, 60), st.integers(1, 60))
def test_reconnects_are_those_of_the_recursion(restarted: int, others: int) -> None:
    expected: list[float] = []
    for _broker in range(restarted):
        expected.append(1 + sum(expected) / others)
    assert reconnects_per_client(restarted, others) == pytest.approx(sum(expected) / restarted)


def test_costs_in_numbers(resource: Make) -> None:
    down = change(resource(nodeCount=4), resource(nodeCount=3)).cost
    assert (down.brokers, down.removed, down.clients_moved, down.reconnects_per_client) == (4, 1, 0.25, 0.25)
    assert (down.restarts, down.outage) == (0, False)
    roll = change(resource(), resource(cpu=1)).cost
    assert (roll.restarts, roll.clients_moved, roll.reconnects_per_client, roll.outage) == (3, 1.0, 1.58, False)
    alone = {"nodeCount": 1, "clusterReplicaCount": 1}
    lone = change(resource(**alone), resource(**alone, cpu=1)).cost
    assert (lone.restarts, lone.reconnects_per_client, lone.outage) == (1, 1.0, True)
    more = change(resource(**alone), resource(nodeCount=2, clusterReplicaCount=1, cpu=1)).cost
    assert (more.restarts, more.added, more.reconnects_per_client, more.outage) == (1, 1, 1.0, False)


def test_services_whose_connections_may_be_cut(resource: Make) -> None:
    exposed = [MQTT | {"expose": True}]
    patched = change(resource(ports=exposed), resource(ports=[exposed[0] | {"patch": [BALANCER]}]))
    assert patched.cost.services_at_risk == ("hivemq-hive-mqtt",)
    headless = [MQTT, {"name": "cluster", "port": 7000, "expose": True}]
    patched = change(resource(ports=headless), resource(ports=[MQTT, headless[1] | {"patch": [ANNOTATION]}]))
    assert (patched.effects, patched.cost.services_at_risk) == (("services",), ())
    labelled = change(resource(ports=exposed), resource(ports=[exposed[0] | {"patch": [LABEL]}]))
    assert (labelled.effects, labelled.cost.services_at_risk) == (("services",), ())


def test_a_service_without_an_address_carries_no_connections() -> None:
    service = {"kind": "Service", "metadata": {"name": "s"}, "spec": {"clusterIP": "None"}}
    assert compare([service], [])[0] == ObjectChange("Service", "s", "removed", ("services",))
    addressed = {**service, "spec": {"clusterIP": "10.0.0.1"}}
    assert [(item.action, item.at_risk) for item in compare([addressed], [])] == [("removed", True)]
    assert [(item.action, item.at_risk) for item in compare([], [addressed])] == [("created", False)]


def test_true_is_not_one() -> None:
    """Python holds them for equal, the API server doesn't."""
    one, other = ({"kind": "ConfigMap", "metadata": {"name": "c"}, "data": {"a": {"b": v}}} for v in (True, 1))
    assert [item.paths for item in compare([one], [other])] == [("data.a.b",)]
    assert compare([one], [copy.deepcopy(one)]) == []


# -- controllers of other kinds, and what can't be changed ------------------------------------------------------------


def with_controller(kind: str, **spec: Any) -> dict[str, Any]:
    template = {"spec": {"containers": [{"name": "hivemq", "image": "a:1"}]}}
    return {"apiVersion": "apps/v1", "kind": kind, "metadata": {"name": "hive"}, "spec": {"template": template, **spec}}


def between(monkeypatch: pytest.MonkeyPatch, make: Make, before: Resource, after: Resource) -> Change:
    """The change between two controllers, whatever the resource says."""
    monkeypatch.setattr(module, "objects", lambda cluster: [after if cluster.spec.cpu == "2" else before])
    return change(make(cpu=1), make(cpu=2))


NEW = {"template": {"spec": {"containers": [{"name": "hivemq", "image": "a:2"}]}}}


def test_another_kind_of_controller(resource: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    old, new = with_controller("Deployment", replicas=3), with_controller("StatefulSet", replicas=3)
    found = between(monkeypatch, resource, old, new)
    assert found.effects == ("refused",)
    assert found.sentence() == (
        "would be refused: Deployment hive keeps the brokers, "
        "and another kind of controller needs the cluster to be made anew"
    )
    assert (found.cost.outage, found.cost.reconnects_per_client, found.cost.restarts) == (False, 0.0, 0)
    assert found.fields[0].why == "brokers stay with the kind of controller they have"


def test_a_deployment_starts_the_new_pod_first(resource: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    old, new = with_controller("Deployment", replicas=3), with_controller("Deployment", replicas=3, **NEW)
    assert between(monkeypatch, resource, old, new).cost.reconnects_per_client == 1.37
    alone = [with_controller("Deployment", replicas=1, **more) for more in ({}, NEW)]
    assert between(monkeypatch, resource, alone[0], alone[1]).cost.outage is False


def test_a_daemon_set_has_as_many_brokers_as_nodes(resource: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    found = between(monkeypatch, resource, with_controller("DaemonSet"), with_controller("DaemonSet", **NEW))
    assert (found.effects, found.cost.restarts, found.cost.reconnects_per_client) == (("rolling",), None, None)
    assert found.sentence() == "would restart every broker one after the other: spec.cpu 1 → 2"
    labelled = with_controller("DaemonSet") | {"metadata": {"name": "hive", "labels": {"a": "b"}}}
    found = between(monkeypatch, resource, with_controller("DaemonSet"), labelled)
    assert (found.effects, found.cost.brokers, found.cost.restarts) == (("live",), None, 0)


@pytest.mark.parametrize(
    ("kind", "field", "effect"),
    [
        ("StatefulSet", "volumeClaimTemplates", "refused"),
        ("StatefulSet", "serviceName", "refused"),
        ("StatefulSet", "podManagementPolicy", "refused"),
        ("StatefulSet", "somethingNew", "refused"),
        ("StatefulSet", "updateStrategy", "live"),
        ("StatefulSet", "ordinals", "rolling"),
        ("Deployment", "selector", "refused"),
        ("Deployment", "minReadySeconds", "live"),
        ("DaemonSet", "selector", "refused"),
    ],
)
def test_fields_of_controllers(
    resource: Make, monkeypatch: pytest.MonkeyPatch, kind: str, field: str, effect: str
) -> None:
    found = between(monkeypatch, resource, with_controller(kind), with_controller(kind, **{field: {"a": 1}}))
    assert found.effects == (effect,)
    if effect == "refused":
        assert found.sentence() == f"would be refused: {kind} hive: spec.{field} can't be changed"
        assert found.cost.restarts == 0
        assert found.fields[0].why == f"spec.{field} of {kind} hive can't be changed once it exists"


def test_a_kind_of_controller_that_is_not_known(resource: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever has a template makes pods; of its other fields nothing is claimed."""
    old = with_controller("CloneSet", replicas=3)
    found = between(monkeypatch, resource, old, with_controller("CloneSet", replicas=4, **NEW))
    assert found.effects == ("scale_up", "rolling")
    found = between(monkeypatch, resource, old, with_controller("CloneSet", replicas=3, strategy="x"))
    assert (found.effects, found.cost.brokers, found.cost.restarts) == (("unknown",), 3, None)
    assert found.sentence() == (
        "would have an effect that can't be told: "
        "what a change of spec.strategy does to CloneSet hive is not known here"
    )
    assert found.fields[0].why == "it changes spec.strategy of CloneSet hive, a kind that is not known here"


def test_objects_without_a_controller(resource: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    service = {"kind": "Service", "metadata": {"name": "s"}, "spec": {}}
    found = between(monkeypatch, resource, service, {**service, "spec": {"a": 1}})
    assert (found.effects, found.cost.brokers, found.cost.restarts) == (("services",), None, None)


def test_nothing_restarts_when_the_controller_is_refused(resource: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    old, new = (
        with_controller("StatefulSet", replicas=5),
        with_controller("StatefulSet", replicas=3, serviceName="x", **NEW),
    )
    found = between(monkeypatch, resource, old, new)
    assert found.effects == ("scale_down", "rolling", "refused")
    assert (found.cost.restarts, found.cost.removed, found.cost.clients_moved) == (0, 0, 0.0)
    assert found.sentence() == "would be refused: StatefulSet hive: spec.serviceName can't be changed"


def test_a_refused_resource_changes_nothing(resource: Make) -> None:
    found = change(resource(), resource(cpu="x", memory="9Gi"))
    assert (found.effects, found.objects, found.cost.restarts, found.cost.outage) == (("refused",), (), 0, False)
    assert found.sentence().startswith("would be refused: spec.cpu: 'x' is not a quantity")
    assert [field.path for field in found.fields] == ["spec.cpu", "spec.memory"]


def test_what_follows_an_unsound_resource_is_not_guessed(resource: Make) -> None:
    found = change(resource(cpu="x"), resource(cpu="1"))
    assert (found.effects, found.cost.restarts, found.cost.reconnects_per_client) == (("unknown",), None, None)
    assert "can't be told" in found.sentence()
    assert found.problems[0].startswith("the resource before isn't sound: spec.cpu: ")


def test_two_clusters_are_no_change_of_one(resource: Make) -> None:
    with pytest.raises(ValueError, match=r"^mq/hive and mq/other are different clusters$"):
        change(resource(), resource("other"))
    with pytest.raises(ValueError, match="different clusters"):
        # However long the names: they are only shortened where they are told.
        change(resource("a" * 50 + "b" + "a" * 50), resource("a" * 50 + "c" + "a" * 50))
    elsewhere = resource()
    elsewhere["metadata"]["namespace"] = "else"
    with pytest.raises(ValueError, match="different clusters"):
        change(resource(), elsewhere)
