# Copyright: (c) 2026, the beekeeper.hivemq authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What holds for every resource: generated ones, sound, broken and hostile."""

from __future__ import annotations

import copy
import json
import sys
from collections.abc import Callable
from typing import Any

import pytest
from ansible_collections.beekeeper.hivemq.plugins.module_utils._hivemq import config_xml
from ansible_collections.beekeeper.hivemq.plugins.module_utils._hivemq.crd import resource_schema
from ansible_collections.beekeeper.hivemq.plugins.module_utils._hivemq.objects import objects
from ansible_collections.beekeeper.hivemq.plugins.module_utils._hivemq.spec import parse
from ansible_collections.beekeeper.hivemq.plugins.module_utils._hivemq.status import Observed, status
from ansible_collections.beekeeper.hivemq.plugins.module_utils._hivemq.validate import errors, validate
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

Resource = dict[str, Any]
SLOW = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])

scalars = (
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8)
    | st.sampled_from(["${A}", "<a/>", "{{ 7*7 }}", "$(id)", "\ud800", "a" * 300, "-1Gi", "1e999", "../..", "\x00"])
)  # fmt: skip
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=12,
)


def from_schema(schema: dict[str, Any], noise: st.SearchStrategy[Any] | None) -> st.SearchStrategy[Any]:
    """Values of the right form; with `noise`, here and there something else instead."""
    kind = schema.get("type", "int-or-string")
    made: st.SearchStrategy[Any]
    if kind == "object" and "properties" in schema:
        parts = {name: from_schema(inner, noise) for name, inner in schema["properties"].items()}
        needed = set(schema.get("required", ()))
        made = st.fixed_dictionaries(
            {name: part for name, part in parts.items() if name in needed},
            optional={name: part for name, part in parts.items() if name not in needed},
        )
    elif kind == "object":
        made = st.dictionaries(words, words, max_size=2)
    elif kind == "array":
        made = st.lists(from_schema(schema["items"], noise), max_size=2)
    elif "enum" in schema:
        made = st.sampled_from(schema["enum"])
    elif kind == "boolean":
        made = st.booleans()
    elif kind == "integer":
        made = st.integers(schema.get("minimum", 0), min(schema.get("maximum", 2**31 - 1), 2**31 - 1))
    elif kind == "number":
        made = st.integers(1, 20) | st.floats(1, 20)
    elif kind == "int-or-string":
        made = st.sampled_from([1, 2, "500m", "4Gi", "0.5", "1e9", "x"])
    else:
        made = words
    return made if noise is None else st.one_of(made, made, made, made, noise)


words = st.sampled_from(
    ["mqtt", "cc", "a", "b-c", "A_B", "/etc/a", "none", "1", "<a/>", "hivemq-ce", "preinstalled", "{", "${X}",
     "<hivemq><listeners>--LISTENER-CONFIGURATION--</listeners></hivemq>",
     "<tcp-listener><port>1883</port></tcp-listener>", '{"op":"add","path":"/spec/type","value":"LoadBalancer"}']
)  # fmt: skip
SPEC = resource_schema()["properties"]["spec"]


def storable(value: Any) -> bool:
    """Whether an API server can store a value: finite numbers, no NUL and no lone surrogates."""
    try:
        text = json.dumps(value, allow_nan=False)
    except ValueError:
        return False
    return "\\u0000" not in text and "\\ud800" not in text


def sound_specs() -> st.SearchStrategy[dict[str, Any]]:
    """Specs most of which validate: each field from a pool of good values."""
    names = st.sampled_from(["a", "b", "c-d", "x.y"])
    quantity = st.builds("{}{}".format, st.integers(1, 2000), st.sampled_from(["Gi", "G", "Ti", "Mi"])).filter(
        lambda text: not text.endswith("Mi") or int(text[:-2]) >= 64
    )
    label = st.dictionaries(names, st.sampled_from(["", "1", "A_b"]), max_size=3)
    more_ports = st.lists(
        st.fixed_dictionaries(
            {"name": st.sampled_from(["ws", "cc", "cluster", "api", "tls"]), "port": st.integers(10000, 65535)},
            optional={
                "expose": st.booleans(),
                "patch": st.just(['[{"op":"add","path":"/spec/sessionAffinity","value":"ClientIP"}]']),
            },
        ),
        max_size=3,
        unique_by=(lambda item: item["name"], lambda item: item["port"]),
    ).map(lambda items: [{"name": "mqtt", "port": 1023, "expose": True}, *items])
    mounts = st.lists(
        st.fixed_dictionaries({"name": names, "path": st.sampled_from(["/etc/a", "/etc/b", "none"])}),
        max_size=2,
        unique_by=lambda item: item["path"],
    )
    extension = st.fixed_dictionaries(
        {"name": names}, optional={"enabled": st.booleans(), "configMap": names, "static": st.booleans()}
    )
    env = st.fixed_dictionaries({"name": st.sampled_from(["A", "B", "JAVA_OPTS"])}, optional={"value": st.text("ab ")})
    mount: st.SearchStrategy[dict[str, Any]] = st.fixed_dictionaries(
        {"name": st.sampled_from(["data", "heap-dumps"]), "mountPath": st.sampled_from(["/x", "/y"])}
    )
    container: st.SearchStrategy[dict[str, Any]] = st.fixed_dictionaries(
        {"name": st.sampled_from(["c1", "c2", "c3"]), "image": st.just("i:1")},
        optional={
            "volumeMounts": st.lists(mount, max_size=2, unique_by=lambda item: item["mountPath"]),
            "resources": st.fixed_dictionaries({}, optional={"limits": st.dictionaries(names, quantity, max_size=2)}),
            "lifecycle": values.filter(storable),
            "env": st.lists(env, max_size=2),
        },
    )
    claims: st.SearchStrategy[dict[str, Any]] = st.fixed_dictionaries(
        {
            "metadata": st.fixed_dictionaries({"name": st.sampled_from(["data", "log", "archive"])}),
            "spec": st.fixed_dictionaries(
                {
                    "accessModes": st.just(["ReadWriteOnce"]),
                    "resources": st.fixed_dictionaries({"requests": st.fixed_dictionaries({"storage": quantity})}),
                }
            ),
        }
    )
    ratio = st.integers(1, 9) | st.floats(1, 9)
    groups = {name: from_schema(SPEC["properties"][name], None) for name in ("mqtt", "restrictions", "security")}
    return st.fixed_dictionaries(
        {},
        optional={
            "nodeCount": st.integers(1, 50),
            "image": st.sampled_from(["hivemq/hivemq4", "r:5000/hivemq-ce", "hivemq4@sha256:" + "0" * 64]),
            "hivemqVersion": st.sampled_from(["4.47.1", "2025.4", ""]),
            "cpu": st.integers(1, 64) | st.sampled_from(["500m", "0.5", "1.25"]),
            "memory": quantity,
            "ephemeralStorage": quantity,
            "cpuLimitRatio": ratio,
            "memoryLimitRatio": ratio,
            "labels": label,
            "podLabels": label,
            "podAnnotations": label,
            "nodeSelector": label,
            "ports": more_ports,
            "logLevel": st.sampled_from(["INFO", "DEBUG", "TRACE"]),
            "configMaps": mounts,
            "extensions": st.lists(extension, max_size=3, unique_by=lambda item: item["name"]),
            "env": st.lists(env, max_size=3),
            "additionalVolumes": st.just([{"name": "more"}]),
            "additionalVolumeMounts": st.just([{"name": "data", "mountPath": "/again"}]),
            "sidecars": st.lists(container, max_size=2, unique_by=lambda item: item["name"]),
            "volumeClaimTemplates": st.lists(claims, max_size=3, unique_by=lambda item: item["metadata"]["name"]),
            "controllerTemplate": st.sampled_from(["", "cluster-deployment.yaml", "cluster-daemon-set.yaml"]),
            "affinity": st.sampled_from(["", "{}", "podAffinity: {}"]),
            "monitoring": st.fixed_dictionaries({"enablePrometheus": st.booleans()}),
            "clusterReplicaCount": st.integers(1, 5),
            "listenerConfiguration": st.just("<tcp-listener><port>${HIVEMQ_MQTT_PORT}</port></tcp-listener>"),
            **groups,
        },
    )


def cluster(spec: Any) -> Resource:
    return {"metadata": {"name": "hive", "namespace": "mq", "uid": "u", "generation": 1}, "spec": spec}


def judged(resource: Any) -> bool:
    """Validates, checks what holds for every answer, and says whether the resource is accepted."""
    findings = validate(resource)
    for item in findings:
        assert item.rule
        assert item.problem
        assert "\n" not in str(item)
        assert len(str(item)) < 3000
        str(item).encode()
    assert validate(resource) == findings
    return not errors(findings)


def deep(levels: int) -> Any:
    value: Any = 1
    for _level in range(levels):
        value = {"a": value}
    return value


@given(values)
def test_any_json_value_is_judged(value: Any) -> None:
    before = repr(value)
    judged(value)
    assert repr(value) == before, "the input stays as it was"


HOSTILE = [
    {"metadata": {"name": "a"}, "spec": {"sidecars": [{"name": "a", "image": "b", "deep": deep(900)}]}},
    {"metadata": {"name": "a"}, "spec": {"additionalVolumes": [{"name": "a", "deep": deep(39)}]}},
    {"metadata": {"name": "a"}, "spec": {"volumeClaimTemplates": [{"metadata": {"\ud800": "\x00"}}]}},
    {"metadata": {"name": "a"}, "spec": {"affinity": "[" * 60_000}},
    {"metadata": {"name": "a"}, "spec": {"affinity": "- " * 30_000}},
    {"metadata": {"name": "a"}, "spec": {"affinity": "a:" + " " * 60_000 + "b"}},
    {"metadata": {"name": "a"}, "spec": {"affinity": "{{ " * 20_000}},
    {"metadata": {"name": "a"}, "spec": {"affinity": "a" * 60_000 + " " * 4000 + ":"}},
    {"metadata": {"name": "a"}, "spec": {"affinity": "x #" * 20_000}},
    deep(900),
    {"metadata": {"name": "a"}, "spec": deep(900)},
    {"metadata": {"name": "a"}, "spec": {"podLabels": {"a": deep(900)}}},
    {"metadata": {"name": "a"}, "spec": {"nodeCount": 10**6000, "\ud800": 10**6000}},
    {"metadata": {"name": "a"}, "spec": {"podLabels": {"\ud800\n": "\ud800"}, "cpu": 10**6000}},
    {"metadata": {"name": "a"}, "spec": {"podLabels": {"\ud800\n": "a"}}},
    {"metadata": {"name": "a"}, "spec": {"cpu": 10**6000}},
    {"metadata": {"name": "\ud800"}, "spec": {}},
    {"apiVersion": "\ud800", "metadata": {"name": "a"}, "spec": {}, "\ud800": 1},
    {"metadata": {"name": "a"}, "spec": {"podAnnotations": {"\x00": "x" * 10**6}}},
    {"metadata": {"name": "a"}, "spec": {"javaOptions": "-Xmx" + "9" * 10_000 + "g"}},
    {"metadata": {"name": "a"}, "spec": {"memory": "9" * 10_000 + "Gi"}},
]


@pytest.mark.parametrize("number", range(len(HOSTILE)))
def test_a_hostile_value_is_refused_or_harmless(number: int) -> None:
    judged(HOSTILE[number])


MANY: dict[str, Callable[[int], Any]] = {
    "configMaps": lambda i: {"name": f"a{i}", "path": f"/a/{i}"},
    "extensions": lambda i: {"name": f"a{i}", "configMap": f"a{i}"},
    "additionalVolumes": lambda i: {"name": f"a{i}"},
    "additionalVolumeMounts": lambda i: {"name": "data", "mountPath": f"/a/{i}"},
    "sidecars": lambda i: {"name": f"a{i}", "image": "b:1", "volumeMounts": [{"name": "data", "mountPath": "/a"}]},
    "volumeClaimTemplates": lambda i: {"metadata": {"name": f"a{i}"}},
}


def steps_of(field: str, count: int) -> int:
    """How many lines of code run while a resource with so many items is judged."""
    resource = cluster({field: [MANY[field](number) for number in range(count)]})
    lines = 0

    def trace(_frame: Any, event: str, _argument: Any) -> Any:
        nonlocal lines
        lines += event == "line"
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        judged(resource)
    finally:
        sys.settrace(before)
    return lines


@pytest.mark.parametrize("field", MANY)
def test_the_work_grows_with_the_size_and_not_with_its_square(field: str) -> None:
    """Twice the items are about twice the work. Compared each with each, they would be four times."""
    assert steps_of(field, 400) < 2.5 * steps_of(field, 200)


@SLOW
@given(from_schema(SPEC, values))
def test_any_spec_is_judged_and_an_accepted_one_has_objects(spec: Any) -> None:
    resource = cluster(spec)
    if judged(resource):
        json.dumps(objects(parse(resource)))


@SLOW
@given(sound_specs())
def test_objects_of_a_sound_spec(spec: dict[str, Any]) -> None:
    resource = cluster(spec)
    assert judged(resource), [str(item) for item in errors(validate(resource))]
    made = objects(parse(resource))
    assert json.loads(json.dumps(made, allow_nan=False)) == made
    assert objects(parse(copy.deepcopy(resource))) == made
    # The order in which a map was written is no change.
    backwards = json.loads(json.dumps(resource), object_pairs_hook=lambda pairs: dict(reversed(pairs)))
    assert objects(parse(backwards)) == made
    names = [(item["kind"], item["metadata"]["name"]) for item in made]
    assert len(names) == len(set(names))
    pod = made[-1]["spec"]["template"]["spec"]
    volumes = [item["name"] for item in pod["volumes"]]
    volumes += [item["metadata"]["name"] for item in made[-1]["spec"].get("volumeClaimTemplates", ())]
    assert len(volumes) == len(set(volumes))
    for container in (*pod["containers"], *pod["initContainers"]):
        assert {item["name"] for item in container.get("volumeMounts", ())} <= set(volumes)
    broker = pod["containers"][0]
    for name, key in (("env", "name"), ("volumeMounts", "mountPath"), ("ports", "containerPort")):
        identities = [item[key] for item in broker[name]]
        assert len(identities) == len(set(identities)), name
    config_xml.inspect(config_xml.render(parse(resource).spec))


counts = st.integers(0, 4)
states = st.sampled_from(
    [
        {"phase": "Pending"},
        {"phase": "Running", "conditions": [{"type": "Ready", "status": "True"}]},
        {"conditions": [{"type": "PodScheduled", "status": "False"}]},
        {"containerStatuses": [{"name": "hivemq", "state": {"waiting": {"reason": "ErrImagePull"}}}]},
        {"containerStatuses": [{"name": "hivemq", "state": {"waiting": {"reason": "CrashLoopBackOff"}}}]},
        {},
    ]
)
controllers = st.none() | st.fixed_dictionaries(
    {
        "metadata": st.fixed_dictionaries({"name": st.just("hive"), "generation": st.integers(1, 3)}),
        "spec": st.fixed_dictionaries({"replicas": counts}),
    },
    optional={
        "status": st.fixed_dictionaries(
            {"replicas": counts},
            optional={
                "observedGeneration": st.integers(1, 3),
                "readyReplicas": counts,
                "updatedReplicas": counts,
                "currentRevision": st.sampled_from("ab"),
                "updateRevision": st.sampled_from("ab"),
            },
        )
    },
)
moments = st.tuples(
    st.sampled_from([{}, {"nodeCount": 1}, {"nodeCount": 2}, {"cpu": "x"}]),
    controllers,
    st.lists(states, max_size=3),
    st.integers(0, 3),
    st.none() | st.just("forbidden"),
)


@SLOW
@given(st.lists(moments, min_size=1, max_size=4))
def test_the_status_settles_whatever_was_before(history: list[Any]) -> None:
    before: dict[str, Any] = {}
    for second, (spec, controller, pods, services, failure) in enumerate(history):
        resource = {**cluster(spec), "status": before}
        violations = validate(resource)
        parsed = None if errors(violations) else parse(resource)
        live = [item for item in objects(parse(cluster({}))) if item["kind"] == "Service"][:services]
        named = [{"metadata": {"name": f"hive-{number}"}, "status": item} for number, item in enumerate(pods)]
        observed = Observed(controller, live, named, failure)
        found = status(parsed, resource, observed, violations, f"2026-01-01T00:00:0{second}Z")
        again = status(parsed, {**resource, "status": found}, observed, violations, "2027-01-01T00:00:00Z")
        assert again == found
        ready = next(item["status"] for item in found["conditions"] if item["type"] == "Ready")
        assert (ready == "True") == (found["state"] == "Running")
        assert found["message"]
        before = found
