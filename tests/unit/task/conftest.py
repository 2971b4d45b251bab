# Copyright: (c) 2026, the beekeeper.hivemq authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An API server of our own, and a client of it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from ansible_collections.beekeeper.hivemq.plugins.module_utils._kube.auth import connect
from ansible_collections.beekeeper.hivemq.plugins.module_utils._kube.client import KubeClient

from ..fake_api import FakeApi, fake_api
from ..fake_clock import FakeClock


@pytest.fixture
def api() -> Iterator[FakeApi]:
    with fake_api() as server:
        yield server


@pytest.fixture
def slept() -> list[float]:
    """The pauses the client made."""
    return []


@pytest.fixture
def client(api: FakeApi, slept: list[float]) -> Iterator[KubeClient]:
    connection = connect({"host": api.url, "api_key": "t0ken"})
    made = KubeClient(connection, field_manager="beekeeper-ansible", timeout=5.0, sleep=slept.append)
    yield made
    made.close()


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture(autouse=True)
def _no_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither a kubeconfig nor a proxy of this machine has a say in the tests."""
    for name in ("KUBECONFIG", "K8S_AUTH_KUBECONFIG", "HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", "/nonexistent")
