# Copyright: (c) 2026, the beekeeper.hivemq authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The disruption budget, the monitor, and settings of Services."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ansible_collections.beekeeper.hivemq.plugins.module_utils._hivemq.objects import objects
from ansible_collections.beekeeper.hivemq.plugins.module_utils._hivemq.spec import parse
from ansible_collections.beekeeper.hivemq.plugins.module_utils._hivemq.validate import errors, validate

Make = Callable[..., dict[str, Any]]


def made(resource: dict[str, Any]) -> dict[tuple[str, str], dict[str, Any]]:
    assert errors(validate(resource)) == []
    return {(item["kind"], item["metadata"]["name"]): item for item in objects(parse(resource))}


def test_one_broker_may_be_evicted_at_a_time(resource: Make) -> None:
    for template in ("cluster-stateful-set.yaml", "cluster-deployment.yaml"):
        budget = made(resource(controllerTemplate=template))["PodDisruptionBudget", "hivemq-hive"]
        assert budget["apiVersion"] == "policy/v1"
        assert budget["metadata"]["labels"] == {"app": "hivemq", "hivemq-cluster": "hive"}
        selector = {"matchLabels": {"app": "hivemq", "hivemq-cluster": "hive"}}
        assert budget["spec"] == {"maxUnavailable": 1, "selector": selector}


def test_a_single_broker_can_be_evicted(resource: Make) -> None:
    spec = made(resource(nodeCount=1))["PodDisruptionBudget", "hivemq-hive"]["spec"]
    assert "minAvailable" not in spec


def test_a_budget_that_is_not_wanted_or_not_possible(resource: Make) -> None:
    for spec in ({"podDisruptionBudget": {"enabled": False}}, {"controllerTemplate": "cluster-daemon-set.yaml"}):
        assert "PodDisruptionBudget" not in {kind for kind, _name in made(resource(**spec))}
    wide = made(resource(clusterReplicaCount=3, podDisruptionBudget={"maxUnavailable": 2}))
    assert wide["PodDisruptionBudget", "hivemq-hive"]["spec"]["maxUnavailable"] == 2


def test_a_monitor_as_the_vendor_makes_it(resource: Make) -> None:
    given = resource(monitoring={"enablePrometheus": True, "scrapeInterval": "15s"})
    given["metadata"]["labels"] = {"app.kubernetes.io/instance": "my-release"}
    monitor = made(given)["ServiceMonitor", "hive"]
    assert monitor["apiVersion"] == "monitoring.coreos.com/v1"
    assert monitor["metadata"]["labels"].items() >= {"hivemq-cluster": "hive", "release": "my-release"}.items()
    assert monitor["spec"]["endpoints"] == [{"port": "metrics", "interval": "15s"}]
    assert monitor["spec"]["jobLabel"] == "hivemq-cluster"
    service = made(given)["Service", "hivemq-hive-metrics"]
    assert monitor["spec"]["selector"]["matchLabels"].items() <= service["metadata"]["labels"].items()
    assert service["spec"]["ports"][0]["name"] == "metrics"


def test_no_monitor_without_monitoring_and_no_release_without_its_label(resource: Make) -> None:
    assert not {kind for kind, _name in made(resource())} & {"ServiceMonitor"}
    plain = made(resource(monitoring={"enablePrometheus": True}))["ServiceMonitor", "hive"]
    assert "release" not in plain["metadata"]["labels"]
    assert plain["spec"]["endpoints"] == [{"port": "metrics"}]


def test_odd_labels_of_the_resource_do_not_matter(resource: Make) -> None:
    odd: list[Any] = [None, [], {"app.kubernetes.io/instance": None}, {"app.kubernetes.io/instance": "not a label!"}]
    for labels in odd:
        given = resource(monitoring={"enablePrometheus": True})
        given["metadata"]["labels"] = labels
        assert "release" not in made(given)["ServiceMonitor", "hive"]["metadata"]["labels"]


def test_settings_of_a_service(resource: Make) -> None:
    settings = {
        "type": "LoadBalancer",
        "externalTrafficPolicy": "Local",
        "sessionAffinity": "None",
        "loadBalancerClass": "example.com/lb",
        "loadBalancerSourceRanges": ["10.0.0.0/8"],
        "allocateLoadBalancerNodePorts": False,
        "nodePort": 31883,
        "labels": {"team": "a", "app": "other"},
        "annotations": {"example.com/internal": "true", "example.com/empty": ""},
    }
    port = {"name": "mqtt", "port": 1883, "service": settings}
    service = made(resource(ports=[port]))["Service", "hivemq-hive-mqtt"]
    for name in ("type", "externalTrafficPolicy", "sessionAffinity", "loadBalancerClass", "loadBalancerSourceRanges"):
        assert service["spec"][name] == settings[name]
    assert service["spec"]["allocateLoadBalancerNodePorts"] is False
    assert service["spec"]["ports"][0]["nodePort"] == 31883
    assert service["metadata"]["labels"] == {"team": "a", "app": "hivemq", "hivemq-cluster": "hive"}
    assert service["metadata"]["annotations"] == {"example.com/internal": "true", "example.com/empty": ""}
    patch = '{"op":"replace","path":"/spec/externalTrafficPolicy","value":"Cluster"}'
    patched = made(resource(ports=[{**port, "expose": True, "patch": [patch]}]))["Service", "hivemq-hive-mqtt"]
    assert patched["spec"]["externalTrafficPolicy"] == "Cluster", "patches come last"
