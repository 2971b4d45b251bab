# Copyright: (c) 2026, the beekeeper.hivemq authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Waiting, with a clock that is turned by hand."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import pytest
from ansible_collections.beekeeper.hivemq.plugins.module_utils._kube.client import KubeClient
from ansible_collections.beekeeper.hivemq.plugins.module_utils._kube.errors import (
    DeadlineExceeded,
    Forbidden,
    NeverReady,
    ServerError,
)
from ansible_collections.beekeeper.hivemq.plugins.module_utils._kube.wait import (
    Check,
    Scope,
    Target,
    Watcher,
    wait_for,
    wait_until,
)

from ..fake_api import FakeApi
from ..fake_clock import FakeClock

DEPLOYMENT: dict[str, Any] = {
    "apiVersion": "apps/v1",
    "kind": "Deployment",
    "metadata": {"name": "d", "namespace": "default", "generation": 1},
    "spec": {"replicas": 1},
    "status": {},
}
READY = {"observedGeneration": 1, "replicas": 1, "updatedReplicas": 1, "availableReplicas": 1}
TARGET = ("apps/v1", "Deployment", "d", "default")


def until(check: Callable[[], Check], clock: FakeClock, deadline: float = 100.0) -> list[str]:
    lines: list[str] = []
    wait_until(check, what="the thing", deadline_seconds=deadline, waker=clock, progress=lines.append, clock=clock)
    return lines


def test_a_line_per_change_and_a_heartbeat(clock: FakeClock) -> None:
    def check() -> Check:
        if clock.now < 10:
            return Check(False, "pulling", f"pulling ({clock.now:.0f} s)")
        return Check(clock.now >= 95, "starting" if clock.now < 95 else "done")

    lines: list[str] = []
    stamps: list[float] = []

    def progress(line: str) -> None:
        lines.append(line)
        stamps.append(clock.now)

    wait_until(check, what="it", deadline_seconds=100, waker=clock, progress=progress, clock=clock)
    assert lines == [
        "pulling (0 s)",
        "starting",
        "starting (waiting for 40 s)",
        "starting (waiting for 70 s)",
        "done",
    ]
    assert max(later - earlier for earlier, later in itertools.pairwise(stamps)) <= 30


def test_deadline_says_what_and_how_it_was(clock: FakeClock) -> None:
    with pytest.raises(DeadlineExceeded, match="Waited 20 s for the thing, in vain: 1/3 ready") as caught:
        until(lambda: Check(False, "1/3 ready"), clock, deadline=20)
    assert clock.now == 20
    assert "wait_timeout" in caught.value.next_step


def test_a_server_that_is_away_for_a_while_is_waited_for(clock: FakeClock) -> None:
    def check() -> Check:
        if clock.now < 12:
            raise ServerError("The API server is restarting")
        return Check(True, "ready")

    assert until(check, clock) == ["The API server is restarting", "ready"]


def test_other_errors_end_the_wait(clock: FakeClock) -> None:
    def check() -> Check:
        raise Forbidden("Not allowed")

    with pytest.raises(Forbidden):
        until(check, clock)
    assert clock.now == 0


def test_ready_already_costs_nothing(api: FakeApi, client: KubeClient, clock: FakeClock) -> None:
    seen = {**DEPLOYMENT, "status": READY}
    wait_for(client, [Target(*TARGET, seen=seen)], 10, pytest.fail, waker=clock, clock=clock)
    assert client.calls == 0


def test_until_ready(api: FakeApi, client: KubeClient, clock: FakeClock) -> None:
    api.put(DEPLOYMENT)
    clock.at(8, lambda: api.put({**DEPLOYMENT, "status": {"observedGeneration": 1}}))
    clock.at(15, lambda: api.put({**DEPLOYMENT, "status": READY}))
    lines: list[str] = []
    other = Target("v1", "Namespace", "default", seen=api.find("Namespace", "default"))
    wait_for(client, [other, Target(*TARGET)], 60, lines.append, waker=clock, clock=clock)
    assert lines == [
        "Deployment default/d: not looked at yet",
        "Deployment default/d: 0/1 available, 0 updated",
        "2 objects ready",
    ]


def test_failed_for_good_ends_at_once(api: FakeApi, client: KubeClient, clock: FakeClock) -> None:
    stuck = {"type": "Progressing", "status": "False", "reason": "ProgressDeadlineExceeded", "message": "gave up"}
    api.put({**DEPLOYMENT, "status": {"observedGeneration": 1, "conditions": [stuck]}})
    with pytest.raises(
        NeverReady, match="Deployment default/d has failed: 0/1 available, 0 updated: gave up"
    ) as caught:
        wait_for(client, [Target(*TARGET)], 60, lambda line: None, waker=clock, clock=clock)
    assert clock.now == 0
    assert [target.name for target in caught.value.pending] == ["d"]


def test_deadline_names_what_is_pending(api: FakeApi, client: KubeClient, clock: FakeClock) -> None:
    targets = [Target(*TARGET), Target("v1", "Pod", "p", "default")]
    with pytest.raises(
        DeadlineExceeded,
        match=r"2 objects to be ready, in vain: Deployment default/d: doesn't exist yet \(and 1 more\)",
    ) as caught:
        wait_for(client, targets, 60, lambda line: None, waker=clock, clock=clock)
    assert [target.name for target in caught.value.pending] == ["d", "p"]


def test_until_gone(api: FakeApi, client: KubeClient, clock: FakeClock) -> None:
    api.put({**DEPLOYMENT, "metadata": {**DEPLOYMENT["metadata"], "finalizers": ["example.com/keep"]}})
    clock.at(10, lambda: api.remove("Deployment", "d", "default"))
    lines: list[str] = []
    wait_for(client, [Target(*TARGET, gone=True)], 60, lines.append, waker=clock, clock=clock)
    assert lines == ["Deployment default/d: being deleted, held by example.com/keep", "Deployment default/d gone"]


def test_a_watch_wakes_at_once(api: FakeApi, client: KubeClient) -> None:
    """Real threads and no clock of ours: with a poll of 5 s and a heartbeat of 30 s only a watch can be this quick."""
    api.put(DEPLOYMENT)
    lines: list[str] = []

    def progress(line: str) -> None:
        lines.append(line)
        if len(lines) == 1:
            api.put({**DEPLOYMENT, "status": READY})

    wait_for(client, [Target(*TARGET)], 4, progress)
    assert lines[-1] == "Deployment default/d ready"


def test_a_watch_that_is_refused_is_opened_again(api: FakeApi, client: KubeClient) -> None:
    api.fail("GET", "/deployments$", 403, times=1)
    api.put(DEPLOYMENT)
    watcher = Watcher(client, [Scope("apps/v1", "Deployment", "default", name="d")])
    watcher.wait(10)  # the second watch reports the object that exists
    watcher.close()
    assert [seen.query.get("fieldSelector") for seen in api.requests if "watch" in seen.query] == [
        "metadata.name=d"
    ] * 2
