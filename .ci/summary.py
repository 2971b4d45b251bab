# Copyright: (c) 2026, the beekeeper.hivemq authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Adds up a test run: `summary.py STEPS.tsv LOGS` prints failed steps with their logs, then "N passed, N failed"."""

from __future__ import annotations

import re
import sys
from pathlib import Path

PYTEST_COUNTS = re.compile(r"(\d+) (passed|failed|errors?)\b")


def counts(name: str, exit_code: int, log: Path) -> tuple[int, int]:
    """Return (passed, failed) of one step: pytest's own counts where it ran, else the step as one."""
    if name.startswith(("unit-", "integration")) and log.exists():
        last_line = log.read_text(errors="replace").rstrip().rpartition("\n")[2]
        found = PYTEST_COUNTS.findall(last_line)
        passed = sum(int(number) for number, word in found if word == "passed")
        failed = sum(int(number) for number, word in found if word != "passed")
        if passed + failed:
            # A crash after the tests still is a failure.
            return passed, failed or int(exit_code != 0)
    return int(exit_code == 0), int(exit_code != 0)


def main(steps: Path, logs: Path) -> int:
    """Print the summary; return the exit code."""
    passed = failed = 0
    for line in steps.read_text().splitlines():
        name, exit_code, seconds = line.split("\t")
        log = logs / f"{re.sub(r'[^A-Za-z0-9._-]', '-', name)}.log"
        good, bad = counts(name, int(exit_code), log)
        passed, failed = passed + good, failed + bad
        if bad:
            print(f"    FAILED: {name} ({seconds} s), log: build/logs/{log.name}")
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), Path(sys.argv[2])))
