# Copyright: (c) 2026, the beekeeper.hivemq authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Why a pod is not ready, in a few words that stay the same while the cause stays the same.

Counters and back-off times in Kubernetes' own messages change every few seconds; a status made of them would be
written, and watched, again and again.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from . import names

_PULL = ("ErrImagePull", "ImagePullBackOff", "InvalidImageName", "ErrImageNeverPull", "ImageInspectError")
_CONFIG = ("CreateContainerConfigError", "CreateContainerError", "RunContainerError")
_MAX_DETAIL = 300
_SHOWN = 3


@dataclass(frozen=True)
class Trouble:
    """One pod that is not ready. `stuck`: it will not get ready by waiting. `unschedulable`: no node takes it."""

    pod: str
    reason: str
    detail: str = ""
    stuck: bool = False
    unschedulable: bool = False

    def __str__(self) -> str:
        return f"{self.pod}: {self.reason}" + (f" ({self.detail})" if self.detail else "")


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _condition(pod: Mapping[str, Any], kind: str) -> Mapping[str, Any]:
    conditions = _mapping(pod.get("status")).get("conditions") or ()
    return next((item for item in conditions if item.get("type") == kind), {})


def is_ready(pod: Mapping[str, Any]) -> bool:
    """Whether the pod counts for its Services."""
    return not pod["metadata"].get("deletionTimestamp") and _condition(pod, "Ready").get("status") == "True"


def ordinal(pod: Mapping[str, Any]) -> tuple[int, str]:
    """Sorts pods by their number: hive-2 before hive-10."""
    name = str(pod["metadata"]["name"])
    number = name.rpartition("-")[2]
    return (int(number) if number.isascii() and number.isdigit() and len(number) < 10 else -1, name)


def troubles(pods: Iterable[Mapping[str, Any]]) -> list[Trouble]:
    """Every pod that is not ready and why, in the order of their numbers."""
    return [_trouble(pod) for pod in sorted(pods, key=ordinal) if not is_ready(pod)]


def _trouble(pod: Mapping[str, Any]) -> Trouble:
    name = str(pod["metadata"]["name"])
    status = _mapping(pod.get("status"))
    if pod["metadata"].get("deletionTimestamp"):
        return Trouble(name, "is being stopped")
    if status.get("reason") == "Evicted" or status.get("phase") == "Failed":
        return Trouble(name, status.get("reason") or "Failed", _short(status.get("message")), stuck=True)
    scheduled = _condition(pod, "PodScheduled")
    if scheduled.get("status") == "False":
        return Trouble(name, "no node takes it", _short(scheduled.get("message")), unschedulable=True)
    images = {
        item.get("name"): item.get("image", "")
        for kind in ("initContainers", "containers")
        for item in _mapping(pod.get("spec")).get(kind) or ()
    }
    for kind in ("initContainerStatuses", "containerStatuses"):
        for container in status.get(kind) or ():
            found = _container(name, container, images.get(container.get("name"), ""))
            if found:
                return found
    return Trouble(name, "is starting" if status.get("phase") in (None, "", "Pending") else "is not ready yet")


def _container(pod: str, container: Mapping[str, Any], image: str) -> Trouble | None:
    state, last = _mapping(container.get("state")), _mapping(container.get("lastState"))
    waiting = _mapping(state.get("waiting"))
    reason = waiting.get("reason", "")
    where = "" if container.get("name") == names.CONTAINER else f"container {container.get('name')}: "
    if reason in _PULL:
        # Kubernetes alternates between two reasons for the same fact.
        name = reason if reason in ("InvalidImageName", "ErrImageNeverPull") else "ImagePullBackOff"
        return Trouble(pod, name, f"{where}image {image or container.get('image', '')} can't be pulled", stuck=True)
    if reason in _CONFIG:
        return Trouble(pod, reason, where + _short(waiting.get("message")), stuck=True)
    if "running" in state and container.get("started"):
        return None  # an end long ago says nothing about why it is not ready now
    ended = _mapping(state.get("terminated")) or _mapping(last.get("terminated"))
    failed = bool(ended) and ended.get("exitCode", 0) != 0 and not container.get("ready")
    if reason == "CrashLoopBackOff" or failed:
        why = f"exit code {ended.get('exitCode', 'unknown')}"
        if ended.get("reason") not in (None, "", "Error", "Completed"):
            why = f"{ended['reason']}, {why}"
        restarts = int(container.get("restartCount") or 0)
        times = f", restarted {restarts} time{'s' if restarts > 1 else ''}" if restarts else ""
        return Trouble(pod, "CrashLoopBackOff" if restarts else "failed", f"{where}{why}{times}", stuck=True)
    return None


def _short(text: Any) -> str:
    line = " ".join(str(text or "").split())
    return line if len(line) <= _MAX_DETAIL else line[: _MAX_DETAIL - 3] + "..."


def summary(found: Sequence[Trouble]) -> str:
    """The worst of them in one line; pods with the same trouble share an entry."""
    worst = sorted(found, key=lambda item: (not item.stuck, not item.unschedulable))  # stable: numbers stay in order
    groups: dict[tuple[str, str], list[str]] = {}
    for item in worst:
        groups.setdefault((item.reason, item.detail), []).append(item.pod)
    entries = [
        f"{', '.join(pods[:_SHOWN])}{f' and {len(pods) - _SHOWN} more' if len(pods) > _SHOWN else ''}: {reason}"
        + (f" ({detail})" if detail else "")
        for (reason, detail), pods in groups.items()
    ]
    return "; ".join(entries[:_SHOWN])
