# Copyright: (c) 2026, the beekeeper.hivemq authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Is an object ready? Pure predicates that don't mistake the state before a change for the state after it.

This module util is private to the collection and must not import Ansible.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Readiness:
    """``message`` is a few words for a progress line. ``failed``: it has failed and won't become ready by waiting."""

    ready: bool
    message: str
    failed: bool = False


def readiness(obj: Mapping[str, Any]) -> Readiness:
    """Whether ``obj`` is as ready as its kind can tell. Kinds that tell nothing are ready when they exist."""
    if (obj.get("metadata") or {}).get("deletionTimestamp"):
        return Readiness(False, "being deleted")
    check = _CHECKS.get(str(obj.get("kind")))
    return check(obj) if check else _custom_resource(obj)


def condition(obj: Mapping[str, Any], kind: str) -> dict[str, Any] | None:
    """The status condition of that type."""
    for item in (obj.get("status") or {}).get("conditions") or []:
        if item.get("type") == kind:
            return dict(item)
    return None


def holds(obj: Mapping[str, Any], kind: str) -> bool:
    """Whether the condition of that type is True."""
    return (condition(obj, kind) or {}).get("status") == "True"


def observed(obj: Mapping[str, Any]) -> bool:
    """Whether the status was computed for the generation the object has now."""
    generation = (obj.get("metadata") or {}).get("generation") or 0
    return int((obj.get("status") or {}).get("observedGeneration") or 0) >= int(generation)


def _numbers(obj: Mapping[str, Any], *names: str) -> list[int]:
    status = obj.get("status") or {}
    return [int(status.get(name) or 0) for name in names]


def _replicas(obj: Mapping[str, Any]) -> int:
    wanted = (obj.get("spec") or {}).get("replicas")
    return 1 if wanted is None else int(wanted)


def _deployment(obj: Mapping[str, Any]) -> Readiness:
    if not observed(obj):
        return Readiness(False, "not looked at yet")
    wanted = _replicas(obj)
    total, updated, available = _numbers(obj, "replicas", "updatedReplicas", "availableReplicas")
    progressing = condition(obj, "Progressing") or {}
    message = f"{available}/{wanted} available, {updated} updated"
    if progressing.get("reason") == "ProgressDeadlineExceeded":
        return Readiness(False, f"{message}: {progressing.get('message') or 'no progress'}", failed=True)
    return Readiness(updated == wanted and total == wanted and available >= wanted, message)


def _stateful_set(obj: Mapping[str, Any]) -> Readiness:
    if not observed(obj):
        return Readiness(False, "not looked at yet")
    wanted = _replicas(obj)
    total, updated, ready = _numbers(obj, "replicas", "updatedReplicas", "readyReplicas")
    strategy = (obj.get("spec") or {}).get("updateStrategy") or {}
    to_update = wanted - int((strategy.get("rollingUpdate") or {}).get("partition") or 0)
    if strategy.get("type") == "OnDelete":
        to_update = 0  # somebody else decides when pods are replaced
    done = updated >= to_update and ready >= wanted and total == wanted
    return Readiness(done, f"{ready}/{wanted} ready, {updated} updated")


def _daemon_set(obj: Mapping[str, Any]) -> Readiness:
    if not observed(obj):
        return Readiness(False, "not looked at yet")
    wanted, updated, available = _numbers(obj, "desiredNumberScheduled", "updatedNumberScheduled", "numberAvailable")
    if ((obj.get("spec") or {}).get("updateStrategy") or {}).get("type") == "OnDelete":
        updated = wanted
    return Readiness(updated == wanted and available == wanted, f"{available}/{wanted} available, {updated} updated")


def _crd(obj: Mapping[str, Any]) -> Readiness:
    names = condition(obj, "NamesAccepted") or {}
    if names.get("status") == "False":
        return Readiness(False, f"names not accepted: {names.get('message')}", failed=True)
    return Readiness(True, "established") if holds(obj, "Established") else Readiness(False, "not established yet")


def _pod(obj: Mapping[str, Any]) -> Readiness:
    phase = str((obj.get("status") or {}).get("phase") or "Pending")
    if phase == "Failed":
        return Readiness(False, "failed", failed=True)
    return Readiness(phase == "Succeeded" or holds(obj, "Ready"), phase)


def _job(obj: Mapping[str, Any]) -> Readiness:
    if holds(obj, "Failed"):
        return Readiness(False, str((condition(obj, "Failed") or {}).get("message") or "failed"), failed=True)
    active, succeeded = _numbers(obj, "active", "succeeded")
    return Readiness(holds(obj, "Complete"), f"{active} active, {succeeded} succeeded")


def _claim(obj: Mapping[str, Any]) -> Readiness:
    phase = str((obj.get("status") or {}).get("phase") or "Pending")
    return Readiness(phase == "Bound", phase, failed=phase == "Lost")


def _namespace(obj: Mapping[str, Any]) -> Readiness:
    phase = str((obj.get("status") or {}).get("phase") or "Active")
    return Readiness(phase == "Active", phase)


def _hivemq_cluster(obj: Mapping[str, Any]) -> Readiness:
    status = obj.get("status") or {}
    if not observed(obj) or not status.get("observedGeneration"):
        return Readiness(False, "the operator hasn't looked at it yet")
    state = str(status.get("state") or "")
    message = ": ".join(part for part in (state, str(status.get("message") or "")) if part) or "no state yet"
    return Readiness(holds(obj, "Ready"), message, failed=state == "Failed")


def _custom_resource(obj: Mapping[str, Any]) -> Readiness:
    """Any other kind: by its Ready or Available condition where it has one, and only for the current generation."""
    for name in ("Ready", "Available"):
        found = condition(obj, name)
        if found is None:
            continue
        generation = int((obj.get("metadata") or {}).get("generation") or 0)
        status = obj.get("status") or {}
        seen = found.get("observedGeneration", status.get("observedGeneration", generation))
        if int(seen or 0) < generation:
            return Readiness(False, "not looked at yet")
        words = str(found.get("message") or found.get("reason") or name)
        return Readiness(found.get("status") == "True", words)
    return Readiness(True, "exists")


_CHECKS: dict[str, Callable[[Mapping[str, Any]], Readiness]] = {
    "CustomResourceDefinition": _crd,
    "DaemonSet": _daemon_set,
    "Deployment": _deployment,
    "HiveMQCluster": _hivemq_cluster,
    "Job": _job,
    "Namespace": _namespace,
    "PersistentVolumeClaim": _claim,
    "Pod": _pod,
    "StatefulSet": _stateful_set,
}
