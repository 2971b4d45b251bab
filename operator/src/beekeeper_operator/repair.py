# Copyright: (c) 2026, the beekeeper.hivemq authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Takes back an object that somebody edited so that applying it again is refused.

Server-side apply merges lists by key. When a person changes a key (the number of a Service's port), the changed item
counts as theirs and ours is missing: applying adds ours beside it, and two ports of one name are invalid. Then, only
then, the lists are replaced as a whole. A patch leaves a record of its own. It is taken off
afterwards, or by the next reconcile if this one doesn't get that far.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible_collections.beekeeper.hivemq.plugins.module_utils._hivemq.names import OPERATOR_FIELD_MANAGER
from ansible_collections.beekeeper.hivemq.plugins.module_utils._kube.client import KubeClient


def differing_lists(live: Mapping[str, Any], desired: Mapping[str, Any]) -> dict[str, Any]:
    """A merge patch with each list of `desired`, outside of metadata, that is another one in `live`."""
    patch: dict[str, Any] = {}
    for key, value in desired.items():
        if key in {"apiVersion", "kind", "metadata"}:
            continue
        found = live.get(key)
        if isinstance(value, Mapping):
            below = differing_lists(found if isinstance(found, Mapping) else {}, value)
            if below:
                patch[key] = below
        elif isinstance(value, list) and value != found:
            patch[key] = value
    return patch


def replace_lists(client: KubeClient, live: Mapping[str, Any], desired: dict[str, Any]) -> dict[str, Any] | None:
    """Replaces the lists that differ and applies `desired`. None when there is no list to replace. Raises KubeError."""
    if not differing_lists(live, desired):
        return None
    # All of it, so that it is refused as a whole when the lists aren't what is wrong: half an object would be worse.
    patch = {key: value for key, value in desired.items() if key not in {"apiVersion", "kind", "metadata"}}
    metadata = live["metadata"]
    target = (desired["apiVersion"], desired["kind"], metadata["name"], metadata["namespace"])
    # Of the object that was looked at, and of no later state.
    client.merge_patch(*target, {**patch, "metadata": {"resourceVersion": metadata["resourceVersion"]}})
    return client.apply(desired)


def updates_recorded(live: Mapping[str, Any]) -> bool:
    """Whether fields are recorded as ours by an update, beside those applied. A patch leaves such a record."""
    managers = live["metadata"].get("managedFields") or []
    return _without_updates(managers) != managers


def forget_updates(client: KubeClient, live: dict[str, Any]) -> dict[str, Any]:
    """Takes that record off: it would keep whatever a later apply leaves out. Returns the object as it is then."""
    if not updates_recorded(live):
        return live
    metadata = live["metadata"]
    record = {
        "managedFields": _without_updates(metadata["managedFields"]),
        "resourceVersion": metadata["resourceVersion"],
    }
    target = (live["apiVersion"], live["kind"], metadata["name"], metadata["namespace"])
    return client.merge_patch(*target, {"metadata": record})


def _without_updates(managers: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [
        entry
        for entry in managers
        if entry.get("manager") != OPERATOR_FIELD_MANAGER
        or entry.get("operation") == "Apply"
        or entry.get("subresource")
    ]
