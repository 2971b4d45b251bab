# Copyright: (c) 2026, the beekeeper.hivemq authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Steps that say what they do, show progress while they take long, and name their log when they fail."""

from __future__ import annotations

import re
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from . import settings

HEARTBEAT_SECONDS = 5.0
_print_lock = threading.Lock()


class LabError(Exception):
    """A step failed. The message says which, why, and where its log is."""


def say(line: str) -> None:
    """Print one whole line at once, also when several steps run side by side."""
    with _print_lock:
        print(line, flush=True)


class Step:
    """One named piece of work with a log file of its own."""

    def __init__(self, name: str, log_path: Path, log: IO[str]) -> None:
        self.name = name
        self.log_path = log_path
        self._log = log

    def note(self, text: str) -> None:
        """Write a line into the step's log."""
        self._log.write(text.rstrip() + "\n")
        self._log.flush()

    def run(
        self,
        command: Sequence[object],
        *,
        cwd: Path | None = None,
        env: Mapping[str, str] | None = None,
        stdin: IO[bytes] | None = None,
        deadline: float = 1800,
    ) -> None:
        """Run a command with its output in the log; raises LabError on failure or after `deadline` seconds."""
        words = [str(word) for word in command]
        self.note(f"$ {' '.join(words)}")
        try:
            done = subprocess.run(
                words,
                cwd=cwd,
                env=None if env is None else dict(env),
                stdin=subprocess.DEVNULL if stdin is None else stdin,
                stdout=self._log,
                stderr=subprocess.STDOUT,
                timeout=deadline,
                check=False,
            )
        except FileNotFoundError as error:
            raise self.failed(f"{words[0]} is not installed") from error
        except subprocess.TimeoutExpired as error:
            raise self.failed(f"{words[0]} did not end within {deadline:.0f} s") from error
        if done.returncode != 0:
            raise self.failed(f"{' '.join(words[:4])} ended with {done.returncode}")

    def read(self, command: Sequence[object], *, deadline: float = 60, check: bool = True) -> str:
        """Run a command and return its standard output; its error output goes to the log."""
        words = [str(word) for word in command]
        self.note(f"$ {' '.join(words)}")
        try:
            done = subprocess.run(
                words,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=self._log,
                text=True,
                timeout=deadline,
                check=False,
            )
        except FileNotFoundError as error:
            raise self.failed(f"{words[0]} is not installed") from error
        except subprocess.TimeoutExpired as error:
            raise self.failed(f"{words[0]} did not answer within {deadline:.0f} s") from error
        if check and done.returncode != 0:
            raise self.failed(f"{' '.join(words[:4])} ended with {done.returncode}")
        return done.stdout if done.returncode == 0 else ""

    def wait_until(self, what: str, ready: Callable[[], bool], deadline: float, interval: float = 0.5) -> None:
        """Poll `ready` until it is true; raises LabError that names `what` after `deadline` seconds."""
        end = time.monotonic() + deadline
        while not ready():
            if time.monotonic() > end:
                raise self.failed(f"waited {deadline:.0f} s for {what}")
            time.sleep(interval)

    def failed(self, why: str) -> LabError:
        self.note(f"FAILED: {why}")
        return LabError(f"step '{self.name}' failed: {why}. Its log: {self.log_path}\n{_tail(self.log_path)}")


def _tail(path: Path, lines: int = 15) -> str:
    return "\n".join(f"    | {line}" for line in path.read_text(errors="replace").splitlines()[-lines:])


@contextmanager
def step(name: str) -> Iterator[Step]:
    """Announce a step, show that it still lives every few seconds, and say how long it took."""
    settings.LOGS.mkdir(parents=True, exist_ok=True)
    log_path = settings.LOGS / f"lab-{re.sub(r'[^a-z0-9]+', '-', name.lower()).strip('-')}.log"
    short = name.partition(" (")[0]
    started = time.monotonic()
    ended = threading.Event()
    say(f"==> {name}")

    def heartbeat() -> None:
        pause = HEARTBEAT_SECONDS
        while not ended.wait(pause):
            last = log_path.read_text(errors="replace").rstrip().rsplit("\n", 1)[-1][:100]
            say(f"    {short}: {time.monotonic() - started:.0f} s  {last}")
            pause = min(pause * 2, 30.0)

    with log_path.open("w") as log:
        thread = threading.Thread(target=heartbeat, daemon=True)
        thread.start()
        try:
            yield Step(name, log_path, log)
        finally:
            ended.set()
            thread.join()
    took = time.monotonic() - started
    if took >= 1:
        say(f"    {short}: done in {took:.0f} s")


def main(work: Callable[[], None]) -> int:
    """Run `work`; print a failure as one message rather than a traceback."""
    try:
        work()
    except LabError as error:
        print(f"FAILED: {error}", file=sys.stderr, flush=True)
        return 1
    return 0
