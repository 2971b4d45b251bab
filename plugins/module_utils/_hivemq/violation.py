# Copyright: (c) 2026, the beekeeper.hivemq authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is wrong with a resource, in words a person can act on."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

Severity = Literal["error", "warning"]


@dataclass(frozen=True)
class Violation:
    """One finding. `rule` is a stable id (kebab case), `path` is like `spec.ports[1].port`.

    `problem` says what is wrong, `why` why that matters (may be empty), `remedy` what to do about it.
    """

    rule: str
    path: str
    problem: str
    why: str = ""
    remedy: str = ""
    severity: Severity = "error"

    def __str__(self) -> str:
        """One readable line: `spec.ports[0]: problem; why. remedy. [rule]`."""
        text = f"{self.path}: {self.problem}" if self.path else self.problem
        if self.why:
            text += f"; {self.why}"
        text += "."
        if self.remedy:
            text += f" {self.remedy[0].upper()}{self.remedy[1:]}."
        # A resource may hold line breaks anywhere, a finding is one line in a status, a log and a task result.
        return " ".join(f"{text} [{self.rule}]".split())


def errors(violations: Iterable[Violation]) -> list[Violation]:
    """Those that refuse the resource."""
    return [violation for violation in violations if violation.severity == "error"]


def warnings(violations: Iterable[Violation]) -> list[Violation]:
    """Those a person should know about, but that refuse nothing."""
    return [violation for violation in violations if violation.severity == "warning"]
