# Copyright: (c) 2026, the beekeeper.hivemq authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The Services of a cluster: one for each exposed port, and those every cluster has."""

from __future__ import annotations

from typing import Any, TypeGuard

from . import json_patch, names
from .spec import Cluster, Port

ALWAYS = (names.MQTT_PORT, names.CONTROL_CENTER_PORT, names.CLUSTER_PORT)

# Fields of `ports[].service` that are fields of a Service's spec.
SETTINGS = (
    "type", "externalTrafficPolicy", "sessionAffinity", "loadBalancerClass", "loadBalancerSourceRanges",
    "allocateLoadBalancerNodePorts",
)  # fmt: skip


def service_ports(cluster: Cluster) -> tuple[Port, ...]:
    """The ports that get a Service, in the order of the spec."""
    always = (*ALWAYS, names.METRICS_PORT) if cluster.spec.monitoring.enabled else ALWAYS
    return tuple(port for port in cluster.spec.ports if port.expose or port.name in always)


def base_service(cluster: Cluster, port: Port) -> dict[str, Any]:
    """The Service of a port before the port's patches. It has every map a patch may want to add to."""
    headless = port.name == names.CLUSTER_PORT
    selector = names.selector(cluster.name)
    if port.name == names.MQTT_PORT:
        # A broker that is taken out of the balance loses this label's value, and with it new connections.
        selector[names.OFFLINE_LABEL] = "false"
    spec: dict[str, Any] = {
        "type": "ClusterIP",
        "selector": selector,
        "ports": [{"name": port.name, "port": port.port, "protocol": "TCP", "targetPort": port.name}],
    }
    if headless:
        # Brokers find each other before they are ready: they get ready by finding each other.
        spec |= {"clusterIP": "None", "publishNotReadyAddresses": True}
    given = port.service
    spec |= {name: given[name] for name in SETTINGS if name in given}
    if "nodePort" in given:
        spec["ports"][0]["nodePort"] = given["nodePort"]
    # For a Prometheus that finds its targets by annotations.
    metrics = port.name == names.METRICS_PORT and cluster.spec.monitoring.enabled
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {
            "name": names.service_name(cluster.name, port.name),
            "namespace": cluster.namespace,
            "labels": {**given.get("labels", {}), **names.selector(cluster.name)},
            "annotations": ({"prometheus.io/scrape": "true"} if metrics else {}) | given.get("annotations", {}),
        },
        "spec": spec,
    }


def service(cluster: Cluster, port: Port) -> dict[str, Any]:
    """The Service of a port. Raises json_patch.PatchError when a patch fails or breaks what others rely on."""
    base = base_service(cluster, port)
    patched = base
    # As with the vendor's operator, patches count only for a port that is exposed.
    for number, text in enumerate(port.patch if port.expose else ()):
        try:
            patched = json_patch.apply(patched, json_patch.operations(text))
        except json_patch.PatchError as error:
            raise json_patch.PatchError(f"patch {number} {error}") from None
    problem = _identity_problem(cluster, base, patched)
    if problem:
        raise json_patch.PatchError(problem)
    return patched


def _identity_problem(cluster: Cluster, base: dict[str, Any], patched: Any) -> str:
    if not isinstance(patched, dict) or patched.keys() - base.keys():
        return "the patched Service has fields beside apiVersion, kind, metadata and spec"
    for key in ("apiVersion", "kind"):
        if patched.get(key) != base[key]:
            return f"the patched Service has another {key}"
    metadata, spec = patched.get("metadata"), patched.get("spec")
    if not isinstance(metadata, dict) or not isinstance(spec, dict):
        return "the patched Service has no metadata or spec"
    for key in ("name", "namespace"):
        if metadata.get(key) != base["metadata"][key]:
            return f"the patched Service has another {key}"
    if metadata.keys() - {"name", "namespace", "labels", "annotations"}:
        return "only labels and annotations of the metadata may be patched"
    for key in ("labels", "annotations"):
        if not _is_string_map(metadata.get(key, {})):
            return f"the patched {key} are not a map of strings to strings"
    for where, given in (("labels", metadata.get("labels")), ("selector", spec.get("selector"))):
        if not _is_string_map(given) or not names.selector(cluster.name).items() <= given.items():
            return f"the patched {where} lost the labels of the cluster"
    if not isinstance(spec.get("ports"), list) or not spec["ports"]:
        return "the patched Service has no ports"
    if base["spec"].get("clusterIP") == "None" and spec.get("clusterIP") != "None":
        return "the Service through which brokers find each other must stay headless"
    return ""


def _is_string_map(value: Any) -> TypeGuard[dict[str, str]]:
    return isinstance(value, dict) and all(isinstance(text, str) for text in value.values())
