# Copyright: (c) 2026, the beekeeper.hivemq authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A client for watches that asks for metadata only, and keeps of a list only what the index needs.

The whole pods of a thousand clusters are more than the operator should ever hold: a process does not give back the
memory that a list took at its peak.
"""

from __future__ import annotations

import threading
from typing import Any

from ansible_collections.beekeeper.hivemq.plugins.module_utils._hivemq.names import CLUSTER_LABEL
from ansible_collections.beekeeper.hivemq.plugins.module_utils._kube.auth import Connection
from ansible_collections.beekeeper.hivemq.plugins.module_utils._kube.client import KubeClient, ListResult
from ansible_collections.beekeeper.hivemq.plugins.module_utils._kube.errors import Request

# Served by every Kubernetes since 1.15, for custom resources too. A server without it falls back to whole objects.
# A watch must ask for the single form: asked for the list, the API server ends it at once and without a word.
_LIST = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1,application/json"
_EVENT = "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1,application/json"
_PAGE = 250
_KEPT = ("namespace", "name", "resourceVersion", "generation")


class LeanClient(KubeClient):
    """A KubeClient whose lists and watches give `metadata` only, and lists no more of it than `lean` keeps."""

    def __init__(self, connection: Connection, *, field_manager: str) -> None:
        super().__init__(connection, field_manager=field_manager)
        self._form = threading.local()

    def _open(self, method: str, url: str, request: Request, *rest: Any, **options: Any) -> Any:
        self._form.accept = _EVENT if request.verb == "watch" else _LIST
        return super()._open(method, url, request, *rest, **options)

    def _headers(self, content_type: str | None) -> Any:
        headers = super()._headers(content_type)
        headers["Accept"] = self._form.accept
        return headers

    def list(
        self,
        api_version: str,
        kind: str,
        namespace: str | None = None,
        label_selector: str | None = None,
        field_selector: str | None = None,
    ) -> ListResult:
        """As the KubeClient's, page by page, but what isn't needed of a page is let go before the next one comes."""
        url, request = self._target("list", api_version, kind, None, namespace)
        query: dict[str, Any] = {"limit": _PAGE}
        query |= {
            name: value
            for name, value in (("labelSelector", label_selector), ("fieldSelector", field_selector))
            if value
        }
        items: list[dict[str, Any]] = []
        while True:
            page = self._json("GET", url, request, query)
            items += [lean(item) for item in page.get("items") or []]
            metadata = page.get("metadata") or {}
            if not metadata.get("continue"):
                return ListResult(items, str(metadata.get("resourceVersion") or ""))
            query["continue"] = metadata["continue"]


def lean(item: dict[str, Any]) -> dict[str, Any]:
    """Of an object its names, its versions and the label that says whose it is."""
    metadata = item.get("metadata") or {}
    kept = {key: metadata[key] for key in _KEPT if key in metadata}
    owner = (metadata.get("labels") or {}).get(CLUSTER_LABEL)
    return {"metadata": {**kept, "labels": {CLUSTER_LABEL: owner}} if owner is not None else kept}
