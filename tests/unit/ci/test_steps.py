# Copyright: (c) 2026, the beekeeper.hivemq authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The scripts that run the checks: a failure can't pass unseen, and says where to look."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

CI = Path(__file__).resolve().parents[3] / ".ci"


def run_step(folder: Path, script: str) -> subprocess.CompletedProcess[str]:
    """Run bash with the functions of lib.sh, logs below `folder`."""
    prelude = f'set -euo pipefail; source "{CI}/lib.sh"; ROOT="{folder}"; LOGS="{folder}"; '
    kept = {key: value for key, value in os.environ.items() if not key.startswith("STEP_")}
    env = {**kept, "STEP_RESULTS": str(folder / "steps.tsv")}
    return subprocess.run(["bash", "-c", prelude + script], capture_output=True, text=True, env=env, check=False)


def summary(folder: Path, steps: str) -> subprocess.CompletedProcess[str]:
    (folder / "steps.tsv").write_text(steps)
    command = [sys.executable, str(CI / "summary.py"), str(folder / "steps.tsv"), str(folder)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_a_good_step_is_two_lines_and_a_record(tmp_path: Path) -> None:
    done = run_step(tmp_path, "step greet echo hello")
    assert done.returncode == 0
    assert re.fullmatch(r"==> greet\n    greet: ok, \d+ s\n", done.stdout)
    assert (tmp_path / "greet.log").read_text() == "hello\n"
    assert (tmp_path / "steps.tsv").read_text().startswith("greet\t0\t")


def test_a_failed_step_shows_its_last_lines_and_its_log_and_keeps_its_exit_code(tmp_path: Path) -> None:
    done = run_step(tmp_path, "STEP_TAIL=1 step break bash -c 'echo early; echo late; exit 7'")
    assert done.returncode == 7
    assert "late" in done.stdout
    assert "early" not in done.stdout
    assert re.search(r"^FAILED: break after \d+ s \(exit code 7\); its log: break.log$", done.stdout, re.MULTILINE)
    assert (tmp_path / "steps.tsv").read_text().startswith("break\t7\t")


def test_a_script_can_go_on_after_a_failed_step(tmp_path: Path) -> None:
    done = run_step(tmp_path, "failed=0; step one false || failed=1; step two true || failed=1; exit $failed")
    assert done.returncode == 1
    assert "two: ok" in done.stdout


@pytest.mark.parametrize(
    ("steps", "log", "last_line", "code"),
    [
        ("a\t0\t1\nb\t0\t2\n", "", "2 passed, 0 failed", 0),
        ("a\t0\t1\nb\t3\t2\n", "", "1 passed, 1 failed", 1),
        ("unit-x\t0\t1\n", "12 passed, 1 skipped in 0.5s", "12 passed, 0 failed", 0),
        ("unit-x\t1\t1\n", "2 failed, 10 passed, 1 error in 0.5s", "10 passed, 3 failed", 1),
        ("unit-x\t3\t1\n", "12 passed in 0.5s", "12 passed, 1 failed", 1),
        ("unit-x\t2\t1\n", "Traceback", "0 passed, 1 failed", 1),
        ("lint (did not start)\t1\t0\n", "", "0 passed, 1 failed", 1),
    ],
)
def test_the_summary_adds_up(tmp_path: Path, steps: str, log: str, last_line: str, code: int) -> None:
    (tmp_path / "unit-x.log").write_text(f"1 failed earlier\n{log}\n")
    done = summary(tmp_path, steps)
    assert done.stdout.splitlines()[-1] == last_line
    assert done.returncode == code


def test_the_summary_names_what_failed_and_its_log(tmp_path: Path) -> None:
    assert "FAILED: b (2 s), log: build/logs/b.log" in summary(tmp_path, "a\t0\t1\nb\t3\t2\n").stdout
