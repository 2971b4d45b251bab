# Copyright: (c) 2026, the beekeeper.hivemq authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The watches' way to the simulated API server: a FAKE of `beekeeper_operator.lean.LeanClient`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from ansible_collections.beekeeper.hivemq.plugins.module_utils._kube.client import Event, ListResult
from ansible_collections.beekeeper.hivemq.plugins.module_utils._kube.errors import Unreachable, WatchExpired
from beekeeper_operator.lean import lean
from simulated_api import Api, Change, labels
from simulated_faults import Faults


@dataclass
class WatchClient:
    """As `LeanClient`. A watch gives what has happened since, then a bookmark, and ends: as one does in time."""

    api: Api
    faults: Faults
    calls: int = 0

    def list(
        self, api_version: str, kind: str, namespace: str | None = None, label_selector: str | None = None
    ) -> ListResult:
        self._before()
        items = self.api.items(api_version, kind, namespace)
        return ListResult([lean(item) for item in items if _matches(item, label_selector)], str(self.api.version))

    def watch(
        self,
        api_version: str,
        kind: str,
        namespace: str | None = None,
        label_selector: str | None = None,
        field_selector: str | None = None,
        resource_version: str | None = None,
        **_limits: float,
    ) -> Iterator[Event]:
        self._before()
        if self.faults.random.random() < self.faults.watch:
            raise WatchExpired("too old", status=410)
        since = int(resource_version or 0)
        for change in self.api.since(since):
            event = _event(change, label_selector)
            if change.name[:2] == (api_version, kind) and namespace in {None, change.name.namespace} and event:
                if self.faults.random.random() < self.faults.watch:
                    raise Unreachable("connection reset")
                if self.faults.random.random() < self.faults.deaf:
                    self.faults.seen["lost event"] += 1
                else:
                    yield event
                    self.faults.moment()
        yield Event("BOOKMARK", {"metadata": {"resourceVersion": str(self.api.version)}})

    def _before(self) -> None:
        self.calls += 1
        self.faults.moment()
        self.faults.strike(self.faults.before, answered=False)


def _matches(item: Mapping[str, Any] | None, selector: str | None) -> bool:
    return item is not None and (selector is None or selector in labels(item))


def _event(change: Change, selector: str | None) -> Event | None:
    """What a watch with this selector tells: an object that lost its label is gone for it."""
    before, after = _matches(change.before, selector), _matches(change.after, selector)
    if after and change.after:
        return Event("MODIFIED" if before else "ADDED", lean(change.after))
    if before and change.before:
        gone = lean(change.before)
        gone["metadata"]["resourceVersion"] = str(change.version)
        return Event("DELETED", gone)
    return None
