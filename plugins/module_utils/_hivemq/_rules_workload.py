# Copyright: (c) 2026, the beekeeper.hivemq authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rules about the controller, what runs beside and before the broker, where it runs, and monitoring."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from . import _pod, affinity, names, quantity
from ._rules_mounts import vendor_folders, volume_reference
from .spec import CONTROLLERS, Cluster
from .structure import shown
from .violation import Violation

_LABEL = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?")
# Durations of Prometheus: 30s, 1m30s, 500ms.
_INTERVAL = re.compile(r"0|(?=.)(\d+y)?(\d+w)?(\d+d)?(\d+h)?(\d+m)?(\d+s)?(\d+ms)?", re.ASCII)


def controller_rules(cluster: Cluster, spec: Mapping[str, Any]) -> Iterator[Violation]:
    """The controller, and hints that have no effect."""
    template = cluster.spec.controller_template
    if template not in CONTROLLERS:
        yield Violation(
            "controller-template",
            "spec.controllerTemplate",
            f"is {shown(template)}, and templates of one's own are not supported",
            "no broker could be made",
            f"write one of {', '.join(name for name in CONTROLLERS if name)}",
        )
    elif CONTROLLERS[template] == "DaemonSet" and "nodeCount" in spec:
        yield Violation("daemon-set-nodes", "spec.nodeCount", "has no effect with a DaemonSet",
                        "there is one broker on each node that nodeSelector and affinity allow",
                        "remove it, or choose another controllerTemplate", "warning")  # fmt: skip
    if cluster.spec.controller_template in CONTROLLERS and spec.get("customProperties"):
        yield Violation("custom-properties-unused", "spec.customProperties", "has no effect",
                        "only controller templates of one's own read it, which are not supported", "remove it",
                        "warning")  # fmt: skip
    hints = spec.get("operatorHints", {}).get("statefulSet", {})
    for name in ("surgeNode", "surgeNodeCleanupPvc"):
        if hints.get(name):
            yield Violation("surge-not-made", f"spec.operatorHints.statefulSet.{name}", "has no effect yet",
                            "upgrades are plain rolling updates: one broker is missing at a time",
                            "remove it, and have as many brokers as the load needs and one more", "warning",
                            )  # fmt: skip


def container_rules(cluster: Cluster, spec: Mapping[str, Any]) -> Iterator[Violation]:
    """Containers beside and before the broker."""
    known = _pod.volume_names(cluster.spec)
    taken = {names.CONTAINER: "the broker", names.EXTENSIONS_CONTAINER: "the operator's init container"}
    for kind in ("sidecars", "initContainers", "initialization"):
        for index, item in enumerate(spec.get(kind, ())):
            path, name = f"spec.{kind}[{index}]", item["name"]
            if not _LABEL.fullmatch(name):
                yield Violation("container-name", f"{path}.name", f"is {shown(name)}, which is no name of a container",
                                "", "use at most 63 of a-z, 0-9 and -")  # fmt: skip
            elif name in taken:
                yield Violation("container-name-clash", f"{path}.name", f"is {shown(name)}, the name of {taken[name]}",
                                "containers of a pod have different names", "choose another name")  # fmt: skip
            taken.setdefault(name, path)
            if kind != "initialization":
                yield from _container(known, path, item)
            if kind != "sidecars":
                yield from vendor_folders(path, [*item.get("command", ()), *item.get("args", ())])
    if spec.get("initDnsWaitImage"):
        yield Violation("init-image-unused", "spec.initDnsWaitImage", "has no effect",
                        "brokers need no container that waits for DNS: they look for each other until they succeed",
                        "remove it", "warning")  # fmt: skip
    if spec.get("initBusyboxImage") and all(item.get("image") for item in spec.get("initialization", ())):
        yield Violation("init-image-unused", "spec.initBusyboxImage", "has no effect",
                        "only steps of initialization without an image of their own use it", "remove it", "warning",
                        )  # fmt: skip


def _container(known: Mapping[str, str], path: str, item: Mapping[str, Any]) -> Iterator[Violation]:
    if not item.get("image"):
        yield Violation("container-image", f"{path}.image", "is missing", "no pod could be made", "give the image")
    for index, mount in enumerate(item.get("volumeMounts", ())):
        yield from volume_reference(known, f"{path}.volumeMounts[{index}].name", mount["name"])
    for kind, amounts in item.get("resources", {}).items():
        for name, amount in amounts.items() if kind in ("requests", "limits") else ():
            try:
                quantity.parse(amount)
            except ValueError as error:
                yield Violation("quantity", f"{path}.resources.{kind}.{name}", str(error), "",
                                "write a number with a unit, such as 500m, 2 or 8Gi")  # fmt: skip


def placement_rules(cluster: Cluster) -> Iterator[Violation]:
    """Where brokers run."""
    yield from affinity.problems(cluster.spec.affinity, name=cluster.name, namespace=cluster.namespace)
    seen: dict[tuple[str, str], int] = {}
    for index, item in enumerate(cluster.spec.topology_spread_constraints):
        path, way = f"spec.topologySpreadConstraints[{index}]", item["whenUnsatisfiable"]
        if way not in ("DoNotSchedule", "ScheduleAnyway"):
            yield Violation("spread", f"{path}.whenUnsatisfiable", f"is {shown(way)}", "no pod could be made",
                            "write DoNotSchedule or ScheduleAnyway")  # fmt: skip
        identity = (item["topologyKey"], way)
        if identity in seen:
            yield Violation("spread", path, f"has the topologyKey and whenUnsatisfiable of item {seen[identity]}",
                            "no pod could be made", "remove one of them")  # fmt: skip
        seen.setdefault(identity, index)


def monitoring_rules(cluster: Cluster, spec: Mapping[str, Any]) -> Iterator[Violation]:
    """Metrics for Prometheus."""
    monitoring = cluster.spec.monitoring
    if monitoring.scrape_interval and not _INTERVAL.fullmatch(monitoring.scrape_interval):
        yield Violation("scrape-interval", "spec.monitoring.scrapeInterval",
                        f"is {shown(monitoring.scrape_interval)}, which is no duration of Prometheus",
                        "the ServiceMonitor could not be made", "write it like 30s or 1m30s")  # fmt: skip
    if monitoring.scrape_interval and not monitoring.enabled:
        yield Violation("scrape-interval-unused", "spec.monitoring.scrapeInterval", "has no effect",
                        "enablePrometheus is not true", "set enablePrometheus: true, or remove it", "warning",
                        )  # fmt: skip
    listed = {item["name"]: item for item in spec.get("extensions", ())}.get(_pod.PROMETHEUS_EXTENSION)
    if monitoring.enabled and listed is None:
        yield Violation("monitoring-extension", "spec.monitoring.enablePrometheus",
                        f"needs {_pod.PROMETHEUS_EXTENSION} in the image",
                        "without it there are no metrics, and brokers start all the same",
                        f"list {_pod.PROMETHEUS_EXTENSION} in extensions: then an image that lacks it is an error",
                        "warning")  # fmt: skip
    if monitoring.enabled and listed is not None and not listed.get("enabled", True):
        yield Violation("monitoring-disabled", "spec.monitoring.enablePrometheus",
                        f"is true, and {_pod.PROMETHEUS_EXTENSION} is listed in extensions with enabled: false",
                        "there are no metrics", "enable one or disable the other", "warning")  # fmt: skip


def budget_rules(cluster: Cluster, spec: Mapping[str, Any]) -> Iterator[Violation]:
    """How many brokers may be evicted at a time."""
    budget, copies = cluster.spec.disruption_budget, cluster.spec.cluster_replica_count
    path = "spec.podDisruptionBudget.maxUnavailable"
    if "maxUnavailable" not in spec.get("podDisruptionBudget", {}):
        return
    if not budget.enabled or CONTROLLERS.get(cluster.spec.controller_template) == "DaemonSet":
        why = "a DaemonSet has no such budget" if budget.enabled else "enabled is false"
        yield Violation("budget-unused", path, "has no effect", why, "remove it", "warning")
    elif budget.max_unavailable >= copies and not cluster.spec.community:
        yield Violation("budget-loses-data", path, f"is {budget.max_unavailable}, with {copies} copies of all data",
                        "so many brokers that leave at once may have all copies of something",
                        f"write {copies - 1 or 1}, or raise clusterReplicaCount", "warning")  # fmt: skip
