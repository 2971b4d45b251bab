# Copyright: (c) 2026, the beekeeper.hivemq authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Lets pytest import the collection by its full name, from a plain checkout."""

from __future__ import annotations

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
COLLECTIONS = ROOT / "build" / "collections"


def _link_collection() -> None:
    link = COLLECTIONS / "ansible_collections" / "beekeeper" / "hivemq"
    link.parent.mkdir(parents=True, exist_ok=True)
    if not link.exists():
        link.symlink_to("../../../..", target_is_directory=True)


_link_collection()
sys.path.insert(0, str(COLLECTIONS))
sys.path.insert(0, str(ROOT / "operator" / "src"))
