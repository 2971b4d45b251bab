# Copyright: (c) 2026, the beekeeper.hivemq authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Programs of the machine that the lab calls, installed from Debian's packages where they are missing."""

from __future__ import annotations

import os
import shutil
import threading
from collections.abc import Mapping

from .steps import LabError, step

_one_at_a_time = threading.Lock()


def ensure(wanted: Mapping[str, str]) -> None:
    """Leave each program of ``wanted`` (program: Debian package) installed. apt serves one caller at a time."""
    with _one_at_a_time:
        _ensure(wanted)


def _ensure(wanted: Mapping[str, str]) -> None:
    missing = {program: package for program, package in wanted.items() if shutil.which(program) is None}
    if not missing:
        return
    packages = sorted(set(missing.values()))
    if os.geteuid() != 0 or shutil.which("apt-get") is None:
        raise LabError(f"the lab needs {', '.join(missing)}: install {' '.join(packages)}, or run it as root on Debian")
    with step(f"Install Debian packages: {' '.join(packages)}") as current:
        env = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        current.run(["apt-get", "update"], env=env)
        current.run(["apt-get", "install", "-y", "--no-install-recommends", *packages], env=env)
