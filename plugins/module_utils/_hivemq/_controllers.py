# Copyright: (c) 2026, the beekeeper.hivemq authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The controller of the broker pods: a StatefulSet, Deployment or DaemonSet around the same pod template."""

from __future__ import annotations

from typing import Any

from . import _passed_on, _pod, names
from .spec import Cluster


def controller(cluster: Cluster) -> dict[str, Any]:
    """The controller that the resource asks for."""
    spec = cluster.spec
    parts = {"StatefulSet": _stateful_set, "Deployment": _deployment, "DaemonSet": _daemon_set}
    return {
        "apiVersion": "apps/v1",
        "kind": spec.controller,
        "metadata": {
            "name": cluster.name,
            "namespace": cluster.namespace,
            # Our labels win: selectors are made of them.
            "labels": {**spec.labels, **names.selector(cluster.name)},
        },
        "spec": {
            **parts[spec.controller](cluster),
            "selector": {"matchLabels": names.selector(cluster.name)},
            "template": _pod.pod_template(cluster),
        },
    }


def _stateful_set(cluster: Cluster) -> dict[str, Any]:
    claims = [_passed_on.claim(item) for item in cluster.spec.volume_claim_templates]
    return {
        "replicas": cluster.spec.node_count,
        "serviceName": names.service_name(cluster.name, names.CLUSTER_PORT),
        # Brokers need no order among themselves, and one that doesn't start must not hold the others up.
        "podManagementPolicy": "Parallel",
        "updateStrategy": {"type": "RollingUpdate"},
        **({"volumeClaimTemplates": claims} if claims else {}),
    }


def _deployment(cluster: Cluster) -> dict[str, Any]:
    return {
        "replicas": cluster.spec.node_count,
        # A new broker joins before an old one leaves.
        "strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1, "maxUnavailable": 0}},
        # Time for a new broker to take over its share before the next one goes.
        "minReadySeconds": 30,
        # Three hours, as with the vendor's operator: a broker with much data starts and leaves slowly.
        "progressDeadlineSeconds": 10800,
        "revisionHistoryLimit": 2,
    }


def _daemon_set(_cluster: Cluster) -> dict[str, Any]:
    return {
        "updateStrategy": {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 0, "maxUnavailable": 1}},
        "minReadySeconds": 30,
        "revisionHistoryLimit": 2,
    }
