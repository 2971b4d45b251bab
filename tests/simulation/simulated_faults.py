# Copyright: (c) 2026, the beekeeper.hivemq authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What can go wrong between an operator and its API server, and what must not. A SIMULATION."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from random import Random

from ansible_collections.beekeeper.hivemq.plugins.module_utils._kube.errors import (
    Conflict,
    KubeError,
    ServerError,
    TooManyRequests,
    Unreachable,
)


class BrokenRuleError(BaseException):
    """The operator did what it must never do, or didn't do what it must. No Exception, as nothing may catch it."""


class Killed(BaseException):
    """The operator's process ends here; not an Exception, so that nothing in the operator survives it."""


def demand(holds: object, problem: str) -> None:
    """Raises BrokenRuleError unless it holds."""
    if not holds:
        raise BrokenRuleError(problem)


@dataclass
class Faults:
    """Chances per call. `deaf`: per event. The simulation turns them off at its end."""

    random: Random
    before: float = 0.0
    after: float = 0.0
    kill: float = 0.0
    watch: float = 0.0
    deaf: float = 0.0
    kill_at: int = -1  # the number of the call (before and after count) at which the operator is killed, if ever
    moments: int = 0
    seen: Counter[str] = field(default_factory=Counter)

    def moment(self) -> None:
        """Between two calls."""
        self.moments += 1
        if self.moments == self.kill_at or self.random.random() < self.kill:
            raise Killed

    def strike(self, chance: float, *, answered: bool) -> None:
        """Raises an error of the API server or of the way to it. `answered`: the write has happened all the same."""
        if self.random.random() < chance:
            self.seen["failed call"] += 1
            kinds: list[KubeError] = [Unreachable("connection reset"), ServerError("timeout", status=504)]
            if not answered:
                busy, changed = TooManyRequests("busy", status=429), Conflict("changed meanwhile", status=409)
                kinds += [busy, changed, ServerError("failed", status=500), Unreachable("refused")]
            raise self.random.choice(kinds)
