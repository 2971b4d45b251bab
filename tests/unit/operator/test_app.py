# Copyright: (c) 2026, the beekeeper.hivemq authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The whole operator, its threads included, against a fake client in memory; and its start and end as a process."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.beekeeper.hivemq.plugins.module_utils._kube.errors import (
    Forbidden,
    KubeError,
    NotFound,
    ServerError,
)
from beekeeper_operator.app import STUCK_AFTER, Operator
from beekeeper_operator.cache import Key, sources
from beekeeper_operator.settings import Settings
from beekeeper_operator.watcher import STALE_AFTER, State
from fake_client import FakeClient

OPERATOR = Path(__file__).parents[3] / "operator"


class Running:
    """An operator at work."""

    def __init__(self) -> None:
        self.client = FakeClient()
        self.late = 0.0  # how far the operator's clock is ahead
        self.operator = Operator(
            Settings(workers=2),
            self.client,  # type: ignore[arg-type]
            self.client,  # type: ignore[arg-type]
            clock=lambda: time.monotonic() + self.late,
        )

    def cluster(self, name: str, **spec: Any) -> None:
        resource = {
            "apiVersion": "hivemq.com/v1",
            "kind": "HiveMQCluster",
            "metadata": {"namespace": "ns", "name": name, "generation": 1},
            "spec": {"nodeCount": 1, "image": "hivemq/hivemq-ce", "hivemqVersion": "2025.5", **spec},
        }
        self.client.put(resource)

    def until(self, condition: Callable[[], Any], what: str) -> None:
        """Waits on the fake API server's changes until the condition holds."""
        end = time.monotonic() + 20
        with self.client._changed:
            while not condition():
                assert (
                    self.client._changed.wait(max(0.0, min(0.1, end - time.monotonic()))) or time.monotonic() < end
                ), what


@pytest.fixture
def running() -> Iterator[Running]:
    it = Running()
    yield it
    it.client.refuse.clear()
    it.client.close()
    assert it.operator.stop(20) == []


def test_makes_clusters_keeps_them_and_puts_back_what_is_deleted(running: Running) -> None:
    running.cluster("a")
    running.operator.start()
    running.until(lambda: running.client.find("StatefulSet", "a"), "the first cluster is made")
    running.cluster("b")
    running.until(lambda: running.client.find("StatefulSet", "b"), "a second cluster is made")
    for _ in range(3):
        running.client.remove("Service", "hivemq-a-mqtt")
        running.until(lambda: running.client.find("Service", "hivemq-a-mqtt"), "the Service is back")
    assert running.operator.healthy() == []
    running.until(lambda: running.operator.ready() == [], "all lists are made")
    assert running.operator.registry.render().count("\nbeekeeper_operator_watch_age_seconds{") == len(sources([None]))


def test_a_broken_cluster_does_not_hold_up_the_others(running: Running) -> None:
    """There are more broken clusters than workers, and they stay broken."""
    original = running.client.get

    def get(api_version: str, kind: str, name: str, namespace: str | None = None) -> dict[str, Any] | None:
        if kind == "HiveMQCluster" and name.startswith("broken"):
            raise (ServerError("no", status=500) if name.endswith("1") else RuntimeError("a fault of ours"))
        return original(api_version, kind, name, namespace)

    running.client.get = get  # type: ignore[method-assign]
    for number in range(6):
        running.cluster(f"broken-{number % 2}-{number}" if number < 4 else f"broken-{number}-1")
    running.operator.start()
    running.cluster("well")
    running.until(lambda: running.client.find("StatefulSet", "well"), "the cluster that is well is made")
    running.until(lambda: running.operator.queue.delayed >= 6, "the broken ones wait for their next turn")
    assert running.operator.healthy() == []


def test_readiness_names_a_missing_right_and_health_does_not_mind(running: Running) -> None:
    running.client.refuse["list", "Pod"] = Forbidden("Not allowed (403) to list pods", status=403)
    running.operator.start()
    running.until(lambda: len(running.operator.ready()) == 1 and "403" in running.operator.ready()[0], "told so")
    assert "watch Pod/*: Not allowed (403) to list pods" in running.operator.ready()[0]
    running.late = STALE_AFTER / 2
    assert running.operator.healthy() == []


@pytest.mark.parametrize("error", [NotFound("no such kind", status=404), Forbidden("not allowed", status=403)])
def test_readiness_does_without_monitors_where_there_are_none(running: Running, error: KubeError) -> None:
    running.client.refuse["list", "ServiceMonitor"] = error
    running.operator.start()
    (watcher,) = [item for item in running.operator.watchers if item.source.kind == "ServiceMonitor"]
    running.until(lambda: watcher.state in {State.MISSING, State.FORBIDDEN}, "the watch has been refused")
    running.until(lambda: running.operator.ready() == [], "all other lists are made")
    assert running.operator.healthy() == []


def test_health_names_a_watch_without_a_sign_of_life(running: Running) -> None:
    running.operator.start()
    running.until(lambda: running.operator.ready() == [], "all lists are made")
    running.late = STALE_AFTER + 10
    problems = running.operator.healthy()
    assert len(problems) == len(sources([None]))
    assert any(problem.startswith("watch Service/*: no sign of life") for problem in problems)


def test_health_names_a_worker_that_hangs_and_stop_names_what_it_left(running: Running) -> None:
    at_it, release = threading.Event(), threading.Event()
    original = running.client.get

    def get(*args: Any) -> dict[str, Any] | None:
        at_it.set()
        release.wait(30)
        return original(*args)

    running.client.get = get  # type: ignore[method-assign, assignment]
    running.cluster("slow")
    running.operator.start()
    try:
        assert at_it.wait(10)
        running.late = STUCK_AFTER + 1
        assert any("is at ns/slow" in problem for problem in running.operator.healthy())
        running.client.close()
        assert running.operator.stop(0.0) == [Key("ns", "slow")]
    finally:
        release.set()
    assert running.operator.stop(20) == []


def test_health_names_a_thread_that_has_ended(running: Running) -> None:
    running.operator.start()
    running.client.close()
    running.operator.stop(20)
    assert any("worker-0 has ended" in problem for problem in running.operator.healthy())


def environment(**extra: str) -> dict[str, str]:
    paths = [str(OPERATOR / "src"), str(OPERATOR.parent / "build" / "collections")]
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("K8S_AUTH", "KUBE"))}
    return {**kept, "PYTHONPATH": os.pathsep.join(paths), "PYTHONDONTWRITEBYTECODE": "1", **extra}


def test_bad_settings_end_the_start_with_one_clear_line() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "beekeeper_operator"],
        env=environment(WORKERS="many"),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    assert "WORKERS='many'" in done.stderr


NOWHERE = """
apiVersion: v1
kind: Config
current-context: x
clusters: [{name: x, cluster: {server: 'http://127.0.0.1:1'}}]
users: [{name: x, user: {token: secret-token}}]
contexts: [{name: x, context: {cluster: x, user: x}}]
"""


def free_port() -> int:
    """A port of loopback that nobody listens on: these tests may run twice at the same time."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


def test_a_port_that_is_taken_ends_the_start_with_one_clear_line(tmp_path: Path) -> None:
    kubeconfig = tmp_path / "config"
    kubeconfig.write_text(NOWHERE)
    with socket.create_server(("", 0)) as server:
        port = server.getsockname()[1]
        done = subprocess.run(
            [sys.executable, "-m", "beekeeper_operator"],
            env=environment(KUBECONFIG=str(kubeconfig), HTTP_PORT=str(port)),
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
    assert done.returncode == 2
    assert f"HTTP_PORT {port} can't be listened on" in done.stderr
    assert "Traceback" not in done.stderr


def test_without_an_api_server_it_stays_up_says_so_and_ends_well_on_sigterm(tmp_path: Path) -> None:
    kubeconfig = tmp_path / "config"
    kubeconfig.write_text(NOWHERE)
    process = subprocess.Popen(
        [sys.executable, "-m", "beekeeper_operator"],
        env=environment(KUBECONFIG=str(kubeconfig), HTTP_PORT=str(free_port()), LOG_LEVEL="DEBUG"),
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stderr is not None
    lines = []
    for line in process.stderr:
        lines.append(line)
        if "can't be reached" in line:
            break
    process.send_signal(signal.SIGTERM)
    _out, rest = process.communicate(timeout=60)
    text = "".join(lines) + rest
    assert process.returncode == 0, text
    assert 'msg="starting"' in text or "msg=starting" in text
    assert "msg=stopped" in text
    assert "secret-token" not in text
