# Copyright: (c) 2026, the beekeeper.hivemq authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The third-party packages this layer needs, imported in one guarded place.

Ansible imports module code on hosts that lack them; the reader of a play should then get a sentence, not a traceback.
This module util is private to the collection.
"""

from __future__ import annotations

import importlib
import sys
from typing import Any

from .errors import MissingLibrary

KUBERNETES_REQUIREMENT = "kubernetes>=24.2,!=36.0.0"

_missing: dict[str, str] = {}


def _try_import(name: str, requirement: str) -> Any:
    try:
        return importlib.import_module(name)
    except ImportError as error:
        _missing[requirement] = str(error)
        return None


urllib3 = _try_import("urllib3", "urllib3")
yaml = _try_import("yaml", "PyYAML")
kubernetes = _try_import("kubernetes", KUBERNETES_REQUIREMENT)
kubernetes_client = _try_import("kubernetes.client", KUBERNETES_REQUIREMENT)
kubernetes_config = _try_import("kubernetes.config", KUBERNETES_REQUIREMENT)


def missing() -> list[str]:
    """The requirements that can't be imported in this interpreter, as pip would write them."""
    return sorted(_missing)


def require() -> None:
    """Raise ``MissingLibrary`` unless everything needed to talk to an API server can be imported."""
    if _missing:
        packages = " ".join(f"'{name}'" for name in missing())
        raise MissingLibrary(
            f"Python packages are missing in {sys.executable}: {', '.join(missing())}",
            next_step=f"Install them there: {sys.executable} -m pip install {packages}.",
        )
    if getattr(kubernetes, "__version__", "") == "36.0.0":
        raise MissingLibrary(
            "The Python package kubernetes 36.0.0 drops bearer tokens, so every request would be refused with 401",
            next_step=f"Install another version: {sys.executable} -m pip install '{KUBERNETES_REQUIREMENT}'.",
        )
