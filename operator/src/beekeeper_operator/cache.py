# Copyright: (c) 2026, the beekeeper.hivemq authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the watches saw last, as names only, and whom to wake when it changes.

Nothing is decided by these entries: a reconcile reads the live objects. They tell which cluster an event is about, what
vanished while a watch was away, and which objects may be left over; so an entry is small and whole objects are let go.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from ansible_collections.beekeeper.hivemq.plugins.module_utils._hivemq.names import (
    API_VERSION,
    CLUSTER_LABEL,
    CONTROLLER_KINDS,
    KIND,
)

from .watcher import Source

# Seconds between an event and the work it asks for. Pods and our own writes come in bursts: one look at the end
# will do. What vanished, and what a person changed in a HiveMQCluster, is worked on at once.
POD_DELAY = 0.3
ECHO_DELAY = 0.1


class Key(NamedTuple):
    """A HiveMQCluster, by name."""

    namespace: str
    name: str


class Ref(NamedTuple):
    """Any object, by name."""

    api_version: str
    kind: str
    namespace: str
    name: str


@dataclass(frozen=True, slots=True)
class Entry:
    """What is kept of an object: whose it is, and what tells whether it has changed since."""

    cluster: Key
    version: str
    generation: int


CLUSTER_SOURCE = (API_VERSION, KIND)
CONTROLLERS = tuple(("apps/v1", kind) for kind in CONTROLLER_KINDS)
# What belongs to a cluster carries its name as a label, so watches are limited to what concerns us.
CHILDREN = (
    ("v1", "ServiceAccount"),
    ("v1", "ConfigMap"),
    ("v1", "Service"),
    *CONTROLLERS,
    ("policy/v1", "PodDisruptionBudget"),
    ("monitoring.coreos.com/v1", "ServiceMonitor"),
)
# Kinds that a Kubernetes cluster may lack, or whose rights the operator may lack: brokers run without them.
OPTIONAL = (("monitoring.coreos.com/v1", "ServiceMonitor"),)
PODS = ("v1", "Pod")


def sources(scopes: Iterable[str | None]) -> list[Source]:
    """Everything to watch: the clusters, what is made for them, and their pods; once per scope."""
    return [
        Source(
            *kind,
            namespace=scope,
            label_selector=None if kind == CLUSTER_SOURCE else CLUSTER_LABEL,
            optional=kind in OPTIONAL,
        )
        for scope in scopes
        for kind in (CLUSTER_SOURCE, *CHILDREN, PODS)
    ]


class Index:
    """Thread-safe. `wake(key, delay)` is called when a cluster needs a look in `delay` seconds."""

    def __init__(self, wake: Callable[[Key, float], None]) -> None:
        self._wake = wake
        self._lock = threading.Lock()
        self._entries: dict[Source, dict[Ref, Entry]] = {}
        self._owned: dict[Key, set[Ref]] = {}

    def replace(self, source: Source, items: Iterable[Mapping[str, Any]]) -> None:
        """Takes a complete list and wakes the clusters of whatever differs from what was known."""
        fresh = dict(_described(source, item) for item in items)
        with self._lock:
            first = source not in self._entries
            known = self._entries.get(source, {})
            changed = {entry.cluster for ref, entry in fresh.items() if known.get(ref) != entry}
            changed |= {entry.cluster for ref, entry in known.items() if fresh.get(ref) != entry}
            if first:
                # Objects may have vanished between a cluster's first reconcile and this list, without an event.
                changed |= {key for key in self._clusters() if source.namespace in {None, key.namespace}}
            for ref, entry in known.items():
                self._disown(ref, entry)
            for ref, entry in fresh.items():
                self._own(ref, entry)
            self._entries[source] = fresh
        for key in sorted(changed):
            self._wake(key, 0.0)

    def change(self, source: Source, kind: str, item: Mapping[str, Any]) -> None:
        """Takes one event (ADDED, MODIFIED or DELETED) and wakes the cluster it is about."""
        ref, entry = _described(source, item)
        with self._lock:
            known = self._entries.setdefault(source, {})
            before = known.pop(ref, None)
            if before is not None:
                self._disown(ref, before)
            if kind != "DELETED":
                known[ref] = entry
                self._own(ref, entry)
        if before == entry and kind != "DELETED":
            return
        delay = _delay(source, kind, before, entry)
        for key in {entry.cluster} | ({before.cluster} if before else set()):
            self._wake(key, delay)

    def children(self, key: Key) -> list[Ref]:
        """What exists for this cluster as far as the watches know, pods excepted. Read it live before acting on it."""
        with self._lock:
            return sorted(ref for ref in self._owned.get(key, ()) if (ref.api_version, ref.kind) in CHILDREN)

    def clusters(self) -> list[Key]:
        """The HiveMQClusters that the watches know."""
        with self._lock:
            return sorted(self._clusters())

    def _clusters(self) -> set[Key]:
        return {
            entry.cluster
            for source, entries in self._entries.items()
            if (source.api_version, source.kind) == CLUSTER_SOURCE
            for entry in entries.values()
        }

    def _own(self, ref: Ref, entry: Entry) -> None:
        self._owned.setdefault(entry.cluster, set()).add(ref)

    def _disown(self, ref: Ref, entry: Entry) -> None:
        owned = self._owned.get(entry.cluster)
        if owned is not None:
            owned.discard(ref)
            if not owned:
                del self._owned[entry.cluster]


def _described(source: Source, item: Mapping[str, Any]) -> tuple[Ref, Entry]:
    metadata = item.get("metadata") or {}
    namespace, name = metadata.get("namespace", ""), metadata.get("name", "")
    is_cluster = (source.api_version, source.kind) == CLUSTER_SOURCE
    owner = name if is_cluster else (metadata.get("labels") or {}).get(CLUSTER_LABEL, "")
    entry = Entry(Key(namespace, owner), metadata.get("resourceVersion", ""), metadata.get("generation", 0))
    return Ref(source.api_version, source.kind, namespace, name), entry


def _delay(source: Source, kind: str, before: Entry | None, entry: Entry) -> float:
    if (source.api_version, source.kind) == PODS:
        return POD_DELAY
    if kind == "DELETED":
        return 0.0
    if (source.api_version, source.kind) != CLUSTER_SOURCE:
        return ECHO_DELAY
    # A new generation is a person's change of the spec; the same one is a status write, most often our own.
    return ECHO_DELAY if before is not None and entry.generation == before.generation else 0.0
