# Copyright: (c) 2026, the beekeeper.hivemq authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Resources to test with, as the API server returns them."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

# The tables of cases are modules of their own.
sys.path.insert(0, str(Path(__file__).parent / "cases"))

Resource = dict[str, Any]


@pytest.fixture
def resource() -> Callable[..., Resource]:
    """Makes a HiveMQCluster: `resource(nodeCount=1)` has that spec, an Enterprise image by default."""

    def make(name: str = "hive", **spec: Any) -> Resource:
        return {
            "apiVersion": "hivemq.com/v1",
            "kind": "HiveMQCluster",
            "metadata": {"name": name, "namespace": "mq", "uid": "1-2-3", "generation": 4},
            "spec": spec,
        }

    return make


@pytest.fixture
def community(resource: Callable[..., Resource]) -> Callable[..., Resource]:
    """The same with a Community Edition image and one broker."""

    def make(name: str = "hive", **spec: Any) -> Resource:
        base = {"nodeCount": 1, "image": "localhost/beekeeper/hivemq-ce", "hivemqVersion": "2025.4"}
        return resource(name, **{**base, **spec})

    return make
