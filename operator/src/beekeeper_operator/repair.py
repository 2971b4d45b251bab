# Copyright: (c) 2026, the beekeeper.hivemq authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Takes back an object that somebody edited so that applying it again is refused.

Server-side apply merges lists by key. When a person changes a key (the number of a Service's port), the changed item
counts as theirs and ours is missing: applying adds ours beside it, and two ports of one name are invalid. Then, only
then, the lists are replaced as a whole.
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
    patch = differing_lists(live, desired)
    if not patch:
        return None
    metadata = live["metadata"]
    target = (desired["apiVersion"], desired["kind"], metadata["name"], metadata["namespace"])
    # Of the object that was looked at, and of no later state.
    client.merge_patch(*target, {**patch, "metadata": {"resourceVersion": metadata["resourceVersion"]}})
    applied = client.apply(desired)
    # The patch left a second record of ownership, as an update. It would keep whatever a later apply leaves out.
    managers = applied["metadata"].get("managedFields") or []
    kept = [
        entry
        for entry in managers
        if entry.get("manager") != OPERATOR_FIELD_MANAGER
        or entry.get("operation") == "Apply"
        or entry.get("subresource")
    ]
    if kept == managers:
        return applied
    record = {"managedFields": kept, "resourceVersion": applied["metadata"]["resourceVersion"]}
    return client.merge_patch(*target, {"metadata": record})
