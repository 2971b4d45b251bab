# Copyright: (c) 2026, the beekeeper.hivemq authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Watches one kind in one scope for ever, and always knows how long ago it last heard from the API server.

A watch is list, then watch from that resourceVersion. It can end in many ways: the server ends it in time, the
connection breaks or goes silent, the version is too old, the kind isn't installed, the right is missing, our own code
has a fault. All of them lead to the next cycle; none ends the thread.
"""

from __future__ import annotations

import logging
import random
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Protocol

from ansible_collections.beekeeper.hivemq.plugins.module_utils._kube.errors import (
    Forbidden,
    KubeError,
    NotFound,
    Unreachable,
    WatchExpired,
)

from .logs import say

LOG = logging.getLogger(__name__)

# Seconds. The server ends each watch after SERVER_TIMEOUT. A connection without any event or bookmark (the API server
# sends one about every minute) for READ_TIMEOUT is taken for dead. So a living watch is heard from within STALE_AFTER,
# even when one attempt fails and the longest pause follows.
SERVER_TIMEOUT = 300.0
READ_TIMEOUT = 150.0
BASE_PAUSE = 0.5
LONGEST_PAUSE = 30.0
# A kind that isn't installed costs the API server next to nothing to deny, and whoever installs it waits for us.
LONGEST_PAUSE_MISSING = 5.0
STALE_AFTER = SERVER_TIMEOUT + READ_TIMEOUT + LONGEST_PAUSE
# A watch that the server ends sooner than this, without an event, counts as a failure: else we would hammer it.
SHORTEST_WATCH = 1.0


class Listing(Protocol):
    """What a list call returns."""

    @property
    def items(self) -> list[dict[str, Any]]: ...
    @property
    def resource_version(self) -> str: ...


class WatchEvent(Protocol):
    """One event of a watch."""

    @property
    def type(self) -> str: ...
    @property
    def object(self) -> dict[str, Any]: ...


class WatchClient(Protocol):
    """The part of `_kube.client.KubeClient` that a watch needs."""

    def list(
        self, api_version: str, kind: str, namespace: str | None = None, label_selector: str | None = None
    ) -> Listing: ...

    def watch(  # noqa: PLR0917 - in the client's order
        self,
        api_version: str,
        kind: str,
        namespace: str | None = None,
        label_selector: str | None = None,
        field_selector: str | None = None,
        resource_version: str | None = None,
        *,
        timeout: float,
        read_timeout: float,
    ) -> Iterator[WatchEvent]: ...


@dataclass(frozen=True)
class Source:
    """What is watched. `namespace` None is a cluster-wide watch.

    `optional`: a kind that need not be installed, nor allowed to us.
    """

    api_version: str
    kind: str
    namespace: str | None = None
    label_selector: str | None = None
    optional: bool = False

    def __str__(self) -> str:
        return f"{self.kind}/{self.namespace or '*'}"


class Sink(Protocol):
    """Where a watch delivers. Called from the watch's thread."""

    def replace(self, source: Source, items: Iterable[Mapping[str, Any]]) -> None:
        """The complete list, at the start and after anything may have been missed."""

    def change(self, source: Source, kind: str, item: Mapping[str, Any]) -> None:
        """One object was ADDED, MODIFIED or DELETED."""


class State(StrEnum):
    """How a watch stands."""

    STARTING = "starting"
    WATCHING = "watching"
    MISSING = "kind not installed"
    FORBIDDEN = "forbidden"
    FAILING = "failing"


class Watcher:
    """The watch of one source. `run` is the body of its thread. Times are seconds of `clock`."""

    def __init__(
        self,
        client: WatchClient,
        source: Source,
        sink: Sink,
        *,
        relist_seconds: float,
        clock: Callable[[], float] = time.monotonic,
        jitter: Callable[[], float] = random.random,
        on_restart: Callable[[str, str], None] = lambda _source, _reason: None,
    ) -> None:
        self.source = source
        self.state = State.STARTING
        self.problem = ""
        self.synced = False
        self._client, self._sink = client, sink
        self._relist_seconds, self._clock, self._jitter, self._on_restart = relist_seconds, clock, jitter, on_restart
        self._stop = threading.Event()
        self._heard_at = clock()
        self._version: str | None = None
        self._relist_at = 0.0
        self._failures = 0
        self._began: float | None = None

    def age(self) -> float:
        """Seconds since the API server last gave a sign of life to this watch."""
        return self._clock() - self._heard_at

    def stale(self) -> bool:
        """Whether the watch has been without a sign of life for longer than a living one can be."""
        return self.age() > STALE_AFTER

    def stop(self) -> None:
        """Asks the thread to end. A read that is under way ends with the process: nothing is lost by it."""
        self._stop.set()

    def run(self) -> None:
        """Watches until stopped."""
        while not self._stop.is_set():
            pause = self.cycle()
            if pause > 0:
                self._stop.wait(pause)

    def cycle(self) -> float:
        """One list (if due) and one watch, to its end. Returns the seconds to pause before the next. Never raises."""
        try:
            return self._cycle()
        except WatchExpired:
            # Not a failure: the server has forgotten our version, as it does after its compaction.
            self._hear()
            return self._fall(State.WATCHING, "expired", "the version watched from is too old; listing again")
        except NotFound as error:
            self._hear()
            return self._fall(State.MISSING, "missing", str(error))
        except Forbidden as error:
            self._hear()
            return self._fall(State.FORBIDDEN, "forbidden", str(error))
        except Unreachable as error:
            return self._fall(State.FAILING, "unreachable", str(error))
        except KubeError as error:
            return self._fall(State.FAILING, "error", str(error))
        except Exception as error:  # noqa: BLE001 - a fault of ours must be seen and survived: a dead watch is worse
            say(LOG, logging.ERROR, "unexpected fault in a watch", watch=self.source, trace=True)
            return self._fall(State.FAILING, "fault", f"{type(error).__name__}: {error}")

    def _cycle(self) -> float:
        self._began = None
        if self._version is None or self._clock() >= self._relist_at:
            self._list()
        self._began, events = self._clock(), 0
        # Watches begun together needn't end together.
        timeout = SERVER_TIMEOUT * (0.8 + 0.2 * self._jitter())
        source = self.source
        stream = self._client.watch(
            source.api_version,
            source.kind,
            source.namespace,
            source.label_selector,
            resource_version=self._version,
            timeout=timeout,
            read_timeout=READ_TIMEOUT,
        )
        for event in stream:
            events += 1
            self._hear()
            if event.type != "BOOKMARK":
                self._sink.change(source, event.type, event.object)
            # Only after the sink has it: whatever fails in between is delivered again.
            self._version = event.object.get("metadata", {}).get("resourceVersion") or self._version
            if self._stop.is_set():
                return 0.0
        if not events and self._clock() - self._began < SHORTEST_WATCH:
            return self._fall(State.FAILING, "short", "the server ended the watch at once")
        self._hear()
        self._failures = 0
        return 0.0

    def _list(self) -> None:
        source = self.source
        listing = self._client.list(source.api_version, source.kind, source.namespace, source.label_selector)
        self._sink.replace(source, listing.items)
        self._version = listing.resource_version
        self._relist_at = self._clock() + self._relist_seconds * (0.9 + 0.2 * self._jitter())
        self._hear()
        if self.state is not State.WATCHING:
            say(
                LOG,
                logging.INFO,
                "watching",
                watch=source,
                objects=len(listing.items),
                after_failures=self._failures or None,
            )
        self.state, self.problem, self.synced = State.WATCHING, "", True

    def _hear(self) -> None:
        self._heard_at = self._clock()

    def _fall(self, state: State, reason: str, problem: str) -> float:
        """Notes why the watch ended; returns the pause. The next cycle lists again: something may have been missed."""
        self._version = None
        self._on_restart(str(self.source), reason)
        if self._began is not None and self._clock() - self._began >= LONGEST_PAUSE:
            # It has worked for a while: a new trouble, not the old one going on.
            self._failures = 0
        failures, self._failures = self._failures, self._failures + 1
        # The first of a series, each new kind of problem, and then ever more rarely: enough to see, no flood.
        told = state is not self.state or failures & (failures - 1) == 0
        self.state, self.problem = state, problem
        without = self.source.optional and state in {State.MISSING, State.FORBIDDEN}
        longest = LONGEST_PAUSE_MISSING if state is State.MISSING and not without else LONGEST_PAUSE
        pause = min(longest, BASE_PAUSE * 2.0 ** min(failures, 16)) * (0.5 + 0.5 * self._jitter())
        if told:
            level = logging.INFO if state is State.WATCHING or without else logging.WARNING
            say(LOG, level, f"watch ended ({reason}); trying again", watch=self.source, problem=problem, pause=pause)
        return pause
