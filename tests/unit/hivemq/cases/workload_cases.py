# Copyright: (c) 2026, the beekeeper.hivemq authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Cases for the rules about the controller, containers, volumes, placement and monitoring: rule, path, spec."""

from __future__ import annotations

from typing import Any

Case = tuple[str, str, dict[str, Any]]
TCP = "<tcp-listener><port>${HIVEMQ_MQTT_PORT}</port></tcp-listener>"
SIDE = {"name": "side", "image": "side:1"}
CLAIM = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "100Gi"}}}


def claim(name: str = "data", **spec: Any) -> dict[str, Any]:
    """A claim template; a field that is None is left out."""
    kept = {key: value for key, value in {**CLAIM, **spec}.items() if value is not None}
    return {"metadata": {"name": name}, "spec": kept}


def side(**more: Any) -> dict[str, Any]:
    return {"sidecars": [{**SIDE, **more}]}


def step(text: str) -> dict[str, Any]:
    return {"initialization": [{"name": "prepare", "args": [text]}]}


def mounted(name: str, path: str) -> dict[str, Any]:
    return {"name": name, "mountPath": path}


def spread(**more: Any) -> dict[str, Any]:
    return {"maxSkew": 1, "topologyKey": "zone", "whenUnsatisfiable": "DoNotSchedule", **more}


MQTT = {"name": "mqtt", "port": 1883, "expose": True}


def service(*patch: str, **settings: Any) -> dict[str, Any]:
    """The mqtt port with settings of its Service, and patches."""
    return {"ports": [{**MQTT, "service": settings, "patch": list(patch)}]}


def nlb(**settings: Any) -> dict[str, Any]:
    return service(type="LoadBalancer", loadBalancerClass="service.k8s.aws/nlb", **settings)


REFUSED: list[Case] = [
    ("label-form", "spec.ports[0].service.labels.a", service(labels={"a": "b c"})),
    ("label-form", "spec.ports[0].service.annotations[a/b/c]", service(annotations={"a/b/c": "d"})),
    ("service-type", "spec.ports[0].service.externalTrafficPolicy", service(externalTrafficPolicy="Local")),
    ("service-type", "spec.ports[0].service.nodePort", service(nodePort=31883)),
    ("service-type", "spec.ports[0].service.loadBalancerClass", service(type="NodePort", loadBalancerClass="a/b")),
    (
        "service-type",
        "spec.ports[0].patch",
        service('{"op": "add", "path": "/spec/externalTrafficPolicy", "value": "Local"}'),
    ),
    (
        "source-range",
        "spec.ports[0].service.loadBalancerSourceRanges",
        service(type="LoadBalancer", loadBalancerSourceRanges=["10.0.0.0/8", "10.0.0.0/33"]),
    ),
    (
        "node-port-duplicate",
        "spec.ports[1].service.nodePort",
        {
            "ports": [
                {"name": name, "port": port, "expose": True, "service": {"type": "NodePort", "nodePort": 31883}}
                for name, port in (("mqtt", 1883), ("ws", 8000))
            ]
        },
    ),
    (
        "service-headless",
        "spec.ports[1].service.type",
        {"ports": [MQTT, {"name": "cluster", "port": 7000, "service": {"type": "NodePort"}}]},
    ),
    ("controller-template", "spec.controllerTemplate", {"controllerTemplate": "mine.yaml"}),
    ("container-name", "spec.sidecars[0].name", side(name="Side")),
    ("container-name", "spec.initContainers[0].name", {"initContainers": [{**SIDE, "name": "a" * 64}]}),
    ("container-name-clash", "spec.sidecars[0].name", side(name="hivemq")),
    ("container-name-clash", "spec.initContainers[0].name", {"initContainers": [{**SIDE, "name": "extensions"}]}),
    ("container-name-clash", "spec.initialization[0].name", {**side(), "initialization": [{"name": "side"}]}),
    ("container-image", "spec.sidecars[0].image", {"sidecars": [{"name": "side"}]}),
    ("quantity", "spec.sidecars[0].resources.limits.cpu", side(resources={"limits": {"cpu": "one"}})),
    ("volume-unknown", "spec.sidecars[0].volumeMounts[0].name", side(volumeMounts=[mounted("none", "/a")])),
    ("volume-unknown", "spec.sidecars[0].volumeMounts[0].name", side(volumeMounts=[mounted("conf-override", "/a")])),
    ("volume-unknown", "spec.additionalVolumeMounts[0].name", {"additionalVolumeMounts": [mounted("x", "/a")]}),
    ("volume-name", "spec.additionalVolumes[0].name", {"additionalVolumes": [{"name": "a_b"}]}),
    ("volume-name-clash", "spec.additionalVolumes[0].name", {"additionalVolumes": [{"name": "data"}]}),
    ("volume-name-clash", "spec.additionalVolumes[1].name", {"additionalVolumes": [{"name": "a"}, {"name": "a"}]}),
    (
        "volume-name-clash",
        "spec.additionalVolumes[0].name",
        {"additionalVolumes": [{"name": "secret-a"}], "secrets": [{"name": "a", "path": "none"}]},
    ),
    (
        "mount-path",
        "spec.additionalVolumeMounts[0].mountPath",
        {"additionalVolumes": [{"name": "a"}], "additionalVolumeMounts": [mounted("a", "a")]},
    ),
    (
        "mount-path-reserved",
        "spec.additionalVolumeMounts[0].mountPath",
        {"additionalVolumes": [{"name": "a"}], "additionalVolumeMounts": [mounted("a", "/opt/hivemq/data")]},
    ),
    (
        "mount-path-clash",
        "spec.additionalVolumeMounts[1].mountPath",
        {"additionalVolumes": [{"name": "a"}], "additionalVolumeMounts": [mounted("a", "/a"), mounted("a", "/a/")]},
    ),
    ("claim-name", "spec.volumeClaimTemplates[0].metadata.name", {"volumeClaimTemplates": [claim("")]}),
    ("claim-name", "spec.volumeClaimTemplates[0].metadata.name", {"volumeClaimTemplates": [{"spec": CLAIM}]}),
    ("volume-name-clash", "spec.volumeClaimTemplates[0].metadata.name", {"volumeClaimTemplates": [claim("config")]}),
    ("volume-name-clash", "spec.volumeClaimTemplates[1].metadata.name", {"volumeClaimTemplates": [claim(), claim()]}),
    (
        "claim-form",
        "spec.volumeClaimTemplates[0].spec.accessModes",
        {"volumeClaimTemplates": [claim(accessModes=None)]},
    ),
    (
        "claim-form",
        "spec.volumeClaimTemplates[0].spec.resources.requests.storage",
        {"volumeClaimTemplates": [claim(resources=None)]},
    ),
    (
        "claim-block",
        "spec.volumeClaimTemplates[0].spec.volumeMode",
        {"volumeClaimTemplates": [claim(volumeMode="Block")]},
    ),
    (
        "quantity",
        "spec.volumeClaimTemplates[0].spec.resources.requests.storage",
        {"volumeClaimTemplates": [claim(resources={"requests": {"storage": "much"}})]},
    ),
    ("affinity", "spec.affinity", {"affinity": "podAntiAffinity: |\n  text"}),
    ("affinity", "spec.affinity", {"affinity": "just text"}),
    ("affinity", "spec.affinity", {"affinity": "{{ spec.nodeCount }}"}),
    ("unknown-field", "spec.affinity.podantiaffinity", {"affinity": "podantiaffinity: {}"}),
    (
        "spread",
        "spec.topologySpreadConstraints[0].whenUnsatisfiable",
        {"topologySpreadConstraints": [spread(whenUnsatisfiable="Never")]},
    ),
    ("spread", "spec.topologySpreadConstraints[1]", {"topologySpreadConstraints": [spread(), spread(maxSkew=2)]}),
    (
        "scrape-interval",
        "spec.monitoring.scrapeInterval",
        {
            "monitoring": {"enablePrometheus": True, "scrapeInterval": "30 s"},
            "extensions": [{"name": "hivemq-prometheus-extension"}],
        },
    ),
    ("rest-api-xml", "spec.restApiConfiguration", {"restApiConfiguration": "<rest-api>"}),
    ("rest-api-element", "spec.restApiConfiguration", {"restApiConfiguration": "<enabled>true</enabled>"}),
    ("rest-api-element", "spec.restApiConfiguration", {"restApiConfiguration": "<rest-api/><rest-api/>"}),
    (
        "env-reference",
        "spec.env[0].valueFrom.secretKeyRef.name",
        {"env": [{"name": "A", "valueFrom": {"secretKeyRef": {"key": "k"}}}]},
    ),
]

WARNED: list[Case] = [
    (
        "service-unused",
        "spec.ports[1].service",
        {"ports": [MQTT, {"name": "ws", "port": 8000, "service": {"sessionAffinity": "ClientIP"}}]},
    ),
    (
        "annotation-dead",
        "spec.ports[0].patch",
        service(
            '[{"op":"add","path":"/metadata/annotations","value":{"service.spec.externalTrafficPolicy":"Local"}}]',
            '{"op":"add","path":"/spec/type","value":"LoadBalancer"}',
        ),
    ),
    (
        "local-unspread",
        "spec.ports[0].service.externalTrafficPolicy",
        {"affinity": "{}", **service(type="LoadBalancer", externalTrafficPolicy="Local")},
    ),
    (
        "local-unspread",
        "spec.ports[0].patch",
        {
            "affinity": "{}",
            **service('{"op":"add","path":"/spec/externalTrafficPolicy","value":"Local"}', type="LoadBalancer"),
        },
    ),
    (
        "annotation-dead",
        "spec.ports[0].service.annotations",
        service(type="NodePort", annotations={"service.spec.externalTrafficPolicy": "Local"}),
    ),
    ("keepalive-idle", "spec.mqtt.keepaliveMax", nlb()),
    ("keepalive-idle", "spec.mqtt.keepaliveMax", {"mqtt": {"keepaliveMax": 234}, **nlb()}),
    (
        "budget-loses-data",
        "spec.podDisruptionBudget.maxUnavailable",
        {"podDisruptionBudget": {"maxUnavailable": 2}},
    ),
    (
        "budget-unused",
        "spec.podDisruptionBudget.maxUnavailable",
        {"podDisruptionBudget": {"enabled": False, "maxUnavailable": 1}},
    ),
    (
        "budget-unused",
        "spec.podDisruptionBudget.maxUnavailable",
        {"controllerTemplate": "cluster-daemon-set.yaml", "podDisruptionBudget": {"maxUnavailable": 1}},
    ),
    ("daemon-set-nodes", "spec.nodeCount", {"controllerTemplate": "cluster-daemon-set.yaml", "nodeCount": 3}),
    ("custom-properties-unused", "spec.customProperties", {"customProperties": {"a": "b"}}),
    (
        "surge-not-made",
        "spec.operatorHints.statefulSet.surgeNode",
        {"operatorHints": {"statefulSet": {"surgeNode": True, "surgeNodeCleanupPvc": False}}},
    ),
    ("vendor-folder", "spec.initialization[0]", step("cp /a /conf-override/extensions")),
    (
        "vendor-folder",
        "spec.initContainers[0]",
        {"initContainers": [{**SIDE, "command": ["/bin/cp", "/a", "/hivemq-data/b"]}]},
    ),
    (
        "vendor-folder",
        "spec.additionalVolumeMounts[0].mountPath",
        {"additionalVolumes": [{"name": "a"}], "additionalVolumeMounts": [mounted("a", "/conf-override/license")]},
    ),
    ("init-image-unused", "spec.initDnsWaitImage", {"initDnsWaitImage": "wait:1"}),
    ("init-image-unused", "spec.initBusyboxImage", {"initBusyboxImage": "busybox:1"}),
    (
        "init-image-unused",
        "spec.initBusyboxImage",
        {"initBusyboxImage": "busybox:1", "initialization": [{"name": "a", "image": "b:1"}]},
    ),
    (
        "claims-unused",
        "spec.volumeClaimTemplates",
        {"controllerTemplate": "cluster-deployment.yaml", "volumeClaimTemplates": [claim()]},
    ),
    ("claim-unmounted", "spec.volumeClaimTemplates[0]", {"volumeClaimTemplates": [claim("archive")]}),
    (
        "storage-small",
        "spec.volumeClaimTemplates[0].spec.resources.requests.storage",
        {"volumeClaimTemplates": [claim(resources={"requests": {"storage": "93Gi"}})]},
    ),
    ("scrape-interval-unused", "spec.monitoring.scrapeInterval", {"monitoring": {"scrapeInterval": "30s"}}),
    ("monitoring-extension", "spec.monitoring.enablePrometheus", {"monitoring": {"enablePrometheus": True}}),
    (
        "monitoring-disabled",
        "spec.monitoring.enablePrometheus",
        {
            "monitoring": {"enablePrometheus": True},
            "extensions": [{"name": "hivemq-prometheus-extension", "enabled": False}],
        },
    ),
    (
        "extension-parallel",
        "spec.extensions[0].updateStrategy",
        {"extensions": [{"name": "x", "updateStrategy": "parallel"}]},
    ),
    (
        "rest-api-unused",
        "spec.restApiConfiguration",
        {
            "configOverride": f"<hivemq><listeners>{TCP}</listeners></hivemq>",
            "restApiConfiguration": "<rest-api><enabled>true</enabled></rest-api>",
        },
    ),
]

COMMUNITY_WARNED: list[Case] = [
    (
        "community-setting",
        "spec.restApiConfiguration",
        {"restApiConfiguration": "<rest-api><enabled>true</enabled></rest-api>"},
    ),
]

ACCEPTED: list[dict[str, Any]] = [
    {"podDisruptionBudget": {"maxUnavailable": 1}},
    service(type="LoadBalancer", externalTrafficPolicy="Local", loadBalancerSourceRanges=["10.0.0.0/8", "fd00::/8"]),
    service(type="NodePort", nodePort=31883),
    # The annotation alone, on a Service inside the cluster, is what the vendor's chart makes of its defaults.
    service('[{"op":"add","path":"/metadata/annotations","value":{"service.spec.externalTrafficPolicy":"Local"}}]'),
    service('{"op":"add","path":"/spec/type","value":"LoadBalancer"}', externalTrafficPolicy="Local"),
    {
        "affinity": "{}",
        "topologySpreadConstraints": [spread(topologyKey="kubernetes.io/hostname")],
        **service(type="LoadBalancer", externalTrafficPolicy="Local"),
    },
    {"mqtt": {"keepaliveMax": 230}, **nlb()},
    {"podSecurityContext": {"sysctls": [{"name": "net.ipv4.tcp_keepalive_time", "value": "300"}]}, **nlb()},
]
