# Copyright: (c) 2026, the beekeeper.hivemq authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every rule: refused where it should be, with its place, and silent where it should be."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import security_cases
import workload_cases
from ansible_collections.beekeeper.hivemq.plugins.module_utils import _hivemq
from ansible_collections.beekeeper.hivemq.plugins.module_utils._hivemq.config_xml import MAX_BYTES
from ansible_collections.beekeeper.hivemq.plugins.module_utils._hivemq.objects import objects
from ansible_collections.beekeeper.hivemq.plugins.module_utils._hivemq.spec import parse
from ansible_collections.beekeeper.hivemq.plugins.module_utils._hivemq.validate import (
    Violation,
    errors,
    validate,
    warnings,
)

Make = Callable[..., dict[str, Any]]

MQTT = {"name": "mqtt", "port": 1883}
TCP = "<tcp-listener><port>${HIVEMQ_MQTT_PORT}</port></tcp-listener>"


def ports(*items: dict[str, Any]) -> dict[str, Any]:
    return {"ports": [MQTT, *items]}


def patched(*patch: str, expose: bool = True) -> dict[str, Any]:
    return {"ports": [{**MQTT, "expose": expose, "patch": list(patch)}]}


def listeners(*numbers: str) -> str:
    return "".join(f"<tcp-listener><port>{number}</port></tcp-listener>" for number in numbers)


# rule, path, spec
REFUSED: list[tuple[str, str, dict[str, Any]]] = [
    ("ports-mqtt-first", "spec.ports", {"ports": []}),
    ("ports-mqtt-first", "spec.ports", {"ports": [{"name": "ws", "port": 8000}]}),
    ("ports-mqtt-first", "spec.ports", {"ports": [{"name": "ws", "port": 8000}, MQTT]}),
    ("port-number-duplicate", "spec.ports[1].port", ports({"name": "ws", "port": 1883})),
    ("port-number-duplicate", "spec.ports", {"ports": [{"name": "mqtt", "port": 8080}]}),
    ("port-name", "spec.ports[1].name", ports({"name": "web_socket", "port": 8000})),
    ("port-name", "spec.ports[1].name", ports({"name": "a" * 16, "port": 8000})),
    ("port-name", "spec.ports[1].name", ports({"name": "80", "port": 8000})),
    ("port-name", "spec.ports[1].name", ports({"name": "a--b", "port": 8000})),
    ("patch-invalid", "spec.ports[0].patch", patched("{")),
    ("patch-invalid", "spec.ports[0].patch", patched('{"op":"remove","path":"/spec/nothing"}')),
    ("patch-invalid", "spec.ports[0].patch", patched('{"op":"replace","path":"/metadata/name","value":"x"}')),
    ("patch-invalid", "spec.ports[0].patch", patched('{"op":"add","path":"/metadata/ownerReferences","value":[]}')),
    ("patch-invalid", "spec.ports[0].patch", patched('{"op":"replace","path":"/kind","value":"Pod"}')),
    ("patch-invalid", "spec.ports[0].patch", patched('{"op":"add","path":"/status","value":{}}')),
    ("patch-invalid", "spec.ports[0].patch", patched('{"op":"remove","path":"/metadata/labels/app"}')),
    ("patch-invalid", "spec.ports[0].patch", patched('{"op":"remove","path":"/spec/selector"}')),
    ("patch-invalid", "spec.ports[0].patch", patched('{"op":"replace","path":"","value":[]}')),
    ("patch-invalid", "spec.ports[0].patch", patched('{"op":"add","path":"/metadata/annotations/a","value":1}')),
    ("patch-invalid", "spec.ports[0].patch", patched('{"op":"replace","path":"/spec/ports","value":[]}')),
    (
        "patch-invalid",
        "spec.ports[1].patch",
        ports(
            {
                "name": "cluster",
                "port": 7000,
                "expose": True,
                "patch": ['{"op":"replace","path":"/spec/clusterIP","value":""}'],
            }
        ),
    ),
    ("image-form", "spec.image", {"image": "hive mq"}),
    ("image-form", "spec.image", {"image": "https://"}),
    ("version-form", "spec.hivemqVersion", {"hivemqVersion": "4.47.1 "}),
    ("version-form", "spec.hivemqVersion", {"hivemqVersion": "sha256:0"}),
    ("image-tag-twice", "spec.image", {"image": "hivemq/hivemq4:4.46.0", "hivemqVersion": "4.47.1"}),
    ("image-legacy", "spec.hivemqVersion", {"hivemqVersion": "k8s-4.47.1"}),
    ("image-legacy", "spec.hivemqVersion", {"image": "hivemq/hivemq4:k8s-4.47.1"}),
    ("quantity", "spec.cpu", {"cpu": "four"}),
    ("quantity", "spec.memory", {"memory": "8 Gi"}),
    ("quantity", "spec.ephemeralStorage", {"ephemeralStorage": "15GB"}),
    ("quantity-positive", "spec.cpu", {"cpu": 0}),
    ("quantity-positive", "spec.memory", {"memory": "-8Gi"}),
    ("quantity-unit", "spec.memory", {"memory": 4}),
    ("quantity-unit", "spec.memory", {"memory": "4000m"}),
    ("quantity-unit", "spec.ephemeralStorage", {"ephemeralStorage": "15"}),
    ("quantity-unit", "spec.cpu", {"cpu": "4Gi"}),
    ("limit-too-large", "spec.memoryLimitRatio", {"memory": "7Ei", "memoryLimitRatio": 2}),
    ("heap-exceeds-memory", "spec.javaOptions", {"memory": "2Gi", "javaOptions": "-Xms1g -Xmx2g"}),
    ("heap-exceeds-memory", "spec.javaOptions", {"memory": "2Gi", "javaOptions": "-Xmx1g -Xmx4096m"}),
    ("label-form", "spec.podLabels[a b]", {"podLabels": {"a b": "c"}}),
    ("label-form", "spec.labels.a", {"labels": {"a": "b c"}}),
    ("label-form", "spec.nodeSelector[/a]", {"nodeSelector": {"/a": "b"}}),
    ("label-form", "spec.podAnnotations[a/b/c]", {"podAnnotations": {"a/b/c": "d"}}),
    ("label-reserved", "spec.podLabels.app", {"podLabels": {"app": "mine"}}),
    ("label-reserved", "spec.podLabels[hivemq.com/node-offline]", {"podLabels": {"hivemq.com/node-offline": "true"}}),
    (
        "label-reserved",
        "spec.podAnnotations[beekeeper.hivemq.com/config-hash]",
        {"podAnnotations": {"beekeeper.hivemq.com/config-hash": "1"}},
    ),
    ("annotations-size", "spec.podAnnotations", {"podAnnotations": {"a": "x" * 300_000}}),
    ("env-name", "spec.env[0].name", {"env": [{"name": "A B", "value": "1"}]}),
    ("env-name", "spec.env[0].name", {"env": [{"name": "1A", "value": "1"}]}),
    ("env-source", "spec.env[0].valueFrom", {"env": [{"name": "A", "valueFrom": {}}]}),
    (
        "env-source",
        "spec.env[0].valueFrom",
        {"env": [{"name": "A", "value": "1", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}}]},
    ),
    ("toleration", "spec.tolerations[0]", {"tolerations": [{"operator": "Equal", "value": "a"}]}),
    ("toleration", "spec.tolerations[0]", {"tolerations": [{"key": "a", "operator": "Exists", "value": "b"}]}),
    ("toleration", "spec.tolerations[0]", {"tolerations": [{"key": "a", "tolerationSeconds": 5}]}),
    ("toleration", "spec.tolerations[0]", {"tolerations": [{"key": "a", "operator": "Like"}]}),
    ("toleration", "spec.tolerations[0]", {"tolerations": [{"key": "a", "effect": "Never"}]}),
    ("root-refused", "spec.podSecurityContext.runAsUser", {"podSecurityContext": {"runAsUser": 0}}),
    ("root-refused", "spec.containerSecurityContext.runAsUser", {"containerSecurityContext": {"runAsUser": 0}}),
    ("reference-name", "spec.imagePullSecrets[0]", {"imagePullSecrets": ["A"]}),
    ("reference-name", "spec.secrets[0].name", {"secrets": [{"name": "a_b", "path": "/a"}]}),
    ("reference-name", "spec.extensions[0].configMap", {"extensions": [{"name": "x", "configMap": "a/b"}]}),
    ("reference-name", "spec.serviceAccountName", {"serviceAccountName": "Mine"}),
    ("mount-path", "spec.configMaps[0].path", {"configMaps": [{"name": "a", "path": "etc"}]}),
    ("mount-path", "spec.configMaps[0].path", {"configMaps": [{"name": "a", "path": "/etc/../opt"}]}),
    ("mount-path", "spec.secrets[0].path", {"secrets": [{"name": "a", "path": "/a:b"}]}),
    ("mount-path-reserved", "spec.configMaps[0].path", {"configMaps": [{"name": "a", "path": "/opt/hivemq/conf"}]}),
    ("mount-path-reserved", "spec.configMaps[0].path", {"configMaps": [{"name": "a", "path": "/opt/hivemq/conf/x"}]}),
    ("mount-path-reserved", "spec.configMaps[0].path", {"configMaps": [{"name": "a", "path": "/opt/hivemq/data/"}]}),
    ("mount-path-reserved", "spec.configMaps[0].path", {"configMaps": [{"name": "a", "path": "/opt"}]}),
    ("mount-path-reserved", "spec.secrets[0].path", {"secrets": [{"name": "a", "path": "/"}]}),
    ("mount-path-reserved", "spec.secrets[0].path", {"secrets": [{"name": "a", "path": "/beekeeper/config/x"}]}),
    (
        "mount-path-reserved",
        "spec.configMaps[0].path",
        {"configMaps": [{"name": "a", "path": "/opt/hivemq/extensions/x"}]},
    ),
    (
        "mount-path-clash",
        "spec.secrets[0].path",
        {"configMaps": [{"name": "a", "path": "/a"}], "secrets": [{"name": "b", "path": "/a/"}]},
    ),
    (
        "mount-path-clash",
        "spec.configMaps[1].path",
        {"configMaps": [{"name": "a", "path": "/a/b"}, {"name": "b", "path": "/a"}]},
    ),
    ("extension-name", "spec.extensions[0].name", {"extensions": [{"name": "../x"}]}),
    ("extension-name", "spec.extensions[0].name", {"extensions": [{"name": "$(reboot)"}]}),
    ("extension-uri", "spec.extensions[0].extensionUri", {"extensions": [{"name": "x", "extensionUri": "http://a/x"}]}),
    ("duplicate", "spec.extensions[1]", {"extensions": [{"name": "x"}, {"name": "x"}]}),
    ("dns-suffix", "spec.dnsSuffix", {"dnsSuffix": "svc cluster"}),
    ("listener-xml", "spec.listenerConfiguration", {"listenerConfiguration": "<tcp-listener>"}),
    ("listener-xml", "spec.listenerConfiguration", {"listenerConfiguration": "</listeners>"}),
    ("listener-xml", "spec.listenerConfiguration", {"listenerConfiguration": "<a/>" + " " * MAX_BYTES + "<b/>"}),
    ("listener-body", "spec.listenerConfiguration", {"listenerConfiguration": f"<listeners>{TCP}</listeners>"}),
    ("listener-body", "spec.listenerConfiguration", {"listenerConfiguration": "text"}),
    ("listener-mqtt-missing", "spec.listenerConfiguration", {"listenerConfiguration": listeners("1884")}),
    ("listener-port-clash", "spec.listenerConfiguration", {"listenerConfiguration": listeners("1883", "1883")}),
    (
        "listener-port-clash",
        "spec.listenerConfiguration",
        {"listenerConfiguration": listeners("1883", "${HIVEMQ_MQTT_PORT}")},
    ),
    ("config-xml", "spec.configOverride", {"configOverride": "<hivemq>"}),
    ("config-xml", "spec.configOverride", {"configOverride": '<!DOCTYPE a [<!ENTITY b "c">]><hivemq>&b;</hivemq>'}),
    ("config-xml", "spec.configOverride", {"configOverride": '<hivemq a="--LISTENER-CONFIGURATION--"/>'}),
    ("config-root", "spec.configOverride", {"configOverride": "<configuration/>"}),
    ("listener-mqtt-missing", "spec.configOverride", {"configOverride": "<hivemq/>"}),
    *workload_cases.REFUSED,
    *security_cases.REFUSED,
]

WARNED: list[tuple[str, str, dict[str, Any]]] = [
    ("patch-unused", "spec.ports[0].patch", patched('{"op":"add","path":"/spec/type","value":"x"}', expose=False)),
    ("label-reserved", "spec.labels.app", {"labels": {"app": "mine"}}),
    ("env-duplicate", "spec.env[1].name", {"env": [{"name": "A", "value": "1"}, {"name": "A", "value": "2"}]}),
    ("env-replaces-own", "spec.env[0].name", {"env": [{"name": "HIVEMQ_MAX_QOS", "value": "1"}]}),
    ("static-not-watched", "spec.configMaps[0].static", {"configMaps": [{"name": "a", "path": "/a", "static": True}]}),
    (
        "static-not-watched",
        "spec.extensions[0].static",
        {"extensions": [{"name": "x", "configMap": "c", "static": True}]},
    ),
    ("replicas-exceed-nodes", "spec.clusterReplicaCount", {"nodeCount": 2, "clusterReplicaCount": 3}),
    ("placeholder-unset", "spec.listenerConfiguration", {"listenerConfiguration": TCP + "<!-- ${NOPE} -->"}),
    (
        "listener-unused",
        "spec.listenerConfiguration",
        {"configOverride": f"<hivemq><listeners>{TCP}</listeners></hivemq>", "listenerConfiguration": TCP},
    ),
    *workload_cases.WARNED,
    *security_cases.WARNED,
]

COMMUNITY_WARNED: list[tuple[str, str, dict[str, Any]]] = [
    ("community-no-cluster", "spec.nodeCount", {"nodeCount": 3}),
    ("community-setting", "spec.clusterReplicaCount", {"clusterReplicaCount": 1}),
    (
        "community-setting",
        "spec.security.controlCenterAuditLogEnabled",
        {"security": {"controlCenterAuditLogEnabled": False}},
    ),
    (
        "community-element",
        "spec.configOverride",
        {"configOverride": f"<hivemq><cluster/><listeners>{TCP}</listeners></hivemq>"},
    ),
    ("placeholder-unset", "spec.listenerConfiguration", {"listenerConfiguration": TCP + "<!--${HIVEMQ_LOG_LEVEL}-->"}),
    *workload_cases.COMMUNITY_WARNED,
]

ACCEPTED: list[dict[str, Any]] = [
    *workload_cases.ACCEPTED,
    *security_cases.ACCEPTED,
    {},
    {"image": "registry.example.com:5000/hivemq/hivemq4", "hivemqVersion": "4.47.1"},
    {"image": "hivemq/hivemq4:4.47.1", "hivemqVersion": "4.47.1"},
    {"image": "hivemq/hivemq4@sha256:" + "0" * 64, "hivemqVersion": "4.47.1"},
    {"cpu": 4, "memory": "384Mi", "ephemeralStorage": "15Gi", "javaOptions": "-Xmx160m"},
    {"memory": "1Gi", "memoryLimitRatio": 2, "javaOptions": "-Xmx1g"},
    {"javaOptions": "-DNOPE=1", "listenerConfiguration": TCP + "<!-- ${NOPE} -->"},
    {"env": [{"name": "NOPE", "value": "1"}], "listenerConfiguration": TCP + "<!-- ${NOPE} -->"},
    {"listenerConfiguration": TCP + "<!-- ${FILE:/etc/name} ${HIVEMQ_CONTROL_CENTER_USER} -->"},
    {"env": [{"name": "P", "value": "1883"}], "listenerConfiguration": listeners("${P}")},
    # What the port is, only the Secret knows.
    {
        "env": [{"name": "P", "valueFrom": {"secretKeyRef": {"name": "s", "key": "k"}}}],
        "listenerConfiguration": listeners("${P}"),
    },
    {"configMaps": [{"name": "a", "path": "none"}, {"name": "b", "path": "none"}]},
    {"configMaps": [{"name": "l", "path": "/opt/hivemq/license"}, {"name": "x", "path": "/opt/hivemq/data/x"}]},
    {"extensions": [{"name": "hivemq-kafka-extension", "extensionUri": "preinstalled", "enabled": False}]},
    {"podLabels": {"app.kubernetes.io/part-of": "iot", "empty": "", "app": "hivemq"}},
    {"podSecurityContext": {"runAsUser": 0, "runAsNonRoot": False}},
    {"tolerations": [{"key": "a", "operator": "", "effect": ""}], "cpu": "10m", "cpuLimitRatio": 200},
    {"tolerations": [{"operator": "Exists"}, {"key": "a", "effect": "NoExecute", "tolerationSeconds": 0}]},
    {"controllerTemplate": "cluster-deployment.yaml", "affinity": "{}", "operatorHints": {}, "customProperties": {}},
    {"operatorHints": {"statefulSet": {"surgeNode": False}}},
    {"restApiConfiguration": "<rest-api/>", "configOverride": f"<hivemq><listeners>{TCP}</listeners></hivemq>"},
    {
        "restApiConfiguration": "<rest-api><enabled>true</enabled></rest-api>",
        "configOverride": f"<hivemq><!--REST-API-CONFIGURATION--><listeners>{TCP}</listeners></hivemq>",
    },
    {"monitoring": {"enablePrometheus": False}},
    {
        "monitoring": {"enablePrometheus": True, "scrapeInterval": "1m30s"},
        "extensions": [{"name": "hivemq-prometheus-extension", "extensionUri": "preinstalled"}],
    },
    # Names by which the vendor's pods know these volumes.
    {
        "configMaps": [{"name": "tools", "path": "none"}],
        "secrets": [{"name": "certificates", "path": "none"}],
        "sidecars": [
            {
                "name": "side",
                "image": "side:1",
                "volumeMounts": [
                    {"name": name, "mountPath": f"/mnt/{name}"}
                    for name in ("tools", "certificates", "heap-dumps", "log")
                ],
            }
        ],
    },
    ports({"name": "cc", "port": 9090}, {"name": "cluster", "port": 7800}, {"name": "ws", "port": 8080}),
]


def found(resource: dict[str, Any]) -> list[tuple[str, str, str]]:
    return [(item.severity, item.rule, item.path) for item in validate(resource)]


@pytest.mark.parametrize(("rule", "path", "spec"), REFUSED)
def test_refused(resource: Make, rule: str, path: str, spec: dict[str, Any]) -> None:
    assert found(resource(**spec)) == [("error", rule, path)]


@pytest.mark.parametrize(("rule", "path", "spec"), WARNED)
def test_warned(resource: Make, rule: str, path: str, spec: dict[str, Any]) -> None:
    assert found(resource(**spec)) == [("warning", rule, path)]


@pytest.mark.parametrize(("rule", "path", "spec"), COMMUNITY_WARNED)
def test_warned_in_a_community_edition(community: Make, rule: str, path: str, spec: dict[str, Any]) -> None:
    assert found(community(**spec)) == [("warning", rule, path)]


@pytest.mark.parametrize("spec", ACCEPTED)
def test_accepted_without_a_word(resource: Make, spec: dict[str, Any]) -> None:
    assert validate(resource(**spec)) == []
    objects(parse(resource(**spec)))


def test_accepted_community(community: Make) -> None:
    assert validate(community()) == []


@pytest.mark.parametrize(
    ("name", "spec", "rule"),
    [
        ("Hive", {}, "name-label"),
        ("hive.mq", {}, "name-label"),
        ("-hive", {}, "name-label"),
        ("a" * 48, {}, ""),
        ("a" * 49, {}, "name-length"),
        ("a" * 41, ports({"name": "fifteen-letters", "port": 8000}), "name-length"),
        ("a" * 40, ports({"name": "fifteen-letters", "port": 8000}), ""),
    ],
)
def test_name(resource: Make, name: str, spec: dict[str, Any], rule: str) -> None:
    assert [item.rule for item in validate(resource(name, **spec))] == ([rule] if rule else [])
    if not rule:
        for item in objects(parse(resource(name, **spec))):
            assert len(item["metadata"]["name"]) <= 63


@pytest.mark.parametrize(
    ("value", "path"),
    [
        (None, ""),
        ([], ""),
        ("text", ""),
        ({}, "metadata"),
        ({"metadata": {}, "spec": {}}, "metadata.name"),
        ({"metadata": {"name": 1}, "spec": {}}, "metadata.name"),
        ({"metadata": {"name": "a", "namespace": 1}, "spec": {}}, "metadata.namespace"),
        ({"metadata": {"name": "a"}}, "spec"),
        ({"metadata": {"name": "a"}, "spec": None}, "spec"),
        ({"apiVersion": "hivemq.com/v2", "metadata": {"name": "a"}, "spec": {}}, "apiVersion"),
        ({"kind": "HiveMQPlatform", "metadata": {"name": "a"}, "spec": {}}, "kind"),
        ({"metadata": {"name": "a"}, "spec": {}, "nodeCount": 3}, "'nodeCount'"),
    ],
)
def test_what_is_no_cluster(value: Any, path: str) -> None:
    assert path in [item.path for item in errors(validate(value))]


def test_all_findings_come_at_once(resource: Make) -> None:
    spec = {"cpu": "x", "image": "a b", "env": [{"name": "A B", "value": ""}], "listenerConfiguration": "<"}
    assert {item.rule for item in validate(resource(**spec))} == {"quantity", "image-form", "env-name", "listener-xml"}


def test_meaning_is_looked_at_only_when_the_structure_is_sound(resource: Make) -> None:
    assert found(resource(nodeCount="3", cpu="x")) == [("error", "type", "spec.nodeCount")]


def test_every_rule_is_tested_and_named_once() -> None:
    folder = Path(next(iter(_hivemq.__path__)))
    text = "".join(path.read_text() for path in folder.glob("*.py"))
    rules = set(re.findall(r'Violation\(\s*"([a-z-]+)"', text))
    tested = {rule for rule, _path, _spec in (*REFUSED, *WARNED, *COMMUNITY_WARNED)}
    structural = {"type", "required", "unknown-field", "enum", "length", "pattern", "format", "minimum", "maximum"}
    elsewhere = structural | {"duplicate", "depth", "identity", "name-label", "name-length"}
    assert rules - elsewhere == tested - elsewhere
    assert all(re.fullmatch(r"[a-z]+(-[a-z]+)*", rule) for rule in rules)


def test_a_violation_is_one_readable_line() -> None:
    full = Violation("a-rule", "spec.cpu", "is\nwrong", "nothing works", "change it")
    assert str(full) == "spec.cpu: is wrong; nothing works. Change it. [a-rule]"
    assert str(Violation("a-rule", "", "is wrong")) == "is wrong. [a-rule]"


def test_errors_and_warnings() -> None:
    one, two = Violation("a", "", "x"), Violation("b", "", "y", severity="warning")
    assert errors([one, two]) == [one]
    assert warnings([one, two]) == [two]
