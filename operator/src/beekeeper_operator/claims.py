# Copyright: (c) 2026, the beekeeper.hivemq authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whose is an object, or a field? What isn't ours is neither changed nor removed, whatever its name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible_collections.beekeeper.hivemq.plugins.module_utils._hivemq.names import (
    CLUSTER_LABEL,
    KIND,
    OPERATOR_FIELD_MANAGER,
)


def owned(live: Mapping[str, Any], resource: Mapping[str, Any]) -> bool:
    """Whether an owner reference of the object points at exactly this resource."""
    uid = resource["metadata"]["uid"]
    return any(owner.get("uid") == uid for owner in live["metadata"].get("ownerReferences") or [])


def left_over(live: Mapping[str, Any], resource: Mapping[str, Any]) -> bool:
    """Whether an object that the spec doesn't ask for was made by us for this resource.

    It has the resource's label and uid, and we have applied it: others may add objects that go with a cluster.
    """
    metadata = live["metadata"]
    labelled = (metadata.get("labels") or {}).get(CLUSTER_LABEL) == resource["metadata"]["name"]
    managers = metadata.get("managedFields") or []
    applied = any(
        item.get("manager") == OPERATOR_FIELD_MANAGER and item.get("operation") == "Apply" for item in managers
    )
    return labelled and applied and owned(live, resource)


def foreign(live: Mapping[str, Any], resource: Mapping[str, Any]) -> str:
    """Why an object that has the name of one of ours must not be touched; empty when it may be.

    Ours is what belongs to this resource, and what belongs to nobody and carries its label (handed over by a person, or
    orphaned on purpose). Everything else was made by someone for something.
    """
    if owned(live, resource):
        return ""
    metadata, name = live["metadata"], resource["metadata"]["name"]
    what = f"{live.get('kind', 'Object')} {metadata['name']}"
    owners = metadata.get("ownerReferences") or []
    # The controller if there is one, else any owner: both have made it for their own ends.
    owner = next((item for item in owners if item.get("controller")), owners[0] if owners else None)
    if owner is not None and (owner.get("kind"), owner.get("name")) == (KIND, name):
        return f"{what} belongs to a deleted HiveMQCluster of this name; it is made again once it has been collected"
    if owner is not None:
        whose = f"{owner.get('kind')} {owner.get('name')}"
        return f"{what} exists already and belongs to {whose}; it is left alone. Remove or rename one of them"
    if (metadata.get("labels") or {}).get(CLUSTER_LABEL) == name:
        return ""
    return (
        f"{what} exists already and was not made for this cluster; it is left alone. "
        f"Remove it, or hand it over with the label {CLUSTER_LABEL}={name}"
    )


def status_differs(resource: Mapping[str, Any], after: Mapping[str, Any]) -> bool:
    """Whether writing `after` changes the live status: a value differs, or a field of ours is no longer wanted."""
    live = resource.get("status") or {}
    for name, value in after.items():
        found = live.get(name)
        if name == "conditions":
            # A list by type, to which others may add conditions of their own.
            types = {item.get("type") for item in value}
            found = [item for item in found or [] if item.get("type") in types]
        if found != value:
            return True
    return any(name in live and name not in after for name in _status_fields_of_ours(resource))


def _status_fields_of_ours(resource: Mapping[str, Any]) -> set[str]:
    names: set[str] = set()
    for entry in resource["metadata"].get("managedFields") or []:
        if entry.get("manager") == OPERATOR_FIELD_MANAGER and entry.get("subresource") == "status":
            fields = (entry.get("fieldsV1") or {}).get("f:status") or {}
            names |= {field_name.removeprefix("f:") for field_name in fields}
    return names
