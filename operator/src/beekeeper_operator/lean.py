# Copyright: (c) 2026, the beekeeper.hivemq authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A client for watches that asks for metadata only, and keeps of a list only what the index needs.

The whole pods of a thousand clusters are more than the operator should ever hold: a process does not give back the
memory that a list took at its peak.
"""

from __future__ import annotations

from typing import Any

from ansible_collections.beekeeper.hivemq.plugins.module_utils._hivemq.names import CLUSTER_LABEL
from ansible_collections.beekeeper.hivemq.plugins.module_utils._kube.client import KubeClient
from ansible_collections.beekeeper.hivemq.plugins.module_utils._kube.errors import Request

# Served by every Kubernetes since 1.15, for custom resources too. A server without it falls back to whole objects.
# A watch must ask for the single form: asked for the list, the API server ends it at once and without a word.
_LIST = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1,application/json"
_EVENT = "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1,application/json"
_KEPT = ("namespace", "name", "resourceVersion", "generation")


class LeanClient(KubeClient):
    """A KubeClient whose lists and watches give `metadata` only, and lists no more of it than `lean` keeps."""

    page_size = 250

    def accept(self, request: Request) -> str:
        """Metadata, in the form that the call takes."""
        return _EVENT if request.verb == "watch" else _LIST

    def kept(self, item: dict[str, Any], request: Request) -> dict[str, Any]:  # noqa: ARG002 - the base class needs it
        """What isn't needed of a page is let go before the next one comes."""
        return lean(item)


def lean(item: dict[str, Any]) -> dict[str, Any]:
    """Of an object its names, its versions and the label that says whose it is."""
    metadata = item.get("metadata") or {}
    kept = {key: metadata[key] for key in _KEPT if key in metadata}
    owner = (metadata.get("labels") or {}).get(CLUSTER_LABEL)
    return {"metadata": {**kept, "labels": {CLUSTER_LABEL: owner}} if owner is not None else kept}
