# Copyright: (c) 2026, the beekeeper.hivemq authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What hivemq_cluster_info does. This module util is private to the collection. It can change at any time."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .._hivemq import names
from .._hivemq.spec import parse
from .._kube import errors, libs
from .._kube.client import KubeClient
from .host import AUTH_ARGUMENTS, TaskHost, cluster_client

ARGUMENT_SPEC: dict[str, Any] = {
    **AUTH_ARGUMENTS,
    "name": {"type": "str"},
    "namespace": {"type": "str"},
    "label_selector": {"type": "str"},
    "resource": {"type": "bool", "default": False},
}
OPTIONS: dict[str, Any] = {}


def missing_libraries() -> list[str]:
    """The requirements that this interpreter lacks."""
    return libs.missing()


def run(host: TaskHost) -> dict[str, Any]:
    """Read the clusters. See the module's documentation for the result."""
    libs.require()
    params = host.params
    with cluster_client(host) as client:
        try:
            found = _find(client, params["name"], params["namespace"], params["label_selector"])
        except errors.NotFound:
            return {"changed": False, "clusters": [], "crd_installed": False}
    clusters = [describe_cluster(item, with_resource=params["resource"]) for item in found]
    return {"changed": False, "clusters": clusters, "crd_installed": True}


def _find(client: KubeClient, name: str | None, namespace: str | None, selector: str | None) -> list[dict[str, Any]]:
    # A list by name, not a GET: its answer tells "no such cluster" from "no such kind", and takes the selector too.
    field = f"metadata.name={name}" if name else None
    found = client.list(names.API_VERSION, names.KIND, namespace, label_selector=selector, field_selector=field).items
    return sorted(found, key=lambda item: (item["metadata"]["namespace"], item["metadata"]["name"]))


def describe_cluster(resource: Mapping[str, Any], *, with_resource: bool = False) -> dict[str, Any]:
    """The entry of a cluster in the result: always the same keys; None or empty where the operator hasn't said yet."""
    metadata = resource.get("metadata") or {}
    status = resource.get("status") or {}
    node_count, image, version = _asked_for(resource)
    found = {
        "name": metadata.get("name"),
        "namespace": metadata.get("namespace"),
        "state": status.get("state"),
        "message": status.get("message"),
        "node_count": node_count,
        "ready_nodes": (status.get("nodes") or {}).get("ready", 0),
        "image": image,
        "version": version,
        "endpoints": endpoints(resource),
        "conditions": list(status.get("conditions") or []),
        "generation": metadata.get("generation"),
        "observed_generation": status.get("observedGeneration"),
    }
    return {**found, "resource": presentable(resource)} if with_resource else found


def endpoints(resource: Mapping[str, Any]) -> dict[str, str]:
    """Name of the port -> address of its load balancer, for those that have one."""
    ports = (resource.get("status") or {}).get("portStatus") or []
    return {str(port.get("name")): str(port["address"]) for port in ports if port.get("address")}


def presentable(resource: Mapping[str, Any]) -> dict[str, Any]:
    """The resource without the record of who applied what, which is long and helps nobody."""
    metadata = {key: value for key, value in (resource.get("metadata") or {}).items() if key != "managedFields"}
    return {**resource, "metadata": metadata}


def _asked_for(resource: Mapping[str, Any]) -> tuple[Any, Any, Any]:
    """Number of brokers, image and version, with the defaults; as written when the spec isn't sound."""
    spec = resource.get("spec") or {}
    try:
        parsed = parse(resource).spec
    except (KeyError, TypeError, AttributeError, ValueError):
        return spec.get("nodeCount"), spec.get("image"), spec.get("hivemqVersion")
    return parsed.node_count, parsed.image_reference, parsed.version
