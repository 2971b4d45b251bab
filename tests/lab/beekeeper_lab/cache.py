# Copyright: (c) 2026, the beekeeper.hivemq authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Builds kept by content outside the repository: the same inputs are never built twice."""

from __future__ import annotations

import hashlib
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

from . import settings

KEPT_PER_NAME = 4


def key(*inputs: str | Path) -> str:
    """Return 16 hexadecimal digits over strings, files and whole folders (names, modes that matter, contents)."""
    digest = hashlib.sha256()
    for item in inputs:
        if isinstance(item, str):
            digest.update(b"s" + item.encode() + b"\0")
            continue
        files = sorted(path for path in item.rglob("*") if path.is_file()) if item.is_dir() else [item]
        for path in files:
            if "__pycache__" in path.parts:
                continue
            digest.update(b"f" + str(path.relative_to(item.parent)).encode() + b"\0")
            digest.update(b"x" if path.stat().st_mode & 0o100 else b"-")
            digest.update(path.read_bytes() + b"\0")
    return digest.hexdigest()[:16]


def artifact(name: str, content_key: str, build: Callable[[Path], None]) -> Path:
    """Return the folder of a build; `build` fills an empty folder when there is none for this key yet."""
    home = settings.CACHE / name
    target = home / content_key
    if target.is_dir():
        target.touch()
        return target
    home.mkdir(parents=True, exist_ok=True)
    # Built aside and renamed, so that a run that is cut off never leaves half a build under its key.
    work = Path(tempfile.mkdtemp(prefix=".new-", dir=home))
    try:
        work.chmod(0o755)
        build(work)
        work.rename(target)
    finally:
        shutil.rmtree(work, ignore_errors=True)
    _prune(home)
    return target


def is_cached(name: str, content_key: str) -> bool:
    return (settings.CACHE / name / content_key).is_dir()


def _prune(home: Path) -> None:
    builds = sorted(
        (path for path in home.iterdir() if not path.name.startswith(".")), key=lambda path: path.stat().st_mtime
    )
    for old in builds[:-KEPT_PER_NAME]:
        shutil.rmtree(old, ignore_errors=True)
