# Copyright: (c) 2026, the beekeeper.hivemq authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Puts the parts together: watches feed the index, the index wakes clusters in the queue, workers reconcile them."""

from __future__ import annotations

import logging
import os
import signal
import socket
import threading
import time
from collections.abc import Callable
from typing import Any

from ansible_collections.beekeeper.hivemq.plugins.module_utils._hivemq.names import OPERATOR_FIELD_MANAGER
from ansible_collections.beekeeper.hivemq.plugins.module_utils._kube.auth import connect
from ansible_collections.beekeeper.hivemq.plugins.module_utils._kube.client import KubeClient
from ansible_collections.beekeeper.hivemq.plugins.module_utils._kube.errors import KubeError

from . import __version__
from .cache import Index, Key, sources
from .health import HealthServer
from .lean import LeanClient
from .logs import say, set_up
from .metrics import Registry
from .queue import WorkQueue
from .reconcile import Outcome, Reconciler
from .settings import Settings, SettingsError, from_env
from .watcher import LONGEST_PAUSE, State, Watcher

LOG = logging.getLogger(__name__)

# Seconds. A reconcile is a few dozen calls at most, each with its own time limit: longer than this, its worker hangs.
STUCK_AFTER = 900.0
# Less than the 30 s that Kubernetes gives a pod to end.
FINISH_WITHIN = 20.0


class Worker:
    """A worker's thread, and what it is at: a key and since when."""

    def __init__(self, name: str, work: Callable[[Worker], None]) -> None:
        self.busy: tuple[Key, float] | None = None
        self.thread = threading.Thread(target=work, args=(self,), name=name, daemon=True)


class Operator:
    """The running operator. `start`, then `stop`; `healthy`, `ready` and `metrics` answer the HTTP server."""

    def __init__(
        self,
        settings: Settings,
        client: KubeClient,
        watch_client: KubeClient,
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.settings = settings
        self._clock = clock
        self.registry = Registry()
        self.queue: WorkQueue[Key] = WorkQueue(clock=clock)
        self.index = Index(self.queue.add_after)
        instance = os.environ.get("HOSTNAME") or socket.gethostname()
        self._reconciler = Reconciler(client, self.index.children, instance=instance)
        self._clients = (client, watch_client)
        name = "beekeeper_operator"
        self._runs = self.registry.counter(f"{name}_reconciles_total", "Reconciles by result.", ("result",))
        self._seconds = self.registry.summary(f"{name}_reconcile_duration_seconds", "Time that reconciles took.")
        self._writes = self.registry.counter(f"{name}_writes_total", "Objects written.", ("action", "kind"))
        self._restarts = self.registry.counter(
            f"{name}_watch_restarts_total", "Watches begun again.", ("watch", "reason")
        )
        self.watchers = [
            Watcher(
                watch_client,
                source,
                self.index,
                relist_seconds=settings.resync_seconds,
                clock=clock,
                on_restart=self._restarts.add,
            )
            for source in sources(settings.scopes)
        ]
        self.registry.reading(f"{name}_queue_depth", "Clusters waiting for a worker.", lambda: {(): self.queue.depth})
        self.registry.reading(f"{name}_queue_delayed", "Clusters due later.", lambda: {(): self.queue.delayed})
        self.registry.reading(f"{name}_clusters", "HiveMQClusters known.", lambda: {(): len(self.index.clusters())})
        self.registry.reading(
            f"{name}_watch_age_seconds",
            "Time since a watch last heard from the API server.",
            lambda: {(str(watcher.source),): watcher.age() for watcher in self.watchers},
            ("watch",),
        )
        self.registry.reading(
            f"{name}_api_calls_total",
            "Requests sent to the API server.",
            lambda: {(): sum(client.calls for client in self._clients)},
            kind="counter",
        )
        self.registry.reading(f"{name}_info", "The operator's version.", lambda: {(__version__,): 1}, ("version",))
        self._watch_threads: list[threading.Thread] = []
        self._workers: list[Worker] = []

    def start(self) -> None:
        """Starts all watches and workers."""
        for number in range(self.settings.workers):
            name = f"worker-{number}"
            self._workers.append(Worker(name, self._work))
        self._watch_threads = [
            threading.Thread(target=watcher.run, name=f"watch-{watcher.source}", daemon=True)
            for watcher in self.watchers
        ]
        for thread in (*self._watch_threads, *(worker.thread for worker in self._workers)):
            thread.start()

    def stop(self, within: float = FINISH_WITHIN) -> list[Key]:
        """Ends the watches, hands out no more work and lets running reconciles finish. Returns those that didn't."""
        for watcher in self.watchers:
            watcher.stop()
        self.queue.close()
        end = self._clock() + within
        for worker in self._workers:
            worker.thread.join(max(0.0, end - self._clock()))
        return [worker.busy[0] for worker in self._workers if worker.thread.is_alive() and worker.busy]

    def healthy(self) -> list[str]:
        """What a restart of the process could mend: a watch without a sign of life, a thread that ended or hangs."""
        problems = [
            f"watch {watcher.source}: no sign of life from the API server for {watcher.age():.0f} s; "
            f"{watcher.problem or watcher.state}"
            for watcher in self.watchers
            if watcher.stale()
        ]
        problems += [f"thread {thread.name} has ended" for thread in self._watch_threads if not thread.is_alive()]
        for worker in self._workers:
            busy, thread = worker.busy, worker.thread.name
            if not worker.thread.is_alive():
                problems.append(f"thread {thread} has ended")
            elif busy and self._clock() - busy[1] > STUCK_AFTER:
                key, since = busy
                problems.append(f"thread {thread} is at {key.namespace}/{key.name} for {self._clock() - since:.0f} s")
        return problems

    def ready(self) -> list[str]:
        """Why the operator doesn't see all that it should: lists not yet made, kinds not installed, rights missing."""
        return [
            f"watch {watcher.source}: {watcher.problem or watcher.state}"
            for watcher in self.watchers
            if not (watcher.source.optional and watcher.state in {State.FORBIDDEN, State.MISSING})
            and (
                not watcher.synced
                or watcher.state in {State.FORBIDDEN, State.MISSING}
                # One broken connection is no news, as long as the next attempt works.
                or (watcher.state is State.FAILING and watcher.age() > LONGEST_PAUSE)
            )
        ]

    def _work(self, worker: Worker) -> None:
        while (key := self.queue.get()) is not None:
            started = self._clock()
            worker.busy = (key, started)
            try:
                self._runs.add(self._reconcile(key))
            finally:
                self._seconds.observe(self._clock() - started)
                worker.busy = None
                self.queue.done(key)

    def _reconcile(self, key: Key) -> str:
        """One reconcile, and when to look again. Returns its result's name. Never raises."""
        where: dict[str, Any] = {"namespace": key.namespace, "name": key.name}
        try:
            result = self._reconciler.reconcile(key)
        except KubeError as error:
            delay = self.queue.retry(key)
            say(LOG, logging.WARNING, "reconcile failed; trying again", **where, problem=error, delay=delay)
            return "error"
        except Exception:  # noqa: BLE001 - a fault met with one cluster must not end the worker of all
            delay = self.queue.retry(key)
            say(LOG, logging.ERROR, "unexpected fault; trying again", trace=True, **where, delay=delay)
            return "fault"
        for action, kind in result.writes:
            self._writes.add(action, kind)
        if result.outcome in {Outcome.FAILED, Outcome.WAITING}:
            delay = self.queue.retry(key)
            problem = "; ".join(result.problems + result.waiting)
            level = logging.WARNING if result.outcome is Outcome.FAILED else logging.INFO
            say(LOG, level, f"reconcile {result.outcome}; trying again", **where, problem=problem, delay=delay)
            return str(result.outcome)
        self.queue.forget(key)
        if result.outcome is not Outcome.GONE:
            # The watches tell of changes. This look tells of what they can't: an event lost on its way.
            self.queue.add_after(key, self.settings.resync_seconds)
        say(LOG, logging.DEBUG, "reconciled", **where, result=result.outcome, writes=len(result.writes))
        return str(result.outcome)


def main() -> int:
    """Runs the operator until SIGTERM or SIGINT. Returns the exit code: 0 after a signal, 2 when it can't start."""
    set_up("INFO")
    try:
        settings = from_env(os.environ)
        set_up(settings.log_level)
        connection = connect({})
    except (SettingsError, KubeError) as error:
        say(LOG, logging.ERROR, "cannot start", problem=error)
        return 2
    client = KubeClient(connection, field_manager=OPERATOR_FIELD_MANAGER)
    watch_client = LeanClient(connection, field_manager=OPERATOR_FIELD_MANAGER)
    operator = Operator(settings, client, watch_client)
    try:
        server = HealthServer(
            settings.http_port, healthy=operator.healthy, ready=operator.ready, metrics=operator.registry.render
        )
    except OSError as error:
        problem = f"HTTP_PORT {settings.http_port} can't be listened on: {error.strerror}. Free it, or set another"
        say(LOG, logging.ERROR, "cannot start", problem=problem)
        return 2
    asked_to_stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda _number, _frame: asked_to_stop.set())
    say(
        LOG,
        logging.INFO,
        "starting",
        version=__version__,
        api_server=connection.identity.host,
        namespaces=",".join(settings.watch_namespaces) or "all",
        own_namespace=settings.operator_namespace or None,
        workers=settings.workers,
        resync=settings.resync_seconds,
    )
    operator.start()
    server.start()
    asked_to_stop.wait()
    say(LOG, logging.INFO, "stopping", waiting_at_most=FINISH_WITHIN)
    unfinished = operator.stop()
    server.close()
    for key in unfinished:
        # Nothing is half done in a way that matters: the next start reads everything again.
        say(LOG, logging.WARNING, "reconcile left unfinished", namespace=key.namespace, name=key.name)
    say(LOG, logging.INFO, "stopped")
    return 0
