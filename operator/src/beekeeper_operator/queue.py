# Copyright: (c) 2026, the beekeeper.hivemq authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A queue of keys that need work: each key waits at most once and is worked on by one worker at a time.

What a key needs is not kept here: whoever takes it reads the world as it is then. Hence many wake-ups may become one.
"""

from __future__ import annotations

import heapq
import itertools
import random
import threading
import time
from collections import deque
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)


class WorkQueue(Generic[K]):
    """Thread-safe. Times are seconds of `clock`, which must never run backwards."""

    def __init__(
        self,
        *,
        clock: Callable[[], float] = time.monotonic,
        base_delay: float = 0.5,
        max_delay: float = 300.0,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        self._clock = clock
        self._base_delay, self._max_delay, self._jitter = base_delay, max_delay, jitter
        self._changed = threading.Condition()
        self._ready: deque[K] = deque()
        self._waiting: set[K] = set()  # the keys in _ready
        self._active: set[K] = set()  # taken and not yet done
        self._again: set[K] = set()  # active, and woken since they were taken
        self._due: dict[K, tuple[float, int]] = {}  # the time of each delayed key, and the number of its timer
        self._timers: list[tuple[float, int, K]] = []  # heap; an entry counts only while _due names it
        self._order = itertools.count()
        self._failures: dict[K, int] = {}
        self._closed = False

    def add(self, key: K) -> None:
        """Asks for work on the key now: at once, or as soon as the worker that has it is done."""
        with self._changed:
            self._enqueue(key)

    def add_after(self, key: K, delay: float) -> None:
        """Asks for work on the key in `delay` seconds. Of several delays the earliest counts."""
        if delay <= 0:
            self.add(key)
            return
        with self._changed:
            due = self._clock() + delay
            if key not in self._due or due < self._due[key][0]:
                number = next(self._order)
                self._due[key] = (due, number)
                heapq.heappush(self._timers, (due, number, key))
                self._compact()
                self._changed.notify()

    def retry(self, key: K) -> float:
        """After a failure: asks for work on the key again, later each time. Returns the delay in seconds."""
        with self._changed:
            failures = self._failures.get(key, 0)
            self._failures[key] = failures + 1
        # The exponent is bounded, or a key that fails for months would overflow a float.
        delay = min(self._max_delay, self._base_delay * 2.0 ** min(failures, 32)) * (0.5 + 0.5 * self._jitter())
        self.add_after(key, delay)
        return delay

    def forget(self, key: K) -> None:
        """After a success: the next failure of the key starts with the shortest delay again."""
        with self._changed:
            self._failures.pop(key, None)

    def get(self, timeout: float | None = None) -> K | None:
        """Takes a key, waiting up to `timeout` seconds (None: without end). None: nothing came, or the queue is closed.

        Work begun now sees all that any earlier wake-up was about, so a delay that still runs for the key is dropped.
        """
        end = None if timeout is None else self._clock() + timeout
        with self._changed:
            while not self._closed:
                self._enqueue_due()
                if self._ready:
                    key = self._ready.popleft()
                    self._waiting.discard(key)
                    self._due.pop(key, None)
                    self._active.add(key)
                    return key
                now = self._clock()
                if end is not None and now >= end:
                    return None
                ends = [t for t in (end, self._timers[0][0] if self._timers else None) if t is not None]
                self._changed.wait(max(0.0, min(ends) - now) if ends else None)
            return None

    def done(self, key: K) -> None:
        """The worker gives the key back; if it was woken meanwhile, it waits for work again."""
        with self._changed:
            self._active.discard(key)
            if key in self._again:
                self._again.discard(key)
                self._enqueue(key)

    def close(self) -> None:
        """Hands out no more keys and lets every waiting worker go. Keys already taken are finished by their workers."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    @property
    def depth(self) -> int:
        """How many keys wait for a worker now (delayed keys don't count)."""
        with self._changed:
            return len(self._waiting) + len(self._again)

    @property
    def delayed(self) -> int:
        """How many keys have a wake-up in the future."""
        with self._changed:
            return len(self._due)

    def _enqueue(self, key: K) -> None:
        if key in self._active:
            self._again.add(key)
        elif key not in self._waiting:
            self._waiting.add(key)
            self._ready.append(key)
            self._changed.notify()

    def _compact(self) -> None:
        # Timers that no longer count stay in the heap until their time; a key woken often would pile them up.
        if len(self._timers) > 2 * len(self._due) + 64:
            self._timers = [entry for entry in self._timers if self._due.get(entry[2]) == entry[:2]]
            heapq.heapify(self._timers)

    def _enqueue_due(self) -> None:
        now = self._clock()
        while self._timers:
            due, number, key = self._timers[0]
            current = self._due.get(key) == (due, number)
            if current and due > now:
                return
            heapq.heappop(self._timers)
            if current:
                del self._due[key]
                self._enqueue(key)
