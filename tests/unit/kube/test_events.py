# Copyright: (c) 2026, the beekeeper.hivemq authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the cluster says about a failure."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.beekeeper.hivemq.plugins.module_utils._kube.client import KubeClient
from ansible_collections.beekeeper.hivemq.plugins.module_utils._kube.events import (
    Explanation,
    advice,
    pod_failure,
    pod_phase,
    recent_events,
    workload_failure,
)

from ..fake_api import FakeApi


def pod(name: str = "p", *containers: dict[str, Any], **status: Any) -> dict[str, Any]:
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "namespace": "default", "labels": {"app": "x"}},
        "status": {"containerStatuses": list(containers), **status},
    }


def event(name: str, reason: str, at: str, kind: str = "Pod", about: str = "p", **more: Any) -> dict[str, Any]:
    return {
        "apiVersion": "v1",
        "kind": "Event",
        "metadata": {"name": name, "namespace": "default"},
        "involvedObject": {"kind": kind, "name": about},
        "type": "Warning",
        "reason": reason,
        "message": f"{reason}\n  happened",
        "lastTimestamp": at,
        **more,
    }


CRASHED = {
    "name": "hivemq",
    "ready": False,
    "restartCount": 3,
    "state": {"waiting": {"reason": "CrashLoopBackOff", "message": "back-off 40s"}},
    "lastState": {"terminated": {"reason": "Error", "exitCode": 1}},
}
PULLING = {
    "name": "hivemq",
    "ready": False,
    "restartCount": 0,
    "state": {"waiting": {"reason": "ImagePullBackOff", "message": "no such image"}},
}
UNREADY = {"name": "hivemq", "ready": False, "restartCount": 0, "state": {"running": {}}}


def test_events_in_order_and_bounded(api: FakeApi, client: KubeClient) -> None:
    api.put(event("b", "Later", "2026-01-01T00:00:02Z", count=4))
    api.put(event("a", "Earlier", "2026-01-01T00:00:01Z"))
    api.put(event("c", "Elsewhere", "2026-01-01T00:00:03Z", about="q"))
    api.put(event("d", "New", "", eventTime="2026-01-01T00:00:04.5Z"))
    assert recent_events(client, "default", "p", "Pod") == [
        "Warning Earlier: Earlier happened",
        "Warning Later: Later happened (4 times)",
        "Warning New: New happened",
    ]
    assert recent_events(client, "default", "p", "Pod", limit=1) == ["Warning New: New happened"]


def test_events_that_may_not_be_read_are_none(api: FakeApi, client: KubeClient) -> None:
    api.fail("GET", "/events", 403)
    assert recent_events(client, "default", "p", "Pod") == []


def test_a_crash_shows_the_log_of_the_last_run(api: FakeApi, client: KubeClient) -> None:
    api.put(pod("p", CRASHED))
    api.put(event("a", "BackOff", "2026-01-01T00:00:01Z"))
    api.logs["p"] = "starting\njava.lang.IllegalStateException: no config\n"
    assert pod_failure(client, pod("p", CRASHED)).splitlines() == [
        "Pod p: CrashLoopBackOff",
        "  container hivemq: CrashLoopBackOff: back-off 40s; last time it ended with Error (exit code 1)",
        "  event: Warning BackOff: BackOff happened",
        "  last lines of hivemq:",
        "    starting",
        "    java.lang.IllegalStateException: no config",
    ]
    assert api.requests[-1].query == {"previous": "true", "container": "hivemq", "tailLines": "15"}


def test_an_image_that_cant_be_pulled_has_no_log(api: FakeApi, client: KubeClient) -> None:
    assert "ImagePullBackOff: no such image" in pod_failure(client, pod("p", PULLING))
    assert not [path for path in api.calls() if path.endswith("/log")]


def test_a_log_is_bounded_and_may_be_refused(api: FakeApi, client: KubeClient) -> None:
    api.put(pod("p", UNREADY))
    api.logs["p"] = "x" * 100_000
    assert len(pod_failure(client, pod("p", UNREADY))) < 2500
    api.fail("GET", "/log", 403)
    assert "its log can't be read" in pod_failure(client, pod("p", UNREADY))


def test_workload(api: FakeApi, client: KubeClient) -> None:
    spec = {"selector": {"matchLabels": {"app": "x"}}}
    meta = {"name": "d", "namespace": "default"}
    api.put({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": meta, "spec": spec})
    assert workload_failure(client, "Deployment", "d", "default") == Explanation()
    api.put(event("a", "FailedCreate", "2026-01-01T00:00:01Z", kind="Deployment", about="d"))
    assert (
        workload_failure(client, "Deployment", "d", "default").text
        == "event: Warning FailedCreate: FailedCreate happened"
    )
    for name in ("one", "two", "three"):
        api.put(pod(name, PULLING))
    api.put(pod("crashed", CRASHED))
    lines = [
        line for line in workload_failure(client, "Deployment", "d", "default").text.splitlines() if line[:3] == "Pod"
    ]
    assert lines == ["Pod crashed: CrashLoopBackOff", "Pod one: ImagePullBackOff"]
    assert workload_failure(client, "ConfigMap", "c", "default") == Explanation()
    assert workload_failure(client, "Pod", "gone", "default") == Explanation()


@pytest.mark.parametrize(
    ("obj", "words"),
    [
        (pod("p", conditions=[{"type": "Ready", "status": "True"}]), "Ready"),
        (
            pod("p", conditions=[{"type": "PodScheduled", "status": "False", "reason": "Unschedulable"}]),
            "Unschedulable",
        ),
        (pod("p", PULLING), "ImagePullBackOff"),
        (pod("p", UNREADY), "running, not ready"),
        (
            pod("p", {"name": "c", "state": {"terminated": {"reason": "OOMKilled", "exitCode": 137}}}),
            "OOMKilled (exit code 137)",
        ),
        (pod("p", phase="Pending"), "Pending"),
        ({**pod(), "metadata": {"deletionTimestamp": "x"}}, "Terminating"),
    ],
)
def test_phase(obj: dict[str, Any], words: str) -> None:
    assert pod_phase(obj) == words


@pytest.mark.parametrize(
    ("pods", "words"),
    [
        ([pod("p", PULLING)], "name and tag of the image"),
        ([pod("a", UNREADY), pod("p", CRASHED)], "last lines"),
        ([pod("p", {**UNREADY, "restartCount": 1})], "last lines"),
        ([pod("p", conditions=[{"type": "PodScheduled", "status": "False", "reason": "Unschedulable"}])], "Make room"),
        ([pod("p", {"name": "c", "state": {"waiting": {"reason": "CreateContainerConfigError"}}})], "ConfigMap"),
    ],
)
def test_advice(pods: list[dict[str, Any]], words: str) -> None:
    assert words in advice(pods)


def test_no_advice_for_what_only_needs_time() -> None:
    assert advice([pod("p", UNREADY)]) == ""
