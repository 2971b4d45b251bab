# Copyright: (c) 2026, the beekeeper.hivemq authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the cluster itself says about a failure: events, container states, the end of a log.

This module util is private to the collection and must not import Ansible.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from .client import KubeClient
from .errors import KubeError
from .ready import holds

LOG_LINES = 15
_TEXT_MAX = 2000


def recent_events(
    client: KubeClient, namespace: str, name: str | None = None, kind: str | None = None, limit: int = 5
) -> list[str]:
    """The last events about an object (or all objects of a kind), oldest first, one line each.

    An empty list when there are none or they may not be read: events explain, they never decide.
    """
    return [event_line(event) for event in event_list(client, namespace, name, kind)][-limit:]


def event_list(
    client: KubeClient, namespace: str, name: str | None = None, kind: str | None = None
) -> list[dict[str, Any]]:
    """The events about an object or a kind, oldest first; empty when they may not be read."""
    wanted = {"involvedObject.name": name, "involvedObject.kind": kind}
    selector = ",".join(f"{key}={value}" for key, value in wanted.items() if value)
    try:
        found = client.list("v1", "Event", namespace, field_selector=selector or None).items
    except KubeError:
        return []
    return sorted(found, key=_when)


def event_line(event: Mapping[str, Any]) -> str:
    """``Warning Failed: Failed to pull image … (3 times)``."""
    count = int(event.get("count") or (event.get("series") or {}).get("count") or 1)
    times = f" ({count} times)" if count > 1 else ""
    message = " ".join(str(event.get("message") or "").split())
    return f"{event.get('type')} {event.get('reason')}: {message[:400]}{times}"


def _when(event: Mapping[str, Any]) -> str:
    series = (event.get("series") or {}).get("lastObservedTime")
    first = (event.get("metadata") or {}).get("creationTimestamp")
    return str(series or event.get("lastTimestamp") or event.get("eventTime") or first or "")


def container_states(pod: Mapping[str, Any]) -> Iterator[tuple[str, str, Mapping[str, Any]]]:
    """Name, a few words and the status of each container that isn't running well, init containers first."""
    status = pod.get("status") or {}
    for state in [*(status.get("initContainerStatuses") or []), *(status.get("containerStatuses") or [])]:
        name = str(state.get("name"))
        now = state.get("state") or {}
        ended = now.get("terminated") or {}
        waiting = now.get("waiting") or {}
        if waiting:
            words = ": ".join(str(part) for part in (waiting.get("reason"), waiting.get("message")) if part)
            last = (state.get("lastState") or {}).get("terminated") or {}
            if last:
                words += f"; last time it ended with {last.get('reason')} (exit code {last.get('exitCode')})"
            yield name, words or "waiting", state
        elif ended and ended.get("exitCode") != 0:
            yield name, f"{ended.get('reason')} (exit code {ended.get('exitCode')})", state
        elif "running" in now and not state.get("ready"):
            restarts = int(state.get("restartCount") or 0)
            yield name, f"running, not ready{f' (restarted {restarts} times)' if restarts else ''}", state


def pod_phase(pod: Mapping[str, Any]) -> str:
    """A few words on how far a pod is: ``Ready``, ``Unschedulable``, ``ImagePullBackOff``, ``ContainerCreating``…"""
    if (pod.get("metadata") or {}).get("deletionTimestamp"):
        return "Terminating"
    if holds(pod, "Ready"):
        return "Ready"
    status = pod.get("status") or {}
    for condition in status.get("conditions") or []:
        if condition.get("type") == "PodScheduled" and condition.get("status") == "False":
            return str(condition.get("reason") or "Unschedulable")
    for _name, words, state in container_states(pod):
        reason = ((state.get("state") or {}).get("waiting") or {}).get("reason")
        return str(reason or words)
    return str(status.get("phase") or "Pending")


def pod_failure(client: KubeClient, pod: Mapping[str, Any]) -> str:
    """Why a pod isn't ready: container states, the last events, and the end of the failing container's log. Bounded."""
    metadata = pod.get("metadata") or {}
    name, namespace = str(metadata.get("name")), str(metadata.get("namespace"))
    lines = [f"Pod {name}: {pod_phase(pod)}"]
    failing: tuple[str, Mapping[str, Any]] | None = None
    for container, words, state in container_states(pod):
        lines.append(f"  container {container}: {words}"[:_TEXT_MAX])
        started = (state.get("state") or {}).get("waiting") is None or int(state.get("restartCount") or 0) > 0
        if failing is None and started:
            failing = (container, state)
    lines += [f"  event: {line}" for line in recent_events(client, namespace, name, "Pod")]
    if failing:
        lines += _log_tail(client, name, namespace, *failing)
    return "\n".join(lines)


def _log_tail(client: KubeClient, name: str, namespace: str, container: str, state: Mapping[str, Any]) -> list[str]:
    restarted = int(state.get("restartCount") or 0) > 0 and "running" not in (state.get("state") or {})
    try:
        text = client.logs(name, namespace, container, tail_lines=LOG_LINES, previous=restarted)
    except KubeError as error:
        return [f"  its log can't be read: {error.message}"]
    tail = text.rstrip()[-_TEXT_MAX:]
    return [f"  last lines of {container}:", *(f"    {line}" for line in tail.splitlines())] if tail else []


@dataclass(frozen=True)
class Explanation:
    """Why something isn't ready: several lines of text, and what to do about it. Both empty when nothing says so."""

    text: str = ""
    next_step: str = ""


def workload_failure(client: KubeClient, kind: str, name: str, namespace: str, limit: int = 2) -> Explanation:
    """Why the pods of a Deployment, StatefulSet, DaemonSet, Job or Pod aren't ready."""
    if kind == "Pod":
        pod = client.get("v1", "Pod", name, namespace)
        return Explanation(pod_failure(client, pod), advice([pod])) if pod else Explanation()
    version = _WORKLOADS.get(kind)
    live = client.get(version, kind, name, namespace) if version else None
    labels = (((live or {}).get("spec") or {}).get("selector") or {}).get("matchLabels") or {}
    if not labels:
        return Explanation()
    selector = ",".join(f"{key}={value}" for key, value in sorted(labels.items()))
    found = pods_failure(client, namespace, selector, limit)
    if found.text:
        return found
    return Explanation("\n".join(f"event: {line}" for line in recent_events(client, namespace, name, kind)))


def pods_failure(client: KubeClient, namespace: str, selector: str, limit: int = 2) -> Explanation:
    """Why pods that a selector selects aren't ready, for at most ``limit`` of them."""
    pods = client.list("v1", "Pod", namespace, label_selector=selector).items
    failing = [pod for pod in pods if pod_phase(pod) not in ("Ready", "Succeeded")]
    # The one that says most first: a container that ended tells more than one that hasn't started.
    failing.sort(key=lambda pod: -sum(int(s.get("restartCount") or 0) for _n, _w, s in container_states(pod)))
    return Explanation("\n".join(pod_failure(client, pod) for pod in failing[:limit]), advice(failing))


def advice(pods: Sequence[Mapping[str, Any]]) -> str:
    """What to do about pods that aren't ready; empty when they only need time, for all that can be seen."""
    for pod in pods:
        phase = pod_phase(pod)
        for reasons, step in _ADVICE:
            if phase in reasons:
                return step
        if any(int(state.get("restartCount") or 0) for _name, _words, state in container_states(pod)):
            return _ENDS
    return ""


_ENDS = "The container's last lines say why it ends; correct what it complains about."
_ADVICE = (
    (
        ("ErrImagePull", "ImagePullBackOff", "InvalidImageName", "ErrImageNeverPull", "ImageInspectError"),
        "Check the name and tag of the image, and that the nodes can pull it (registry, network, imagePullSecrets).",
    ),
    (
        ("Unschedulable",),
        "Make room: ask for less cpu and memory or add nodes; `kubectl describe nodes` shows what is taken.",
    ),
    (
        ("CreateContainerConfigError", "CreateContainerError", "RunContainerError"),
        "Create or correct the ConfigMap, Secret or volume that the pod refers to.",
    ),
    (("CrashLoopBackOff",), _ENDS),
)


_WORKLOADS = {"Deployment": "apps/v1", "StatefulSet": "apps/v1", "DaemonSet": "apps/v1", "Job": "batch/v1"}
