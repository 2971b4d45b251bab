# Copyright: (c) 2026, the beekeeper.hivemq authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The work queue: one worker per key, no key twice, delays and backoff."""

from __future__ import annotations

import threading

import pytest
from beekeeper_operator.queue import WorkQueue
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule


class Clock:
    """Time that passes only when told to."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def queue(clock: Clock) -> WorkQueue[str]:
    return WorkQueue(clock=clock, base_delay=1.0, max_delay=60.0, jitter=lambda: 1.0)


def test_a_key_waits_once_however_often_it_is_added(queue: WorkQueue[str]) -> None:
    for _ in range(5):
        queue.add("a")
    assert queue.depth == 1
    assert queue.get(timeout=0) == "a"
    assert queue.get(timeout=0) is None


def test_keys_come_in_the_order_they_were_added(queue: WorkQueue[str]) -> None:
    for key in "cab":
        queue.add(key)
    assert [queue.get(timeout=0) for _ in range(3)] == ["c", "a", "b"]


def test_a_key_in_work_is_not_handed_out_again_before_it_is_done(queue: WorkQueue[str]) -> None:
    queue.add("a")
    assert queue.get(timeout=0) == "a"
    queue.add("a")
    assert queue.get(timeout=0) is None
    queue.done("a")
    assert queue.get(timeout=0) == "a"
    queue.done("a")
    assert queue.get(timeout=0) is None


def test_the_earliest_of_several_delays_counts_and_only_it(queue: WorkQueue[str], clock: Clock) -> None:
    queue.add_after("a", 10)
    queue.add_after("a", 3)
    queue.add_after("a", 7)
    clock.now += 2.9
    assert queue.get(timeout=0) is None
    clock.now += 0.2
    assert queue.get(timeout=0) == "a"
    queue.done("a")
    clock.now += 100
    assert queue.get(timeout=0) is None


def test_work_begun_now_makes_a_running_delay_needless(queue: WorkQueue[str], clock: Clock) -> None:
    queue.add_after("a", 5)
    queue.add("a")
    assert queue.get(timeout=0) == "a"
    queue.done("a")
    clock.now += 10
    assert queue.get(timeout=0) is None


def test_a_delay_that_ends_while_the_key_is_in_work_is_kept(queue: WorkQueue[str], clock: Clock) -> None:
    queue.add("a")
    assert queue.get(timeout=0) == "a"
    queue.add_after("a", 1)
    clock.now += 2
    assert queue.get(timeout=0) is None
    queue.done("a")
    assert queue.get(timeout=0) == "a"


def test_retries_come_later_each_time_up_to_a_bound_and_start_over_after_success(queue: WorkQueue[str]) -> None:
    assert [queue.retry("a") for _ in range(8)] == [1, 2, 4, 8, 16, 32, 60, 60]
    assert queue.retry("b") == 1
    queue.forget("a")
    assert queue.retry("a") == 1


def test_a_key_that_fails_for_ever_does_not_overflow(queue: WorkQueue[str]) -> None:
    assert {queue.retry("a") for _ in range(3000)} == {1, 2, 4, 8, 16, 32, 60}


def test_jitter_spreads_retries_over_the_upper_half(clock: Clock) -> None:
    values = iter([0.0, 0.5, 1.0])
    queue: WorkQueue[str] = WorkQueue(clock=clock, base_delay=8.0, jitter=lambda: next(values))
    assert [queue.retry(key) for key in "abc"] == [4.0, 6.0, 8.0]


def test_timers_that_no_longer_count_do_not_pile_up(queue: WorkQueue[str]) -> None:
    for _ in range(10_000):
        queue.add_after("a", 600)
        queue.add("a")
        assert queue.get(timeout=0) == "a"
        queue.done("a")
    assert len(queue._timers) < 100


def test_close_lets_waiting_workers_go(queue: WorkQueue[str]) -> None:
    got: list[str | None] = []
    workers = [threading.Thread(target=lambda: got.append(queue.get())) for _ in range(3)]
    for worker in workers:
        worker.start()
    queue.close()
    for worker in workers:
        worker.join(10)
    assert got == [None, None, None]
    queue.add("a")
    assert queue.get(timeout=0) is None


def test_many_threads_never_work_on_one_key_together_and_lose_no_wake_up() -> None:
    queue: WorkQueue[int] = WorkQueue()
    keys, adds, workers = 7, 2000, 6
    wanted = [0] * keys  # how far each key has been asked for
    seen = [0] * keys  # what the last work on the key has read
    at_work = [0] * keys
    together: list[int] = []
    lock = threading.Lock()

    def work() -> None:
        while (key := queue.get()) is not None:
            with lock:
                at_work[key] += 1
                if at_work[key] > 1:
                    together.append(key)
                seen[key] = wanted[key]
            with lock:
                at_work[key] -= 1
            queue.done(key)
            with lock:
                if seen == [adds] * keys:
                    finished.set()

    def wake() -> None:
        for number in range(adds * keys):
            with lock:
                wanted[number % keys] += 1
            queue.add(number % keys)

    finished = threading.Event()
    threads = [threading.Thread(target=work) for _ in range(workers)]
    for thread in threads:
        thread.start()
    wake()
    ended = finished.wait(30)
    queue.close()
    for thread in threads:
        thread.join(10)
    assert ended, (seen, wanted)
    assert together == []


class QueueMachine(RuleBasedStateMachine):
    """Any order of calls, against a plain model: what must come out at once, and what must never."""

    def __init__(self) -> None:
        super().__init__()
        self.clock = Clock()
        self.queue: WorkQueue[str] = WorkQueue(clock=self.clock, base_delay=1.0, max_delay=8.0, jitter=lambda: 1.0)
        self.asked: set[str] = set()  # asked for since last taken
        self.due: dict[str, float] = {}
        self.active: set[str] = set()

    keys = st.sampled_from("abc")

    @rule(key=keys)
    def add(self, key: str) -> None:
        self.queue.add(key)
        self.asked.add(key)

    @rule(key=keys, delay=st.sampled_from([0.5, 1.0, 5.0]))
    def add_after(self, key: str, delay: float) -> None:
        self.queue.add_after(key, delay)
        self.due[key] = min(self.due.get(key, float("inf")), self.clock.now + delay)

    @rule(seconds=st.sampled_from([0.25, 1.0, 10.0]))
    def pass_time(self, seconds: float) -> None:
        self.clock.now += seconds

    @rule()
    def get(self) -> None:
        for key in [key for key, due in self.due.items() if due <= self.clock.now]:
            self.asked.add(key)
            del self.due[key]
        possible = self.asked - self.active
        taken = self.queue.get(timeout=0)
        assert (taken in possible) if possible else (taken is None)
        if taken is not None:
            self.asked.discard(taken)
            self.due.pop(taken, None)
            self.active.add(taken)

    @precondition(lambda self: self.active)
    @rule(data=st.data())
    def done(self, data: st.DataObject) -> None:
        key = data.draw(st.sampled_from(sorted(self.active)))
        self.active.discard(key)
        self.queue.done(key)

    @invariant()
    def counts(self) -> None:
        assert self.queue.depth <= 3
        assert self.queue.delayed <= 3


TestQueueMachine = QueueMachine.TestCase
TestQueueMachine.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)
