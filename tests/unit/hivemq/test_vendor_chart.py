# Copyright: (c) 2026, the beekeeper.hivemq authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A resource in the form in which the vendor's chart renders its defaults: every field present, most of them empty."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ansible_collections.beekeeper.hivemq.plugins.module_utils._hivemq import config_xml
from ansible_collections.beekeeper.hivemq.plugins.module_utils._hivemq.objects import objects
from ansible_collections.beekeeper.hivemq.plugins.module_utils._hivemq.spec import parse
from ansible_collections.beekeeper.hivemq.plugins.module_utils._hivemq.validate import errors, validate

Make = Callable[..., dict[str, Any]]

AFFINITY = """
podAntiAffinity:
  preferredDuringSchedulingIgnoredDuringExecution:
    - weight: 60
      podAffinityTerm:
        labelSelector:
          matchExpressions:
            - {key: hivemq-cluster, operator: In, values: [{{ spec.name }}]}
        topologyKey: "kubernetes.io/hostname"
"""
OVERRIDE = """<?xml version="1.0"?>
<hivemq xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">
    <listeners>
        --LISTENER-CONFIGURATION--
    </listeners>
    <control-center>
        <users><user><name>${HIVEMQ_CONTROL_CENTER_USER}</name></user></users>
    </control-center>
    <!--REST-API-CONFIGURATION-->
    <cluster><transport><tcp><bind-port>${HIVEMQ_CLUSTER_PORT}</bind-port></tcp></transport></cluster>
</hivemq>
"""
ANNOTATED = (
    '[{"op":"add","path":"/spec/selector/hivemq.com~1node-offline","value":"false"},'
    '{"op":"add","path":"/metadata/annotations","value":{"service.spec.externalTrafficPolicy":"Local"}}]'
)


def chart(resource: Make, **more: Any) -> dict[str, Any]:
    spec: dict[str, Any] = {
        "nodeCount": 3,
        "image": "hivemq/hivemq4",
        "hivemqVersion": "4.47.1",
        "imagePullPolicy": "IfNotPresent",
        "memory": "4Gi",
        "cpu": "4",
        "ephemeralStorage": "15Gi",
        **dict.fromkeys(("memoryLimitRatio", "ephemeralStorageLimitRatio", "cpuLimitRatio"), 1),
        "extensions": [
            {"name": "hivemq-kafka-extension", "extensionUri": "preinstalled", "enabled": False},
            {
                "name": "hivemq-enterprise-security-extension",
                "extensionUri": "preinstalled",
                "enabled": False,
                "initialization": "[[ ! -f a.jar ]] &&\ncurl -L https://example.com/a.jar --output a.jar\n",
            },
        ],
        "logLevel": "INFO",
        "serviceAccountName": "release-hivemq-operator-hivemq",
        "labels": {"app.kubernetes.io/name": "hivemq-operator", "helm.sh/chart": "hivemq-operator-0.11.62"},
        "env": [],
        "ports": [
            {"name": "mqtt", "port": 1883, "expose": True, "patch": [ANNOTATED]},
            {
                "name": "cc",
                "port": 8080,
                "expose": True,
                "patch": ['[{"op":"add","path":"/spec/sessionAffinity","value":"ClientIP"}]'],
            },
        ],
        "clusterOverloadProtection": True,
        "clusterReplicaCount": 2,
        "controllerTemplate": "cluster-deployment.yaml",
        "affinity": AFFINITY,
        "listenerConfiguration": "<tcp-listener>\n    <port>${HIVEMQ_MQTT_PORT}</port>\n</tcp-listener>\n",
        "restApiConfiguration": "<rest-api/>\n",
        "configOverride": OVERRIDE,
        **{name: [] for name in ("initialization", "sidecars", "initContainers", "topologySpreadConstraints")},
        **{name: [] for name in ("tolerations", "additionalVolumes", "additionalVolumeMounts")},
        **{name: {} for name in ("nodeSelector", "podAnnotations", "customProperties", "podLabels")},
        **dict.fromkeys(("runtimeClassName", "priorityClassName"), ""),
        "dnsSuffix": "svc.cluster.local.",
        "initBusyboxImage": "busybox:latest",
        "initDnsWaitImage": "hivemq/init-dns-wait:1.0.0",
        "mqtt": {"sessionExpiryInterval": 4294967295, "messageExpiryMaxInterval": 4294967296, "keepaliveMax": 65535},
        "restrictions": {"maxConnections": -1, "incomingBandwidthThrottling": 0},
        "security": {"controlCenterAuditLogEnabled": True},
        **more,
    }
    return resource(**spec)


def made(resource: dict[str, Any]) -> dict[tuple[str, str], dict[str, Any]]:
    assert errors(validate(resource)) == []
    return {(item["kind"], item["metadata"]["name"]): item for item in objects(parse(resource))}


def test_its_defaults_are_accepted(resource: Make) -> None:
    found = validate(chart(resource))
    assert [(item.severity, item.rule, item.path) for item in found] == [
        ("warning", "init-image-unused", "spec.initDnsWaitImage"),
        ("warning", "init-image-unused", "spec.initBusyboxImage"),
    ]


def test_the_images_with_start_scripts_are_refused_by_name(resource: Make) -> None:
    assert [item.rule for item in errors(validate(chart(resource, hivemqVersion="k8s-4.47.1")))] == ["image-legacy"]


def test_what_they_make(resource: Make) -> None:
    found = made(chart(resource))
    assert list(found) == [
        ("ConfigMap", "hivemq-hive-config"),
        ("Service", "hivemq-hive-mqtt"),
        ("Service", "hivemq-hive-cc"),
        ("Service", "hivemq-hive-cluster"),
        ("PodDisruptionBudget", "hivemq-hive"),
        ("Deployment", "hive"),
    ]
    mqtt = found["Service", "hivemq-hive-mqtt"]
    assert mqtt["metadata"]["annotations"] == {"service.spec.externalTrafficPolicy": "Local"}
    assert mqtt["spec"]["selector"] == {"app": "hivemq", "hivemq-cluster": "hive", "hivemq.com/node-offline": "false"}
    assert found["Service", "hivemq-hive-cc"]["spec"]["sessionAffinity"] == "ClientIP"
    document = config_xml.inspect(found["ConfigMap", "hivemq-hive-config"]["data"]["config.xml"])
    assert document.texts("hivemq", "listeners", "tcp-listener", "port") == ["${HIVEMQ_MQTT_PORT}"]
    assert document.children("hivemq") == ["listeners", "control-center", "rest-api", "cluster"]
    pod = found["Deployment", "hive"]["spec"]["template"]["spec"]
    assert pod["serviceAccountName"] == "release-hivemq-operator-hivemq"
    assert not {"priorityClassName", "runtimeClassName", "nodeSelector", "tolerations"} & pod.keys()
    assert [item["name"] for item in (*pod["initContainers"], *pod["containers"])] == ["extensions", "hivemq"]
    assert "curl" not in pod["initContainers"][0]["command"][-1], "what is disabled needs no preparation"
    (term,) = pod["affinity"]["podAntiAffinity"]["preferredDuringSchedulingIgnoredDuringExecution"]
    (expression,) = term["podAffinityTerm"]["labelSelector"]["matchExpressions"]
    assert expression == {"key": "hivemq-cluster", "operator": "In", "values": ["hive"]}
    resources = pod["containers"][0]["resources"]
    assert resources["requests"] == resources["limits"] == {"cpu": "4", "memory": "4Gi", "ephemeral-storage": "15Gi"}


def test_a_stateful_set_with_its_example_of_a_claim(resource: Make) -> None:
    claim = {
        "kind": "PersistentVolumeClaim",
        "apiVersion": "v1",
        "metadata": {"name": "data"},
        "spec": {
            "volumeMode": "Filesystem",
            "accessModes": ["ReadWriteOnce"],
            "resources": {"requests": {"storage": "100Gi"}},
        },
    }
    given = chart(
        resource,
        controllerTemplate="cluster-stateful-set.yaml",
        volumeClaimTemplates=[claim],
        podSecurityContext={"fsGroup": 10000},
        operatorHints={"statefulSet": {"surgeNode": False}},
    )
    controller = made(given)["StatefulSet", "hive"]
    assert controller["spec"]["volumeClaimTemplates"] == [claim]
    assert controller["spec"]["template"]["spec"]["securityContext"]["fsGroup"] == 10000
