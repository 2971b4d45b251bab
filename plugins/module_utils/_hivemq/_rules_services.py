# Copyright: (c) 2026, the beekeeper.hivemq authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rules about the Services, and about load balancers in front of the brokers."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator, Mapping
from typing import Any

from . import _services, affinity, json_patch, names
from .spec import Cluster, Port
from .structure import shown
from .violation import Violation

# An annotation that the vendor's chart sets, and that nothing reads.
_DEAD_ANNOTATION = "service.spec.externalTrafficPolicy"
_HOST = "kubernetes.io/hostname"
_LOAD_BALANCER_ONLY = ("loadBalancerClass", "loadBalancerSourceRanges", "allocateLoadBalancerNodePorts")
# Seconds after which an AWS network load balancer forgets a connection without traffic.
_NLB_IDLE_SECONDS = 350
_LINUX_KEEPALIVE_SECONDS = 7200
_KEEPALIVE_TIME = "net.ipv4.tcp_keepalive_time"


def service_rules(cluster: Cluster, spec: Mapping[str, Any]) -> Iterator[Violation]:
    """Settings and patches: each is tried on the Service it is for."""
    made = {port.name for port in _services.service_ports(cluster)}
    node_ports: dict[int, str] = {}
    for index, port in enumerate(cluster.spec.ports[: len(spec.get("ports") or ())]):
        path = f"spec.ports[{index}]"
        if port.patch and not port.expose:
            yield Violation(
                "patch-unused",
                f"{path}.patch",
                "is not applied, because expose is not true",
                "as with the vendor's operator, only exposed ports are patched",
                "set expose: true, or remove the patch",
                "warning",
            )
        if port.service and port.name not in made:
            yield Violation("service-unused", f"{path}.service", "has no effect, because the port has no Service",
                            "expose is not true", "set expose: true, or remove it", "warning")  # fmt: skip
        number = port.service.get("nodePort")
        if number in node_ports:
            yield Violation("node-port-duplicate", f"{path}.service.nodePort",
                            f"is {number}, as that of port {node_ports[number]}", "a node has each port once",
                            "choose another number, or leave it out")  # fmt: skip
        elif number is not None:
            node_ports[number] = port.name
        if port.name == names.CLUSTER_PORT and port.service.get("type", "ClusterIP") != "ClusterIP":
            yield Violation("service-headless", f"{path}.service.type", f"is {port.service['type']}",
                            "brokers find each other through this Service, which must stay headless",
                            "remove it")  # fmt: skip
            continue
        try:
            service = _services.service(cluster, port)
        except json_patch.PatchError as error:
            yield Violation(
                "patch-invalid",
                f"{path}.patch",
                str(error),
                "the Service can't be made",
                'write JSON patches such as [{"op":"add","path":"/spec/type","value":"LoadBalancer"}]',
            )
            continue
        yield from _combination(path, port, service)
        if port.name == names.MQTT_PORT:
            yield from _local(cluster, _where(path, port, "externalTrafficPolicy"), service)
            yield from _idle(cluster, service)


def _where(path: str, port: Port, name: str) -> str:
    """Where a setting of a Service comes from."""
    return f"{path}.service.{name}" if name in port.service else f"{path}.patch"


def _combination(path: str, port: Port, service: Mapping[str, Any]) -> Iterator[Violation]:
    """What the API server refuses, and what nothing reads."""
    made = service["spec"]
    kind = made.get("type", "ClusterIP")
    outside = kind in ("NodePort", "LoadBalancer")

    needed = {name: "LoadBalancer" for name in _LOAD_BALANCER_ONLY if name in made and kind != "LoadBalancer"}
    if "externalTrafficPolicy" in made and not outside:
        needed["externalTrafficPolicy"] = "LoadBalancer or NodePort"
    if not outside and "nodePort" in port.service:
        needed["nodePort"] = "LoadBalancer or NodePort"
    for name, wanted in needed.items():
        yield Violation("service-type", _where(path, port, name),
                        f"sets {name}, and the type of the Service is {shown(kind)[1:-1]}",
                        "Kubernetes refuses the Service", f"set type: {wanted}, or remove it")  # fmt: skip
    ranges = made.get("loadBalancerSourceRanges")
    for text in ranges if isinstance(ranges, list) else ():
        try:
            ipaddress.ip_network(str(text).strip(), strict=False)
        except ValueError:
            problem = f"has {shown(text)}, which is no network"
            yield Violation("source-range", _where(path, port, "loadBalancerSourceRanges"), problem,
                            "Kubernetes refuses the Service", "write it like 10.0.0.0/8")  # fmt: skip
    if outside and _DEAD_ANNOTATION in service["metadata"].get("annotations", {}):
        place = "service.annotations" if _DEAD_ANNOTATION in port.service.get("annotations", {}) else "patch"
        yield Violation("annotation-dead", f"{path}.{place}", f"sets the annotation {_DEAD_ANNOTATION}",
                        "nothing reads it: connections go through any node, and clients' addresses are lost",
                        "set service.externalTrafficPolicy: Local, and remove the annotation", "warning",
                        )  # fmt: skip


def _local(cluster: Cluster, where: str, service: Mapping[str, Any]) -> Iterator[Violation]:
    if service["spec"].get("externalTrafficPolicy") != "Local" or cluster.spec.node_count == 1:
        return
    try:
        placed = affinity.parse(cluster.spec.affinity, name=cluster.name, namespace=cluster.namespace)
    except affinity.AffinityError:
        return  # reported where it is
    spread = [item.get("topologyKey") for item in cluster.spec.topology_spread_constraints]
    # Whatever the form of the anti-affinity: does it say anything about nodes?
    if (
        _HOST in spread
        or _HOST in str(placed.get("podAntiAffinity"))
        or cluster.spec.controller_template.startswith("cluster-daemon")
    ):
        return
    yield Violation("local-unspread", where, "is Local, and nothing keeps brokers apart",
                    "a load balancer gives each node the same share, however many brokers run there",
                    f"leave affinity at its default, or spread brokers by {_HOST}", "warning")  # fmt: skip


def _idle(cluster: Cluster, service: Mapping[str, Any]) -> Iterator[Violation]:
    annotations = service["metadata"].get("annotations", {})
    kind = annotations.get("service.beta.kubernetes.io/aws-load-balancer-type")
    if kind not in ("nlb", "nlb-ip", "external") and service["spec"].get("loadBalancerClass") != "service.k8s.aws/nlb":
        return
    keepalive = int(cluster.spec.settings["HIVEMQ_KEEPALIVE_MAX"])
    # A broker waits one and a half times the keep alive before it gives a silent client up.
    if keepalive * 3 < _NLB_IDLE_SECONDS * 2:
        return
    if _tcp_keepalive(cluster) < _NLB_IDLE_SECONDS:
        return
    yield Violation(
        "keepalive-idle",
        "spec.mqtt.keepaliveMax",
        f"is {keepalive} s, and the load balancer forgets connections after {_NLB_IDLE_SECONDS} s without traffic",
        "clients with a longer keep alive are cut off without a word",
        f'set keepaliveMax: 230, or the sysctl {_KEEPALIVE_TIME}: "300" in podSecurityContext',
        "warning",
    )


def _tcp_keepalive(cluster: Cluster) -> int:
    """Seconds without traffic after which the pods' kernel sends something, as far as the resource says."""
    sysctls = {item["name"]: item["value"].strip() for item in cluster.spec.pod_security_context.get("sysctls", ())}
    value = sysctls.get(_KEEPALIVE_TIME, "")
    return int(value) if value.isascii() and value.isdigit() and len(value) < 10 else _LINUX_KEEPALIVE_SECONDS
