# Copyright: (c) 2026, the beekeeper.hivemq authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The container engine: installed from Debian's packages and started where the machine has none running."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
from pathlib import Path

from . import packages, settings
from .steps import Step, say, step

PACKAGES = {"dockerd": "docker.io", "containerd": "containerd", "runc": "runc", "iptables": "iptables", "jq": "jq"}
PID_FILE = settings.CACHE / "run" / "dockerd.pid"
LOG_FILE = settings.CACHE / "run" / "dockerd.log"
BOUNDED_RUNTIME = settings.LAB / "runc-bounded"
CAP_SYS_RESOURCE = 24


def ensure() -> None:
    """Leave a container engine running; start one if none answers."""
    if answers():
        return
    packages.ensure(PACKAGES)
    with step("Start the container engine") as current:
        _remove_stale_pid_files(current)
        _start(current)
        current.wait_until("the container engine to answer", answers, deadline=60)


def answers() -> bool:
    if shutil.which("docker") is None:
        return False
    try:
        done = subprocess.run(["docker", "version"], capture_output=True, timeout=20, check=False)
    except subprocess.TimeoutExpired:
        return False
    return done.returncode == 0


def stop_if_ours() -> None:
    """End the engine that this lab started; an engine of the machine's own is left alone."""
    pid = _live_dockerd(PID_FILE)
    if pid is None:
        return
    with step("Stop the container engine") as current:
        os.kill(pid, signal.SIGTERM)
        current.wait_until("the container engine to stop", lambda: _live_dockerd(PID_FILE) is None, deadline=60)
        PID_FILE.unlink(missing_ok=True)


def _start(current: Step) -> None:
    command = ["dockerd"]
    if not _may_raise_limits():
        say("    this machine lacks CAP_SYS_RESOURCE: containers are started without it")
        runtime = settings.CACHE / "run" / "runc-bounded"
        runtime.parent.mkdir(parents=True, exist_ok=True)
        # A copy, because the engine outlives the checkout it was started from.
        shutil.copy(BOUNDED_RUNTIME, runtime)
        command += ["--add-runtime", f"bounded={runtime}", "--default-runtime", "bounded"]
    LOG_FILE.parent.mkdir(parents=True, exist_ok=True)
    with LOG_FILE.open("w") as log:
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT, start_new_session=True
        )
    PID_FILE.write_text(str(process.pid))
    current.note(f"dockerd has pid {process.pid}; its log is {LOG_FILE}")


def _may_raise_limits() -> bool:
    status = Path("/proc/self/status").read_text()
    bounding = next(line.split()[1] for line in status.splitlines() if line.startswith("CapBnd:"))
    return bool(int(bounding, 16) >> CAP_SYS_RESOURCE & 1)


def _remove_stale_pid_files(current: Step) -> None:
    # After a reboot or a kill, a left-over pid may belong to some other process; the engine then refuses to start.
    for path in (Path("/var/run/docker.pid"), Path("/var/run/docker/containerd/containerd.pid")):
        if path.exists() and _live_dockerd(path) is None:
            current.note(f"remove stale {path}")
            path.unlink()


def _live_dockerd(pid_file: Path) -> int | None:
    try:
        pid = int(pid_file.read_text())
        name = Path(f"/proc/{pid}/comm").read_text().strip()
        state = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except (OSError, ValueError):
        return None
    return pid if name in ("dockerd", "containerd") and state != "Z" else None
