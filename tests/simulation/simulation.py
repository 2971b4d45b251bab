# Copyright: (c) 2026, the beekeeper.hivemq authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One history: the real operator against simulated everything else, in one thread and on a clock of its own.

What happens at the same time elsewhere happens between two calls of the operator: other workers' reconciles, events of
watches, users, strangers, Kubernetes, the end of the process.
"""

from __future__ import annotations

import random
from collections import Counter
from datetime import UTC, datetime, timedelta

from beekeeper_operator.app import Operator
from beekeeper_operator.cache import Key
from beekeeper_operator.settings import Settings
from beekeeper_operator.watcher import Watcher
from simulated_api import Api, Name, name_of
from simulated_client import CLUSTER, Session, WorkerClient
from simulated_controllers import Controllers
from simulated_faults import Faults, Killed, demand
from simulated_watch import WatchClient
from simulated_world import World

RESYNC = 600.0
# A lost event shows at the next list (660 s at the latest), and a key that failed often waits 300 s.
CONVERGED_WITHIN = 1000.0
# What was in the way of a cluster has gone, which no watch tells.
RETRIED_WITHIN = 330.0
BOOKMARKS = 60.0
_STEPS = 150


class Simulation:
    """`chaos`, then `calm`; `start` and `kill` for the operator's process."""

    def __init__(self, seed: int) -> None:
        # The operator's own jitter.
        random.seed(seed)
        self.random = random.Random(seed)
        self.now = 0.0
        self.api = Api()
        self.controllers = Controllers(self.api)
        self.world = World(self.api, self.random, self.controllers)
        self.faults = Faults(self.random)
        self.worker = WorkerClient(self.api, self.faults, self._meanwhile)
        self.watch = WatchClient(self.api, self.faults)
        self.disturbance = 0.0  # chance that something happens between two calls
        self.seen: Counter[str] = Counter()  # what has happened
        self.faults.seen = self.seen
        self.reconciles = 0
        self.start()

    # -- the operator's process ------------------------------------------------------------------------------------

    def start(self) -> None:
        """A new process: nothing is known of an earlier one."""
        self.worker.sessions.clear()
        settings = Settings(workers=3, resync_seconds=RESYNC)
        self.operator = Operator(settings, self.worker, self.watch, clock=lambda: self.now)  # type: ignore[arg-type]
        self.operator._reconciler._now = self._date
        self._next = dict.fromkeys(self.operator.watchers, self.now)

    def _date(self) -> datetime:
        return datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=self.now)

    def _work(self) -> bool:
        """What a worker does with one key. False when no key waits."""
        key = self.operator.queue.get(timeout=0)
        if key is None:
            return False
        demand(key not in [session.key for session in self.worker.sessions], f"two workers have {key}")
        self.reconciles += 1
        self.worker.sessions.append(Session(key, self.api.others))
        try:
            result = self.operator._reconcile(key)
        finally:
            self.worker.sessions.pop()
            self.operator.queue.done(key)
        self.seen[f"reconcile {result}"] += 1
        demand(result != "fault", f"an unexpected fault with {key}, see the log")
        return True

    def _hear(self, watcher: Watcher) -> bool:
        """One cycle of a watch, when there is news for it or it is time for a bookmark."""
        source, version = watcher.source, watcher._version
        news = version is None or self.api.last.get((source.api_version, source.kind), 0) > int(version)
        if self.now < self._next[watcher] or not (news or watcher.age() >= BOOKMARKS):
            return False
        self._next[watcher] = self.now + watcher.cycle()
        return True

    # -- histories -------------------------------------------------------------------------------------------------

    def chaos(self) -> None:
        """Everybody does anything at any time, and everything fails at times."""
        faults, rate = self.faults, self.random.choice([0.0, 0.01, 0.05, 0.2])
        faults.before, faults.after, faults.watch = rate, rate, rate
        faults.deaf = self.random.choice([0.0, 0.0, 0.05, 0.3])
        faults.kill = self.random.choice([0.0, 0.002, 0.01])
        self.disturbance = self.random.choice([0.0, 0.05, 0.2, 0.5])
        for _step in range(_STEPS):
            self.survive(self._anything)
        faults.before = faults.after = faults.watch = faults.deaf = faults.kill = self.disturbance = 0.0

    def survive(self, action: object) -> None:
        """Does it; when the operator is killed by it, starts a new one."""
        assert callable(action)
        try:
            action()
        except Killed:
            self.seen["killed"] += 1
            self.start()

    def _anything(self) -> None:
        choice = self.random.choices(["act", "hear", "work", "kubernetes", "time"], [3, 6, 6, 4, 3])[0]
        if choice == "act":
            self.world.act()
        elif choice == "hear":
            for watcher in self.random.sample(self.operator.watchers, 3):
                self._hear(watcher)
        elif choice == "work":
            # A key on its way is due soon; what is due much later waits for the time to pass.
            self.now += 0.15
            while self._work() and self.random.random() < 0.8:
                pass
        elif choice == "kubernetes":
            for _ in range(self.random.randrange(1, 6)):
                self.controllers.step()
        else:
            self.now += self.random.choice([0.2, 1.0, 1.0, 10.0, 300.0])

    def _meanwhile(self, target: Name | None) -> None:
        """Something happens just before a call. `target` is what it will write: the worst to meddle with."""
        wanted = [*map(name_of, self.worker.sessions[-1].desired or []), Name(*CLUSTER, *self.worker.sessions[-1].key)]
        # Left-overs are removed seldom, so that each time counts.
        chance = self.disturbance / 5 if target in wanted else self.disturbance
        if target and self.random.random() < chance:
            self.world.usurp(target)
        if self.random.random() >= self.disturbance:
            return
        choice = self.random.choice(["act", "hear", "work", "kubernetes", "time"])
        if choice == "act":
            self.world.act()
        elif choice == "hear":
            self._hear(self.random.choice(self.operator.watchers))
        elif choice == "work" and len(self.worker.sessions) < self.operator.settings.workers:
            self._work()
        elif choice == "kubernetes":
            self.controllers.step()
        else:
            self.now += 0.2

    def calm(self, seconds: float) -> None:
        """Nobody does anything any more but the operator and Kubernetes, for so long."""
        end, rested = self.now + seconds, 0
        while self.now < end:
            busy = True
            rounds = 0
            while busy:
                rounds += 1
                demand(rounds < 1000, "the operator and Kubernetes don't come to rest")
                heard = [self._hear(watcher) for watcher in self.operator.watchers]
                busy = any(heard)
                busy |= self._work()
                if self.api.version != rested:
                    busy |= self.controllers.step()
                    rested = rested if busy else self.api.version
            self.now += 1.0

    def keys(self) -> set[Key]:
        """The clusters that exist."""
        return {
            Key(item["metadata"]["namespace"], item["metadata"]["name"])
            for item in self.api.items("hivemq.com/v1", "HiveMQCluster")
        }
