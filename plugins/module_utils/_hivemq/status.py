# Copyright: (c) 2026, the beekeeper.hivemq authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The status of a HiveMQCluster: what is there, compared with what was asked for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from . import names
from ._pod_trouble import Trouble, summary, troubles
from ._services import service_ports
from .spec import Cluster, Extension, generation
from .violation import Violation, errors, warnings

# A status is read in a terminal and stored at every change.
_MAX_MESSAGE = 1000
_MAX_WARNINGS = 20


@dataclass(frozen=True)
class Observed:
    """What is there now. `failure`: what kept the operator from bringing the objects to what they should be.

    `notices`: what could not be made and which the brokers do without, such as a ServiceMonitor.
    """

    controller: dict[str, Any] | None = None
    services: list[dict[str, Any]] = field(default_factory=list)
    pods: list[dict[str, Any]] = field(default_factory=list)
    failure: str | None = None
    notices: Sequence[str] = ()


@dataclass(frozen=True)
class _Nodes:
    """Counts of brokers as the controller reports them.

    `current`: it has seen the newest spec. `mixed`: there are brokers of an earlier pod template.
    """

    desired: int
    existing: int
    ready: int
    updated: int
    current: bool
    mixed: bool = False

    @property
    def all_ready(self) -> bool:
        return self.current and self.existing == self.desired == self.ready > 0

    @property
    def all_updated(self) -> bool:
        return self.current and self.updated >= self.desired


def _int(value: Any) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) else 0


def _nodes(cluster: Cluster | None, controller: Mapping[str, Any] | None) -> _Nodes:
    if controller is None:
        return _Nodes(cluster.spec.node_count if cluster else 0, 0, 0, 0, current=False)
    given, now = controller.get("spec") or {}, controller.get("status") or {}
    seen = _int(now.get("observedGeneration")) >= _int(controller["metadata"].get("generation"))
    if "replicas" not in given:
        return _daemon_set_nodes(now, seen)
    replicas, existing, updated = (
        _int(given.get("replicas")), _int(now.get("replicas")), _int(now.get("updatedReplicas")),
    )  # fmt: skip
    desired = cluster.spec.node_count if cluster else replicas
    # Only a StatefulSet tells of revisions. Its count of updated brokers also drops when one of them is gone.
    revisions = (now.get("currentRevision"), now.get("updateRevision"))
    mixed = revisions[0] != revisions[1] if any(revisions) else updated < existing
    # A controller whose replicas differ has not been brought to the spec yet, or somebody else scales it.
    return _Nodes(
        desired,
        existing,
        _int(now.get("readyReplicas")),
        updated,
        current=seen and replicas == desired,
        mixed=mixed,
    )


def _daemon_set_nodes(now: Mapping[str, Any], seen: bool) -> _Nodes:
    """One broker per node that takes it: how many, only the DaemonSet knows."""
    existing, updated = _int(now.get("currentNumberScheduled")), _int(now.get("updatedNumberScheduled"))
    return _Nodes(
        _int(now.get("desiredNumberScheduled")),
        existing,
        _int(now.get("numberReady")),
        updated,
        current=seen,
        mixed=updated < existing,
    )


def _brokers(count: int) -> str:
    return f"{count} broker" if count == 1 else f"{count} brokers"


@dataclass(frozen=True)
class _View:
    """Everything the state depends on. `created`: all brokers were ready once. `missing`: Services that are not."""

    resource: Mapping[str, Any]
    before: Mapping[str, Any]
    observed: Observed
    refused: Sequence[Violation]
    nodes: _Nodes
    created: bool
    missing: Sequence[str]

    @property
    def updating(self) -> bool:
        """Whether brokers are few or unready because a change is on its way, and not because they failed.

        The last broker of an update counts as updated as soon as it exists, so an update lasts until all are ready.
        """
        desired_before = (self.before.get("nodes") or {}).get("desired", self.nodes.desired)
        return (
            not self.nodes.current
            or self.nodes.mixed
            or self.before.get("state") == "Updating"
            or desired_before != self.nodes.desired
            # On their way out after a scale-down, however many looks ago that was.
            or max(self.nodes.existing, self.nodes.ready) > self.nodes.desired
        )


def _state(view: _View) -> tuple[str, str]:
    """State and message."""
    nodes, observed = view.nodes, view.observed
    found = troubles(observed.pods)
    details = summary(found)
    tail = f": {details}" if details else ""
    ready = f"{nodes.ready} of {_brokers(nodes.desired)} ready"
    if view.resource["metadata"].get("deletionTimestamp"):
        return "Deleting", f"Being deleted, {_brokers(len(observed.pods))} left"
    if view.refused:
        running = f" The brokers keep running as they were ({ready})." if observed.controller else ""
        more = f" (and {len(view.refused) - 1} more)" if len(view.refused) > 1 else ""
        return "Failed", f"The spec is refused: {view.refused[0]}{more}{running}"
    if observed.failure:
        return "Degraded" if view.created else "Failed", f"{observed.failure} ({ready}{tail})"
    if observed.controller is None:
        return "Creating", f"Creating the objects of {_brokers(nodes.desired)}"
    if nodes.current and not nodes.desired:
        where = "No node takes a broker: look at nodeSelector, affinity and tolerations"
        return "Degraded" if view.created else "Pending", where
    if not view.created:
        return _while_created(view, found, ready + tail)
    if nodes.all_ready and nodes.all_updated:
        if view.missing:
            return "Degraded", f"{ready}; {view.missing[0]}"
        return "Running", "1 broker ready" if nodes.desired == 1 else f"All {nodes.desired} brokers ready"
    if view.updating:
        return _while_updated(nodes, found, ready + tail)
    return "Degraded", ready + tail


def _while_created(view: _View, found: Sequence[Trouble], progress: str) -> tuple[str, str]:
    if any(item.stuck for item in found):
        return "Failed" if view.nodes.ready == 0 else "Degraded", progress
    if any(item.unschedulable for item in found):
        return "Pending", progress
    if view.nodes.all_ready and view.missing:
        return "Creating", f"{progress}; {view.missing[0]}"
    return "Creating", progress


def _while_updated(nodes: _Nodes, found: Sequence[Trouble], progress: str) -> tuple[str, str]:
    # A broker that stops is ready to the end, and no longer counted among those that exist.
    existing = max(nodes.existing, nodes.ready)
    if not nodes.current:
        what = "The change is being taken over"
    elif existing != nodes.desired and not (nodes.mixed and existing > nodes.desired):
        what = f"Scaling from {existing} to {_brokers(nodes.desired)}"
    else:
        what = f"{nodes.updated} of {_brokers(nodes.desired)} updated"
    # A broker that can't start holds a rolling update up for good.
    return "Degraded" if any(item.stuck for item in found) else "Updating", f"{what}, {progress}"


def _is_load_balancer(service: Mapping[str, Any]) -> bool:
    return (service.get("spec") or {}).get("type") == "LoadBalancer"


def _addresses(service: Mapping[str, Any]) -> list[str]:
    ingress = ((service.get("status") or {}).get("loadBalancer") or {}).get("ingress") or ()
    return [address for item in ingress if (address := item.get("ip") or item.get("hostname"))]


def _by_name(observed: Observed) -> dict[str, dict[str, Any]]:
    return {service["metadata"]["name"]: service for service in observed.services}


def _missing_services(cluster: Cluster, observed: Observed) -> list[str]:
    live = _by_name(observed)
    missing = []
    for port in service_ports(cluster):
        name = names.service_name(cluster.name, port.name)
        service = live.get(name)
        if service is None or service["metadata"].get("deletionTimestamp"):
            missing.append(f"Service {name} does not exist")
        elif _is_load_balancer(service) and not _addresses(service):
            missing.append(f"Service {name} waits for the address of its load balancer")
    return missing


def _port_status(cluster: Cluster, observed: Observed) -> list[dict[str, Any]]:
    live = _by_name(observed)
    result = []
    for port in service_ports(cluster):
        service = live.get(names.service_name(cluster.name, port.name))
        if service is None or not _is_load_balancer(service):
            continue
        outside = next(
            (item["port"] for item in service["spec"].get("ports") or () if item.get("name") == port.name), port.port
        )
        result += [{"name": port.name, "port": outside, "address": address} for address in _addresses(service)]
    return result


def _extension_state(extension: Extension) -> dict[str, Any]:
    state: dict[str, Any] = {"name": extension.name, "enabled": extension.enabled}
    if extension.config_map:
        state["configMap"] = extension.config_map
    if extension.static:
        state["static"] = True
    if extension.uri:
        state["extensionUri"] = extension.uri
    return state


class _Conditions:
    """Builds the list of conditions; the time of one changes only with its status."""

    def __init__(self, resource: Mapping[str, Any], before: Mapping[str, Any], now: str) -> None:
        self._before = {item["type"]: item for item in before.get("conditions") or () if "type" in item}
        self._generation, self._now = generation(resource), now
        self.items: list[dict[str, Any]] = []

    def before(self, kind: str) -> str:
        """Status of a condition in the last status (`Unknown` when it was not there)."""
        return str(self._before.get(kind, {}).get("status", "Unknown"))

    def add(self, kind: str, holds: bool, reasons: tuple[str, str], message: str) -> None:
        """`reasons`: when it holds, when not."""
        value = "True" if holds else "False"
        last = self._before.get(kind, {})
        kept = last.get("lastTransitionTime") if last.get("status") == value else None
        self.items.append(
            {
                "type": kind,
                "status": value,
                "reason": reasons[0] if holds else reasons[1],
                "message": _cut(message),
                "observedGeneration": self._generation,
                "lastTransitionTime": kept or self._now,
            }
        )


def _cut(text: str) -> str:
    return text if len(text) <= _MAX_MESSAGE else text[: _MAX_MESSAGE - 3] + "..."


def status(
    cluster: Cluster | None,
    resource: Mapping[str, Any],
    observed: Observed,
    violations: Sequence[Violation],
    now: str,
) -> dict[str, Any]:
    """The full `.status`. `cluster` is None when the spec is refused; `now` is the time in RFC 3339 (UTC).

    What was known before is read from `resource["status"]`. The same input gives the same status whatever `now` is,
    so comparing with the last one tells whether anything has to be written.
    """
    before: Mapping[str, Any] = resource.get("status") or {}
    refused = errors(violations)
    name = str(resource["metadata"]["name"])
    nodes = _nodes(cluster, observed.controller)
    missing = _missing_services(cluster, observed) if cluster else []
    settled = cluster is not None and not observed.failure and nodes.all_ready and nodes.all_updated
    conditions = _Conditions(resource, before, now)
    # Once true it stays so while there is a controller: a broker that fails later is a degraded cluster, not a new one.
    created = observed.controller is not None and (conditions.before("Created") == "True" or (settled and not missing))
    state, message = _state(_View(resource, before, observed, refused, nodes, created, missing))
    ready = f"{nodes.ready} of {_brokers(nodes.desired)} ready"
    conditions.add("Accepted", not refused, ("SpecValid", "SpecRefused"), _cut("; ".join(map(str, refused))))
    conditions.add("Created", created, ("Created", "NotYet"), "")
    conditions.add("AllNodesReady", nodes.all_ready, ("AllReady", "NotAllReady"), ready)
    if cluster:
        conditions.add("AllServicesReady", not missing, ("AllReady", "NotAllReady"), "; ".join(missing))
    running = state == "Running"
    conditions.add("Ready", running, ("Running", state), message)
    result: dict[str, Any] = {
        "state": state,
        "message": _cut(message),
        "observedGeneration": generation(resource),
        "scale": nodes.existing,
        "selector": names.selector_string(name),
        "nodes": {
            "desired": nodes.desired,
            "current": nodes.existing,
            "ready": nodes.ready,
            "updated": nodes.updated,
        },
        "conditions": [
            {key: value for key, value in condition.items() if value != ""} for condition in conditions.items
        ],
    }
    previous = before.get("previousState") if before.get("state") == state else before.get("state")
    applied = (
        [_extension_state(extension) for extension in cluster.spec.extensions]
        if cluster and settled
        else before.get("extensionState")
    )
    optional = {
        "previousState": previous,
        "portStatus": _port_status(cluster, observed) if cluster else before.get("portStatus"),
        "warnings": [_cut(str(item)) for item in (*observed.notices, *warnings(violations)[:_MAX_WARNINGS])],
        "extensionState": applied,
    }
    return result | {key: value for key, value in optional.items() if value}
