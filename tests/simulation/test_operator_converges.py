# Copyright: (c) 2026, the beekeeper.hivemq authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whatever happens, the operator brings every cluster to what its spec says, and touches nothing else.

Random histories against the real operator: its watchers, index, queue and reconciler. SIMULATION_RUNS sets how many;
SIMULATION_SEED=n replays one.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable

import pytest
from beekeeper_operator.cache import Key
from simulated_api import Name
from simulated_checks import check
from simulated_faults import BrokenRuleError, demand
from simulated_world import KEYS, REFUSED, USER, VALID
from simulation import CONVERGED_WITHIN, RESYNC, RETRIED_WITHIN, Simulation

pytestmark = pytest.mark.simulation

# A few in `make test`, hundreds by `make test-simulation`.
RUNS = int(os.environ.get("SIMULATION_RUNS") or 20)
SEED = os.environ.get("SIMULATION_SEED")
KEY = Key("ns", "a")
# One look at a cluster: itself, its objects (at most 7), its pods, and left-overs that turn out to be someone's.
CALLS_OF_A_LOOK = 14
KINDS = 6


def each(history: Callable[[int], object], seeds: range) -> None:
    """Runs the history with one seed after the other, and says which one failed."""
    for seed in [int(SEED)] if SEED else seeds:
        try:
            history(seed)
        except (Exception, BrokenRuleError) as error:
            replay = f"SIMULATION_SEED={seed} make test-simulation"
            raise AssertionError(f"seed {seed}: {error}. Replay it: {replay}") from error


def quiet(run: Simulation, seconds: float, looks: int, what: str) -> None:
    """Every cluster is looked at, at most so often, with few calls, and nothing is written."""
    clusters = len(run.keys())
    reconciles, writes, calls, version = run.reconciles, run.worker.writes, run.worker.calls, run.api.version
    run.calm(seconds)
    demand(run.worker.writes == writes and run.api.version == version, f"{what} writes, though nothing differs")
    demand(clusters <= run.reconciles - reconciles, f"{what} doesn't look at all clusters")
    most, made = (clusters * looks + len(KEYS)) * CALLS_OF_A_LOOK, run.worker.calls - calls
    demand(made <= most, f"{what} takes {made} calls for {clusters} clusters, at most {most} are due")


def settled(run: Simulation, within: float) -> None:
    """Converges in time, and then rests: neither time nor a restart leads to a write."""
    run.calm(within)
    check(run.api, run.world.deleted)
    # Every 10 minutes a look; every 2.5 to 5 while something is in its way.
    looks = round(RESYNC * 1.2 / 150) + 1 if run.world.squatters() else 2
    quiet(run, RESYNC * 1.2, looks, "a full resync")
    run.start()
    # A first list of each kind is a reason to look.
    quiet(run, 60.0, KINDS + looks, "a restart")
    check(run.api, run.world.deleted)


def anything(seed: int) -> Simulation:
    """Chaos; then faults end; then strangers leave and pods get well."""
    run = Simulation(seed)
    run.chaos()
    in_the_way = run.world.squatters()
    within = CONVERGED_WITHIN
    if in_the_way or run.controllers.sick:
        settled(run, within)
        within = RETRIED_WITHIN
    while squatters := run.world.squatters():
        run.world.clear(squatters[0])
    run.controllers.sick.clear()
    settled(run, within)
    for cluster in run.api.items("hivemq.com/v1", "HiveMQCluster"):
        state = cluster["status"]["state"]
        run.seen[f"cluster {state}"] += 1
        demand(state in {"Running", "Failed"}, f"{cluster['metadata']['name']} is {state} though nothing is in its way")
    run.seen.update(stranger=len(in_the_way), deleted=len(run.world.deleted))
    return run


def test_every_cluster_converges_whatever_happens() -> None:
    seen: Counter[str] = Counter()
    each(lambda seed: seen.update(anything(seed).seen), range(RUNS))
    # Or nothing is proven by it.
    if not SEED:
        expected = {"cluster Running", "cluster Failed", "stranger", "deleted", "killed", "failed call", "lost event"}
        expected |= {"reconcile ok", "reconcile failed", "reconcile error", "reconcile invalid", "reconcile gone"}
        assert [what for what in expected if seen[what] < RUNS // 10] == [], seen


def life(kill_at: int) -> Simulation:
    """A cluster's life, with the operator killed at one moment of it, before or after an API call."""
    run = Simulation(kill_at)
    run.faults.kill_at = kill_at
    service = Name("v1", "Service", KEY.namespace, f"hivemq-{KEY.name}-mqtt")

    def renumber() -> None:
        """Makes applying it again impossible, if it is there."""
        if run.api.read(service):
            run.api.update(service, lambda item: item["spec"]["ports"][0].update(port=1999), USER)

    steps: list[Callable[[], object]] = [
        lambda: run.world.make(KEY, VALID[4]),
        renumber,
        lambda: run.world.make(KEY, VALID[5]),
        lambda: run.api.delete(service, USER),
        lambda: run.world.make(KEY, REFUSED[0]),
        lambda: run.world.make(KEY, VALID[1]),
    ]
    for step in steps:
        step()
        run.survive(lambda: run.calm(3.0))
        if run.faults.moments > kill_at:
            run.calm(5.0)
            check(run.api, set())
    run.seen["moments"], run.faults.kill_at = run.faults.moments, -1
    run.calm(20.0)
    check(run.api, set())
    quiet(run, RESYNC * 1.2, 2, "a full resync")
    run.api.delete(Name("hivemq.com/v1", "HiveMQCluster", *KEY), USER)
    run.calm(5.0)
    demand(not list(run.api.everything()), "something is left of a deleted cluster")
    return run


def test_it_may_be_killed_between_any_two_calls() -> None:
    moments = life(-1).seen["moments"]
    assert moments > 200
    each(life, range(0, moments, max(1, 300 // RUNS)))
