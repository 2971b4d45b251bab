# Copyright: (c) 2026, the beekeeper.hivemq authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A clock that stands still until somebody waits."""

from __future__ import annotations

from collections.abc import Callable


class FakeClock:
    """Call it for the time in seconds. It is a waker too: ``wait`` turns it on, and does what was planned for then."""

    def __init__(self) -> None:
        self.now = 0.0
        self._plans: list[tuple[float, Callable[[], object]]] = []

    def __call__(self) -> float:
        return self.now

    def at(self, seconds: float, action: Callable[[], object]) -> None:
        """Do something at a time. A waiter is woken then, as by a watch."""
        self._plans.append((seconds, action))
        self._plans.sort(key=lambda plan: plan[0])

    def wait(self, seconds: float) -> None:
        """Time goes on, at most to the next plan."""
        until = self.now + max(seconds, 0.001)
        if self._plans and self._plans[0][0] <= until:
            until, action = self._plans.pop(0)
            self.now = max(self.now, until)
            action()
        else:
            self.now = until

    def close(self) -> None:
        """A waker can be closed."""
