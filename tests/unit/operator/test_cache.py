# Copyright: (c) 2026, the beekeeper.hivemq authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Events wake the right clusters, at the right time, and only names are kept."""

from __future__ import annotations

from typing import Any

import pytest
from beekeeper_operator.cache import ECHO_DELAY, POD_DELAY, Index, Key, Ref, sources
from beekeeper_operator.watcher import Source

ALL = {source.kind: source for source in sources([None])}
CLUSTERS, ACCOUNTS, CONFIGS, SERVICES, SETS, PODS = (
    ALL[kind] for kind in ("HiveMQCluster", "ServiceAccount", "ConfigMap", "Service", "StatefulSet", "Pod")
)
A, B = Key("ns", "a"), Key("ns", "b")


class Wakes(list[tuple[Key, float]]):
    """What was woken since last asked."""

    def take(self) -> dict[Key, float]:
        taken = dict(self)
        self.clear()
        return taken


@pytest.fixture
def wakes() -> Wakes:
    return Wakes()


@pytest.fixture
def index(wakes: Wakes) -> Index:
    return Index(lambda key, delay: wakes.append((key, delay)))


def cluster(name: str, version: int = 1, generation: int = 1) -> dict[str, Any]:
    return {"metadata": {"namespace": "ns", "name": name, "resourceVersion": str(version), "generation": generation}}


def child(name: str, owner: str, version: int = 1) -> dict[str, Any]:
    labels = {"hivemq-cluster": owner, "app": "hivemq"}
    return {"metadata": {"namespace": "ns", "name": name, "labels": labels, "resourceVersion": str(version)}}


def test_all_namespaces_is_one_set_of_watches_and_each_namespace_one_of_its_own() -> None:
    assert [source.namespace for source in sources([None])] == [None] * 10
    assert {source.namespace for source in sources(["x", "y"])} == {"x", "y"}
    assert len(sources(["x", "y"])) == 20
    assert CLUSTERS.label_selector is None
    assert [source.kind for source in sources([None]) if source.optional] == ["ServiceMonitor"]
    assert {source.label_selector for source in sources([None])[1:]} == {"hivemq-cluster"}


def test_new_and_changed_clusters_are_woken_at_once_and_status_writes_later(index: Index, wakes: Wakes) -> None:
    index.replace(CLUSTERS, [cluster("a")])
    assert wakes.take() == {A: 0}
    index.change(CLUSTERS, "ADDED", cluster("b"))
    assert wakes.take() == {B: 0}
    index.change(CLUSTERS, "MODIFIED", cluster("a", 2, generation=2))
    assert wakes.take() == {A: 0}
    index.change(CLUSTERS, "MODIFIED", cluster("a", 3, generation=2))
    assert wakes.take() == {A: ECHO_DELAY}
    index.change(CLUSTERS, "DELETED", cluster("a", 4, generation=2))
    assert wakes.take() == {A: 0}
    assert index.clusters() == [B]


def test_a_deleted_child_wakes_its_cluster_at_once(index: Index, wakes: Wakes) -> None:
    index.replace(SERVICES, [child("hivemq-a-mqtt", "a"), child("hivemq-b-mqtt", "b")])
    wakes.take()
    index.change(SERVICES, "DELETED", child("hivemq-a-mqtt", "a", 2))
    assert wakes.take() == {A: 0}
    assert index.children(A) == []


def test_events_of_pods_and_changed_children_may_gather(index: Index, wakes: Wakes) -> None:
    index.change(PODS, "ADDED", child("a-0", "a"))
    index.change(SERVICES, "ADDED", child("s", "b"))
    assert wakes.take() == {A: POD_DELAY, B: ECHO_DELAY}


def test_an_event_seen_before_wakes_nobody(index: Index, wakes: Wakes) -> None:
    index.replace(SERVICES, [child("s", "a", 5)])
    wakes.take()
    index.change(SERVICES, "ADDED", child("s", "a", 5))
    index.replace(SERVICES, [child("s", "a", 5)])
    assert wakes.take() == {}


def test_a_list_finds_what_came_changed_and_vanished_while_the_watch_was_away(index: Index, wakes: Wakes) -> None:
    index.replace(SERVICES, [child("gone", "a"), child("same", "c"), child("changed", "b", 1)])
    wakes.take()
    index.replace(SERVICES, [child("same", "c"), child("changed", "b", 2), child("new", "d")])
    assert wakes.take() == {A: 0, B: 0, Key("ns", "d"): 0}


def test_the_first_list_of_a_kind_wakes_all_clusters_known(index: Index, wakes: Wakes) -> None:
    """A child may have vanished after its cluster was worked on and before this list: no event tells of it."""
    index.replace(CLUSTERS, [cluster("a"), cluster("b")])
    wakes.take()
    index.replace(SERVICES, [])
    assert wakes.take() == {A: 0, B: 0}
    index.replace(SERVICES, [])
    assert wakes.take() == {}


def test_a_child_that_changes_hands_wakes_both_clusters(index: Index, wakes: Wakes) -> None:
    index.change(SERVICES, "ADDED", child("s", "a", 1))
    wakes.take()
    index.change(SERVICES, "MODIFIED", child("s", "b", 2))
    assert set(wakes.take()) == {A, B}
    assert index.children(A) == []
    assert index.children(B) == [Ref("v1", "Service", "ns", "s")]


def test_children_are_what_may_be_left_over_without_pods(index: Index) -> None:
    index.change(SERVICES, "ADDED", child("s", "a"))
    index.change(CONFIGS, "ADDED", child("c", "a"))
    index.change(ACCOUNTS, "ADDED", child("x", "a"))
    index.change(SETS, "ADDED", child("a", "a"))
    index.change(PODS, "ADDED", child("a-0", "a"))
    assert [ref.kind for ref in index.children(A)] == ["StatefulSet", "ConfigMap", "Service", "ServiceAccount"]


def test_namespaces_are_kept_apart(index: Index, wakes: Wakes) -> None:
    here, there = Source("hivemq.com/v1", "HiveMQCluster", "ns"), Source("v1", "Service", "elsewhere", "hivemq-cluster")
    index.replace(here, [cluster("a")])
    wakes.take()
    index.replace(there, [])
    assert wakes.take() == {}
