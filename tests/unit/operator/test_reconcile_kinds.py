# Copyright: (c) 2026, the beekeeper.hivemq authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Controllers of every kind, and objects that brokers do without. Against a fake client in memory."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.beekeeper.hivemq.plugins.module_utils._kube.errors import (
    Forbidden,
    Invalid,
    KubeError,
    NotFound,
    Unreachable,
)
from beekeeper_operator.reconcile import Outcome
from world import World


@pytest.fixture
def world() -> World:
    return World()


@pytest.mark.parametrize("template", ["cluster-deployment.yaml", "cluster-daemon-set.yaml"])
def test_a_running_cluster_keeps_the_kind_of_its_controller(world: World, template: str) -> None:
    world.cluster()
    world.run()
    before = world.client.find("StatefulSet", "a")
    world.cluster(generation=2, controllerTemplate=template)
    assert world.run().outcome is Outcome.FAILED
    assert world.client.find("StatefulSet", "a") == before
    assert world.client.names("Deployment") | world.client.names("DaemonSet") == set(), (
        "each broker would be there twice"
    )
    assert "controllerTemplate" in world.status["message"]
    assert world.status["nodes"]["desired"] == 1
    world.cluster(generation=3)
    assert world.run().outcome is Outcome.OK


@pytest.mark.parametrize(
    ("template", "kind"), [("cluster-deployment.yaml", "Deployment"), ("cluster-daemon-set.yaml", "DaemonSet")]
)
def test_other_controllers(world: World, template: str, kind: str) -> None:
    world.cluster(controllerTemplate=template)
    assert world.run().outcome is Outcome.OK
    assert world.client.names(kind) == {"a"}
    assert world.client.names("StatefulSet") == set()
    assert world.run().writes == []
    # A refused spec leaves it as it is, and the status goes on telling about it.
    world.cluster(generation=2, controllerTemplate=template, cpu="x")
    assert world.run().outcome is Outcome.INVALID
    assert "keep running" in world.status["message"]
    world.client.remove(kind, "a")
    world.cluster(generation=3)
    assert world.run().outcome is Outcome.OK
    assert world.client.names("StatefulSet") == {"a"}, "none of the earlier kind is left"


def test_a_controller_of_somebody_else_does_not_matter(world: World) -> None:
    theirs = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"namespace": "ns", "name": "a"}, "spec": {}}
    world.client.put(theirs)
    world.cluster()
    assert world.run().outcome is Outcome.OK
    assert world.client.names("StatefulSet") == {"a"}


MONITORED: dict[str, Any] = {
    "monitoring": {"enablePrometheus": True},
    "extensions": [{"name": "hivemq-prometheus-extension", "configMap": "c"}],
}


def test_monitor_and_budget_are_made_and_removed(world: World) -> None:
    world.cluster(**MONITORED)
    assert world.run().outcome is Outcome.OK
    assert (world.client.names("ServiceMonitor"), world.client.names("PodDisruptionBudget")) == ({"a"}, {"hivemq-a"})
    assert "warnings" not in world.status
    assert world.run().writes == []
    world.cluster(generation=2, podDisruptionBudget={"enabled": False})
    world.run()
    assert world.client.names("ServiceMonitor") | world.client.names("PodDisruptionBudget") == set()
    assert "hivemq-a-metrics" not in world.client.names("Service")


@pytest.mark.parametrize(
    ("verb", "error", "said"),
    [
        ("apply", NotFound("the server could not find it", status=404), "no ServiceMonitor is known here"),
        ("apply", Forbidden("not allowed to patch", status=403), "not allowed to patch"),
        ("get", Forbidden("not allowed to get", status=403), "not allowed to get"),
        ("apply", Invalid("endpoints is wrong", status=422), "endpoints is wrong"),
    ],
)
def test_brokers_do_without_a_monitor(world: World, verb: str, error: KubeError, said: str) -> None:
    world.client.refuse[verb, "ServiceMonitor"] = error
    world.cluster(**MONITORED)
    assert world.run().outcome is Outcome.OK
    assert world.client.names("StatefulSet") == {"a"}
    (warning,) = world.status["warnings"]
    assert warning.startswith("ServiceMonitor a is not made: ")
    assert said in warning
    assert world.run().writes == [], "the same warning is no news"
    world.client.refuse.clear()
    world.run()
    assert world.client.names("ServiceMonitor") == {"a"}
    assert "warnings" not in world.status


def test_a_monitor_of_somebody_else_is_left_alone(world: World) -> None:
    theirs = {
        "apiVersion": "monitoring.coreos.com/v1",
        "kind": "ServiceMonitor",
        "metadata": {"namespace": "ns", "name": "a"},
        "spec": {},
    }
    before = world.client.put(theirs)
    world.cluster(**MONITORED)
    assert world.run().outcome is Outcome.OK
    assert world.client.find("ServiceMonitor", "a") == before
    assert "exists already" in world.status["warnings"][0]


def test_an_unreachable_api_server_is_no_missing_monitor(world: World) -> None:
    world.client.refuse["apply", "ServiceMonitor"] = Unreachable("refused")
    world.cluster(**MONITORED)
    with pytest.raises(Unreachable):
        world.run()
