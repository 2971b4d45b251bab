# Copyright: (c) 2026, the beekeeper.hivemq authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The watches' client asks for metadata only, page by page, over a real socket."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from ansible_collections.beekeeper.hivemq.plugins.module_utils._kube.auth import connect
from beekeeper_operator.lean import LeanClient, lean

POD = {
    "metadata": {
        "namespace": "ns",
        "name": "a-0",
        "resourceVersion": "7",
        "labels": {"hivemq-cluster": "a", "app": "hivemq"},
        "managedFields": [{"manager": "kubelet"}],
    },
    "spec": {"containers": []},
}
LEAN_POD = {
    "metadata": {"namespace": "ns", "name": "a-0", "resourceVersion": "7", "labels": {"hivemq-cluster": "a"}},
}


class Server(ThreadingHTTPServer):
    """A FAKE API server: two pages of pods, and one event. Remembers what it was asked."""

    asked: list[tuple[str, dict[str, list[str]], str]]


class Handler(BaseHTTPRequestHandler):
    server: Server

    def do_GET(self) -> None:
        url = urlsplit(self.path)
        query = parse_qs(url.query)
        self.server.asked.append((url.path, query, self.headers["Accept"]))
        answer: dict[str, Any]
        if "watch" in query and "as=PartialObjectMetadataList" in self.headers["Accept"]:
            # As the API server does it.
            self.send_response(200)
            self.end_headers()
            return
        if "watch" in query:
            answer = {"type": "ADDED", "object": POD}
        elif "continue" in query:
            answer = {"metadata": {"resourceVersion": "9"}, "items": [POD]}
        else:
            answer = {"metadata": {"resourceVersion": "9", "continue": "more"}, "items": [POD, POD]}
        body = json.dumps(answer).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        pass


@pytest.fixture
def server() -> Iterator[Server]:
    server = Server(("127.0.0.1", 0), Handler)
    server.asked = []
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join(10)


@pytest.fixture
def client(server: Server) -> LeanClient:
    connection = connect({"host": f"http://127.0.0.1:{server.server_address[1]}", "api_key": "token"})
    return LeanClient(connection, field_manager="test")


def test_a_list_is_all_pages_with_names_only(client: LeanClient, server: Server) -> None:
    listing = client.list("v1", "Pod", "ns", "hivemq-cluster")
    assert listing.items == [LEAN_POD] * 3
    assert listing.resource_version == "9"
    assert [query.get("continue") for _path, query, _accept in server.asked] == [None, ["more"]]
    for path, query, accept in server.asked:
        assert path == "/api/v1/namespaces/ns/pods"
        assert query["labelSelector"] == ["hivemq-cluster"]
        assert accept.startswith("application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1,")
    assert client.calls == 2


def test_a_watch_asks_for_metadata_too(client: LeanClient, server: Server) -> None:
    events = list(client.watch("v1", "Pod", resource_version="9", timeout=10, read_timeout=5))
    assert [event.type for event in events] == ["ADDED"]
    assert "as=PartialObjectMetadata;" in server.asked[0][2]


def test_an_object_without_our_label_has_none() -> None:
    assert lean({"metadata": {"name": "a", "generation": 3, "labels": {"x": "y"}}}) == {
        "metadata": {"name": "a", "generation": 3}
    }
    assert lean({}) == {"metadata": {}}
