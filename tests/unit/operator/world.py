# Copyright: (c) 2026, the beekeeper.hivemq authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A FAKE world for reconciles: an API server in memory with one HiveMQCluster."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from beekeeper_operator.cache import CHILDREN, Key, Ref
from beekeeper_operator.reconcile import Reconciler
from fake_client import FakeClient

KEY = Key("ns", "a")


class World:
    """A fake API server with one HiveMQCluster, and a reconciler in front of it."""

    def __init__(self) -> None:
        self.client = FakeClient()
        self.now = datetime(2026, 1, 1, tzinfo=UTC)
        self.reconciler = Reconciler(self.client, self.children, instance="pod-1", now=self.tick)  # type: ignore[arg-type]

    def tick(self) -> datetime:
        self.now += timedelta(seconds=1)
        return self.now

    def children(self, key: Key) -> list[Ref]:
        """What perfect watches would know."""
        found = []
        for api_version, kind in CHILDREN:
            for item in self.client.list(api_version, kind, key.namespace, f"hivemq-cluster={key.name}").items:
                found.append(Ref(api_version, kind, key.namespace, item["metadata"]["name"]))
        return found

    def cluster(self, generation: int = 1, **spec: Any) -> dict[str, Any]:
        """Makes or changes the HiveMQCluster as its user does."""
        known = self.client.find("HiveMQCluster", KEY.name) or {
            "metadata": {"namespace": KEY.namespace, "name": KEY.name}
        }
        defaults = {"nodeCount": 1, "image": "hivemq/hivemq-ce", "hivemqVersion": "2025.5"}
        resource = {"apiVersion": "hivemq.com/v1", "kind": "HiveMQCluster", **known, "spec": {**defaults, **spec}}
        return self.client.put(resource, generation=generation)

    def run(self) -> Any:
        """One reconcile, with only its writes noted."""
        self.client.writes.clear()
        return self.reconciler.reconcile(KEY)

    @property
    def status(self) -> dict[str, Any]:
        resource = self.client.find("HiveMQCluster", KEY.name)
        assert resource is not None
        status: dict[str, Any] = resource.get("status", {})
        return status

    def events(self) -> list[dict[str, Any]]:
        return self.client.list("events.k8s.io/v1", "Event").items
