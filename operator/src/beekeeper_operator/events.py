# Copyright: (c) 2026, the beekeeper.hivemq authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Kubernetes Events about a HiveMQCluster: what `kubectl describe` shows of the operator's doings."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Protocol

from ansible_collections.beekeeper.hivemq.plugins.module_utils._kube.errors import KubeError

from . import COMPONENT
from .logs import say

LOG = logging.getLogger(__name__)

# The API server's bound for a note is 1 KiB (bytes), for the name of an object 253 characters.
_NOTE_BYTES = 1000
_NAME_CHARS = 230


class Creator(Protocol):
    """The part of `_kube.client.KubeClient` that an Event needs."""

    def create(self, obj: Mapping[str, Any]) -> dict[str, Any]: ...


def event(
    about: Mapping[str, Any], *, reason: str, note: str, warning: bool, now: datetime, instance: str
) -> dict[str, Any]:
    """An events.k8s.io/v1 Event. `reason`: one CamelCase word; `now`: UTC; `instance`: this process (its pod)."""
    metadata = about["metadata"]
    cut = note.encode()[:_NOTE_BYTES].decode(errors="ignore")
    return {
        "apiVersion": "events.k8s.io/v1",
        "kind": "Event",
        "metadata": {
            # Unique by the microsecond, and by what it is about.
            "name": f"{metadata['name'][:_NAME_CHARS]}.{int(now.timestamp() * 1_000_000):x}",
            "namespace": metadata["namespace"],
        },
        "eventTime": now.strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
        "reportingController": f"hivemq.com/{COMPONENT}",
        "reportingInstance": instance[:128],
        "action": "Reconcile",
        "reason": reason,
        "type": "Warning" if warning else "Normal",
        "note": cut,
        "regarding": {
            "apiVersion": about["apiVersion"],
            "kind": about["kind"],
            "name": metadata["name"],
            "namespace": metadata["namespace"],
            "uid": metadata.get("uid", ""),
            "resourceVersion": metadata.get("resourceVersion", ""),
        },
    }


def emit(client: Creator, item: Mapping[str, Any]) -> bool:
    """Creates the Event. A refused Event is logged and no more: it must not hold up the work that it tells of."""
    try:
        client.create(item)
    except KubeError as error:
        regarding = item["regarding"]
        say(
            LOG,
            logging.WARNING,
            "an Event could not be written",
            namespace=regarding["namespace"],
            name=regarding["name"],
            reason=item["reason"],
            problem=error,
        )
        return False
    return True
