# Copyright: (c) 2026, the beekeeper.hivemq authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The complete list of Kubernetes objects one HiveMQCluster means."""

from __future__ import annotations

from typing import Any

from . import _companions, _controllers, _passed_on, _services, config_xml, logback, names
from .spec import Cluster


def owner_reference(cluster: Cluster) -> dict[str, Any]:
    """The reference that lets Kubernetes remove an object with its HiveMQCluster."""
    return {
        "apiVersion": names.API_VERSION,
        "kind": names.KIND,
        "name": cluster.name,
        "uid": cluster.uid,
        "controller": True,
        "blockOwnerDeletion": True,
    }


def _metadata(cluster: Cluster, name: str) -> dict[str, Any]:
    return {"name": name, "namespace": cluster.namespace, "labels": names.selector(cluster.name)}


def _service_account(cluster: Cluster) -> dict[str, Any]:
    return {
        "apiVersion": "v1",
        "kind": "ServiceAccount",
        "metadata": _metadata(cluster, names.service_account_name(cluster.name)),
        "automountServiceAccountToken": False,
    }


def _config_map(cluster: Cluster) -> dict[str, Any]:
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": _metadata(cluster, names.config_map_name(cluster.name)),
        "data": {
            "config.xml": config_xml.render(cluster.spec),
            "logback.xml": logback.render(cluster.spec.log_level),
        },
    }


def objects(cluster: Cluster) -> list[dict[str, Any]]:
    """All objects, in the order to apply them, the controller last.

    Made for server-side apply: no status, no nulls, no empty defaults, quantities in canonical form. The same cluster
    gives the same list. Raises ValueError for a cluster that `validate` refuses (a patch that fails, a bad quantity).
    """
    account = [] if cluster.spec.service_account_name else [_service_account(cluster)]
    services = [_passed_on.tidy(_services.service(cluster, port)) for port in _services.service_ports(cluster)]
    companions = [*_companions.disruption_budget(cluster), *_companions.service_monitor(cluster)]
    result = [*account, _config_map(cluster), *services, *companions, _controllers.controller(cluster)]
    if cluster.uid:
        for item in result:
            item["metadata"]["ownerReferences"] = [owner_reference(cluster)]
    return result
