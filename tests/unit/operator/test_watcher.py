# Copyright: (c) 2026, the beekeeper.hivemq authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A watch lists, watches, relists when it must, knows its age, and never ends of its own accord."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from ansible_collections.beekeeper.hivemq.plugins.module_utils._kube.auth import connect
from ansible_collections.beekeeper.hivemq.plugins.module_utils._kube.client import Event, KubeClient, ListResult
from ansible_collections.beekeeper.hivemq.plugins.module_utils._kube.errors import (
    Forbidden,
    KubeError,
    NotFound,
    ServerError,
    Unreachable,
    WatchExpired,
)
from beekeeper_operator import watcher as module
from beekeeper_operator.watcher import STALE_AFTER, Source, State, Watcher

SOURCE = Source("v1", "Service", None, "hivemq-cluster")


class Clock:
    """Time that passes only when told to."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@dataclass
class Script:
    """A FAKE client. Each list and watch takes its next entry: objects, events, an error, or a function to call."""

    clock: Clock
    lists: list[Any] = field(default_factory=list)
    watches: list[Any] = field(default_factory=list)
    asked: list[tuple[str, str | None]] = field(default_factory=list)

    def list(self, *_args: Any) -> ListResult:
        self.asked.append(("list", None))
        answer = self.lists.pop(0) if self.lists else []
        if isinstance(answer, Exception):
            raise answer
        return ListResult(answer, "10")

    def watch(
        self, *_args: Any, resource_version: str | None = None, timeout: float, read_timeout: float
    ) -> Iterator[Event]:
        assert 0 < read_timeout < timeout
        self.asked.append(("watch", resource_version))
        for step in self.watches.pop(0) if self.watches else []:
            if isinstance(step, Exception):
                raise step
            if callable(step):
                step()
            else:
                yield step
        self.clock.now += timeout


@dataclass
class Sink:
    """Remembers what was delivered."""

    got: list[tuple[str, Any]] = field(default_factory=list)
    fault: Exception | None = None

    def replace(self, source: Source, items: Iterable[Mapping[str, Any]]) -> None:
        self.got.append(("replace", list(items)))

    def change(self, source: Source, kind: str, item: Mapping[str, Any]) -> None:
        if self.fault:
            fault, self.fault = self.fault, None
            raise fault
        self.got.append((kind, item["metadata"]["name"]))


def changed(version: int, kind: str = "MODIFIED", name: str = "a") -> Event:
    return Event(kind, {"metadata": {"name": name, "resourceVersion": str(version)}})


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def sink() -> Sink:
    return Sink()


def make(client: Any, sink: Sink, clock: Callable[[], float], restarts: list[tuple[str, str]] | None = None) -> Watcher:
    seen = restarts if restarts is not None else []
    return Watcher(
        client, SOURCE, sink, relist_seconds=1200, clock=clock, jitter=lambda: 1.0, on_restart=lambda *a: seen.append(a)
    )


def test_lists_once_and_then_resumes_from_the_last_version_seen(clock: Clock, sink: Sink) -> None:
    client = Script(
        clock,
        watches=[[changed(11), changed(12, "DELETED")], [Event("BOOKMARK", {"metadata": {"resourceVersion": "40"}})]],
    )
    watcher = make(client, sink, clock)
    assert [watcher.cycle() for _ in range(3)] == [0, 0, 0]
    assert client.asked == [("list", None), ("watch", "10"), ("watch", "12"), ("watch", "40")]
    assert sink.got == [("replace", []), ("MODIFIED", "a"), ("DELETED", "a")]
    assert watcher.synced
    assert watcher.state is State.WATCHING


def test_lists_again_when_the_version_is_too_old(clock: Clock, sink: Sink) -> None:
    restarts: list[tuple[str, str]] = []
    client = Script(clock, watches=[[changed(11), WatchExpired("too old", status=410)], []])
    watcher = make(client, sink, clock, restarts)
    assert watcher.cycle() > 0
    watcher.cycle()
    assert [verb for verb, _version in client.asked] == ["list", "watch", "list", "watch"]
    assert restarts == [("Service/*", "expired")]


def test_lists_again_after_the_relist_time_even_if_all_seems_well(clock: Clock, sink: Sink) -> None:
    client = Script(clock)
    watcher = make(client, sink, clock)
    for _ in range(6):  # each watch lasts 300 s
        watcher.cycle()
    assert [verb for verb, _version in client.asked].count("list") == 2


@pytest.mark.parametrize(
    ("error", "state", "reason"),
    [
        (Unreachable("refused"), State.FAILING, "unreachable"),
        (ServerError("oops", status=500), State.FAILING, "error"),
        (NotFound("no such kind", status=404), State.MISSING, "missing"),
        (Forbidden("cannot list services", status=403), State.FORBIDDEN, "forbidden"),
        (RuntimeError("a fault of ours"), State.FAILING, "fault"),
    ],
)
def test_survives_every_error_with_growing_pauses_and_recovers(
    clock: Clock, sink: Sink, error: Exception, state: State, reason: str
) -> None:
    restarts: list[tuple[str, str]] = []
    client = Script(clock, lists=[error] * 9)
    watcher = make(client, sink, clock, restarts)
    pauses = [watcher.cycle() for _ in range(9)]
    longest = 5 if state is State.MISSING else 30
    assert pauses == [min(pause, longest) for pause in (0.5, 1, 2, 4, 8, 16, 30, 30, 30)]
    assert watcher.state is state
    assert watcher.problem
    assert not watcher.synced
    assert restarts == [("Service/*", reason)] * 9
    assert watcher.cycle() == 0
    assert watcher.state is State.WATCHING
    assert watcher.synced


@pytest.mark.parametrize("error", [NotFound("no such kind", status=404), Forbidden("not allowed", status=403)])
def test_a_kind_that_need_not_be_there_is_looked_for_at_leisure(
    clock: Clock, sink: Sink, caplog: pytest.LogCaptureFixture, error: KubeError
) -> None:
    source = Source("monitoring.coreos.com/v1", "ServiceMonitor", None, "hivemq-cluster", optional=True)
    client = Script(clock, lists=[error] * 8)
    watcher = Watcher(client, source, sink, relist_seconds=600, clock=clock, jitter=lambda: 1.0)
    assert [watcher.cycle() for _ in range(8)][-1] == 30
    assert {record.levelname for record in caplog.records} <= {"INFO"}
    assert watcher.cycle() == 0
    assert watcher.state is State.WATCHING


def test_a_watch_that_worked_for_long_starts_with_the_shortest_pause_again(clock: Clock, sink: Sink) -> None:
    cut = Unreachable("connection reset")

    def later() -> None:
        clock.now += 60

    client = Script(clock, watches=[[changed(11), later, cut]] * 5)
    watcher = make(client, sink, clock)
    assert [watcher.cycle() for _ in range(5)] == [0.5] * 5


def test_a_server_that_ends_watches_at_once_is_not_hammered(clock: Clock, sink: Sink) -> None:
    class AtOnce(Script):
        def watch(self, *_args: Any, **_options: Any) -> Iterator[Event]:
            return iter(())

    watcher = make(AtOnce(clock), sink, clock)
    assert [watcher.cycle() for _ in range(4)] == [0.5, 1, 2, 4]


def test_an_event_that_met_a_fault_of_ours_is_not_lost(clock: Clock, sink: Sink) -> None:
    sink.fault = RuntimeError("a fault of ours")
    client = Script(clock, lists=[[], [{"metadata": {"name": "a"}}]], watches=[[changed(11)], []])
    watcher = make(client, sink, clock)
    watcher.cycle()
    watcher.cycle()
    assert sink.got[-1] == ("replace", [{"metadata": {"name": "a"}}])


def test_age_counts_from_the_last_sign_of_life_and_stale_from_the_bound(clock: Clock, sink: Sink) -> None:
    down = Unreachable("refused")
    watcher = make(Script(clock, lists=[[], down, down], watches=[[changed(11), down]]), sink, clock)
    watcher.cycle()
    assert watcher.age() == 0
    clock.now += STALE_AFTER
    watcher.cycle()
    assert watcher.age() == STALE_AFTER
    assert not watcher.stale()
    clock.now += 1
    watcher.cycle()
    assert watcher.stale()
    watcher.cycle()
    assert not watcher.stale()


def test_an_answer_no_is_a_sign_of_life(clock: Clock, sink: Sink) -> None:
    watcher = make(Script(clock, lists=[Forbidden("no", status=403), NotFound("no", status=404)]), sink, clock)
    for _ in range(2):
        clock.now += STALE_AFTER * 2
        watcher.cycle()
        assert watcher.age() == 0


def test_the_thread_outlives_faults_and_ends_when_asked(clock: Clock, sink: Sink) -> None:
    listed = threading.Event()

    class Faulty(Script):
        def list(self, *_args: Any) -> ListResult:
            if len(self.asked) >= 2:
                listed.set()
            self.asked.append(("list", None))
            raise KeyError("a fault of ours")

    watcher = make(Faulty(clock), sink, clock)
    thread = threading.Thread(target=watcher.run)
    thread.start()
    assert listed.wait(10)
    assert thread.is_alive()
    watcher.stop()
    thread.join(10)
    assert not thread.is_alive()


def test_a_silent_connection_is_noticed_over_a_real_socket(sink: Sink, monkeypatch: pytest.MonkeyPatch) -> None:
    """The server accepts the watch and never says anything again, as behind a broken firewall."""
    release = threading.Event()

    class Silent(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            if "watch=true" in self.path:
                self.send_header("Transfer-Encoding", "chunked")
                self.end_headers()
                self.wfile.flush()
                release.wait(30)
                self.close_connection = True
                return
            body = json.dumps({"metadata": {"resourceVersion": "10"}, "items": []}).encode()
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            pass

    monkeypatch.setattr(module, "READ_TIMEOUT", 0.3)
    server = ThreadingHTTPServer(("127.0.0.1", 0), Silent)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        connection = connect({"host": f"http://127.0.0.1:{server.server_address[1]}", "api_key": "token"})
        client = KubeClient(connection, field_manager="test")
        watcher = Watcher(client, SOURCE, sink, relist_seconds=600, jitter=lambda: 1.0)
        assert watcher.cycle() > 0
        assert watcher.state is State.FAILING
        assert "timed out" in watcher.problem
    finally:
        release.set()
        server.shutdown()
        server.server_close()
        thread.join(10)


def test_errors_of_the_client_are_all_handled() -> None:
    """Whatever error the client may raise is one of these, so that none is taken for a fault of ours."""
    assert all(issubclass(error, KubeError) for error in (Forbidden, NotFound, ServerError, Unreachable, WatchExpired))
