# Copyright: (c) 2026, the beekeeper.hivemq authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What goes with the brokers: a budget for their disruption, and a monitor for Prometheus."""

from __future__ import annotations

from typing import Any

from . import names
from .spec import Cluster


def disruption_budget(cluster: Cluster) -> list[dict[str, Any]]:
    """The PodDisruptionBudget: drained nodes give up one broker at a time, so that its data is copied before the next.

    A DaemonSet gets none: it has no scale to count against, and draining a node leaves its pods alone.
    """
    budget = cluster.spec.disruption_budget
    if not budget.enabled or cluster.spec.controller == "DaemonSet":
        return []
    return [
        {
            "apiVersion": "policy/v1",
            "kind": "PodDisruptionBudget",
            "metadata": {
                "name": names.disruption_budget_name(cluster.name),
                "namespace": cluster.namespace,
                "labels": names.selector(cluster.name),
            },
            "spec": {
                # Never a minimum: with one broker only, it would keep the node from being drained for ever.
                "maxUnavailable": budget.max_unavailable,
                "selector": {"matchLabels": names.selector(cluster.name)},
            },
        }
    ]


def service_monitor(cluster: Cluster) -> list[dict[str, Any]]:
    """The ServiceMonitor, with the vendor's name and labels, when monitoring is on."""
    monitoring = cluster.spec.monitoring
    if not monitoring.enabled:
        return []
    labels = names.selector(cluster.name)
    if cluster.instance:
        # By this label a Prometheus of the same Helm release selects its monitors.
        labels["release"] = cluster.instance
    endpoint = {"port": names.METRICS_PORT}
    if monitoring.scrape_interval:
        endpoint["interval"] = monitoring.scrape_interval
    return [
        {
            "apiVersion": "monitoring.coreos.com/v1",
            "kind": "ServiceMonitor",
            "metadata": {"name": cluster.name, "namespace": cluster.namespace, "labels": labels},
            "spec": {
                "jobLabel": names.CLUSTER_LABEL,
                "endpoints": [endpoint],
                "selector": {"matchLabels": names.selector(cluster.name)},
            },
        }
    ]
