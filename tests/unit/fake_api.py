# Copyright: (c) 2026, the beekeeper.hivemq authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A fake API server for unit tests: real HTTP on loopback, objects in memory.

It knows enough of Kubernetes to tell right from wrong use: server-side apply with (naive) managed fields, dry run,
namespaces that must exist, kinds that must be installed, discovery, watches, deletion with finalizers, and answers and
connection resets on demand. It doesn't validate, default or admit. Every request is kept in ``requests``.
"""

from __future__ import annotations

import copy
import json
import re
import socket
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from ansible_collections.beekeeper.hivemq.plugins.module_utils._kube import paths

from .fake_fields import at, cut, cut_fields, fields_of, lay, leaves

Key = tuple[str, str, str, str]  # group version, plural, namespace, name


@dataclass
class Seen:
    """One request."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: Any = None


@dataclass
class Trouble:
    """An answer on demand: a status with a body, or (status 0) a connection reset, or (status -1) silence."""

    method: str
    path: re.Pattern[str]
    status: int
    body: Any
    times: int
    headers: dict[str, str] = field(default_factory=dict)


class FakeApi:
    """``url`` to talk to it; ``objects`` to look inside."""

    def __init__(self) -> None:
        self.objects: dict[Key, dict[str, Any]] = {}
        self.kinds: dict[tuple[str, str], tuple[str, bool]] = {}  # (group version, plural) -> kind, namespaced
        self.requests: list[Seen] = []
        self.troubles: list[Trouble] = []
        self.warnings: list[str] = []
        self.logs: dict[str, str] = {}
        self.serve_crds = True
        self.on_change: Callable[[FakeApi], None] | None = None
        self.changed = threading.Condition(threading.RLock())
        self.version = 1
        self.closing = threading.Event()
        self.history: list[tuple[int, str, Key, dict[str, Any]]] = []
        for namespaced, table in ((True, paths._NAMESPACED), (False, paths._CLUSTER_WIDE)):
            for group, kinds in table.items():
                if group in ("hivemq.com", "monitoring.coreos.com"):
                    continue  # installed by CRDs only
                for kind, plural in kinds.items():
                    for version in ("v1", "v2") if group == "autoscaling" else ("v1",):
                        self.kinds[(f"{group}/{version}" if group else version, plural)] = (kind, namespaced)
        self.put({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "default"}})
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        self.thread = threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        self.thread.start()

    # -- for tests -------------------------------------------------------------------------------------------------

    def close(self) -> None:
        self.closing.set()
        with self.changed:
            self.changed.notify_all()
        self.server.shutdown()
        self.server.server_close()

    def fail(self, method: str, path: str, status: int, body: Any = None, times: int = 1, **headers: str) -> None:
        """Answer the next ``times`` requests whose path matches with a status. 0: reset, -1: silence."""
        shown = {name.replace("_", "-"): value for name, value in headers.items()}
        self.troubles.append(Trouble(method, re.compile(path), status, body, times, shown))

    def put(self, obj: dict[str, Any]) -> dict[str, Any]:
        """Store an object as it is, as a controller would write it."""
        with self.changed:
            obj = copy.deepcopy(obj)
            key = self.key_of(obj)
            return self._store(key, obj)

    def find(self, kind: str, name: str, namespace: str = "") -> dict[str, Any] | None:
        for (_version, _plural, where, called), obj in self.objects.items():
            if obj["kind"] == kind and called == name and where == namespace:
                return obj
        return None

    def remove(self, kind: str, name: str, namespace: str = "") -> None:
        with self.changed:
            for key, obj in list(self.objects.items()):
                if obj["kind"] == kind and key[2:] == (namespace, name):
                    self._drop(key)

    def calls(self, method: str | None = None) -> list[str]:
        """``METHOD path?dryRun`` of the requests, watches left out."""
        return [
            f"{seen.method} {seen.path}{'?dryRun' if 'dryRun' in seen.query else ''}"
            for seen in self.requests
            if (method is None or seen.method == method) and "watch" not in seen.query
        ]

    def key_of(self, obj: dict[str, Any]) -> Key:
        for (version, plural), (kind, namespaced) in self.kinds.items():
            if version == obj["apiVersion"] and kind == obj["kind"]:
                where = obj["metadata"].get("namespace", "") if namespaced else ""
                return (version, plural, where, obj["metadata"]["name"])
        raise KeyError(obj["kind"])

    # -- storage ---------------------------------------------------------------------------------------------------

    def _store(self, key: Key, obj: dict[str, Any]) -> dict[str, Any]:
        before = self.objects.get(key)
        self.version += 1
        metadata = obj["metadata"]
        metadata.setdefault("uid", f"uid-{self.version}")
        metadata["resourceVersion"] = str(self.version)
        if before is None:
            metadata.setdefault("generation", 1)
        elif before.get("spec") != obj.get("spec"):
            metadata["generation"] = before["metadata"].get("generation", 1) + 1
        self.objects[key] = obj
        self._tell("ADDED" if before is None else "MODIFIED", key, obj)
        if obj["kind"] == "CustomResourceDefinition":
            self._install(obj)
        return obj

    def _drop(self, key: Key) -> None:
        obj = self.objects.pop(key)
        self.version += 1
        if obj["kind"] == "CustomResourceDefinition":
            for resource in paths.from_crd(obj):
                self.kinds.pop((resource.api_version, resource.plural), None)
        self._tell("DELETED", key, obj)

    def _install(self, crd: dict[str, Any]) -> None:
        crd["status"] = {"conditions": [{"type": "Established", "status": "True"}]}
        if self.serve_crds:
            self.serve(crd)

    def serve(self, crd: dict[str, Any]) -> None:
        """Let the kinds of a CRD be served."""
        for resource in paths.from_crd(crd):
            self.kinds[(resource.api_version, resource.plural)] = (resource.kind, resource.namespaced)

    def _tell(self, kind: str, key: Key, obj: dict[str, Any]) -> None:
        self.history.append((self.version, kind, key, copy.deepcopy(obj)))
        self.changed.notify_all()

    def apply(self, key: Key, body: dict[str, Any], manager: str, *, force: bool, dry: bool, subresource: str) -> Any:
        """Server-side apply, naively. Returns the object, or a (status, body) pair."""
        live = self.objects.get(key)
        result = (
            copy.deepcopy(live) if live else {"apiVersion": body["apiVersion"], "kind": body["kind"], "metadata": {}}
        )
        metadata = result["metadata"]
        entries = metadata.get("managedFields") or []
        mine = next((e for e in entries if e["manager"] == manager and e.get("subresource", "") == subresource), None)
        wanted = {k: v for k, v in body.items() if k not in ("apiVersion", "kind", "metadata")}
        if subresource != "status":
            wanted.pop("status", None)
        labels = {k: v for k, v in body["metadata"].items() if k not in ("name", "namespace")}
        if labels:
            wanted["metadata"] = labels
        fields = fields_of(wanted)
        conflicts = [
            (path, entry["manager"])
            for entry in entries
            if entry is not mine
            for path in leaves(fields)
            if path in leaves(entry["fieldsV1"]) and at(wanted, path) != at(result, path)
        ]
        if conflicts and not force:
            causes = [
                {"reason": "FieldManagerConflict", "message": f'conflict with "{who}"', "field": "." + ".".join(path)}
                for path, who in conflicts
            ]
            return 409, status(409, "Conflict", "Apply failed", details={"causes": causes})
        for path in set(leaves(mine["fieldsV1"])) - set(leaves(fields)) if mine else ():
            cut(result, path)
        for path, _who in conflicts:
            for entry in entries:
                if entry is not mine:
                    cut_fields(entry["fieldsV1"], path)
        lay(result, wanted)
        metadata["name"] = key[3]
        if key[2]:
            metadata["namespace"] = key[2]
        entry = {"manager": manager, "operation": "Apply", "apiVersion": body["apiVersion"], "fieldsType": "FieldsV1"}
        entry["fieldsV1"] = fields
        if subresource:
            entry["subresource"] = subresource
        metadata["managedFields"] = [e for e in entries if e is not mine] + ([entry] if fields else [])
        if not dry and result != live:
            self._store(key, result)
            if self.on_change:
                self.on_change(self)
        return result

    def delete(self, key: Key, body: dict[str, Any], dry: bool) -> Any:
        live = self.objects[key]
        uid = (body.get("preconditions") or {}).get("uid")
        if uid and uid != live["metadata"]["uid"]:
            return 409, status(409, "Conflict", "the UID in the precondition does not match")
        if dry:
            return live
        if live["metadata"].get("finalizers"):
            live["metadata"]["deletionTimestamp"] = "2026-01-01T00:00:00Z"
            self._tell("MODIFIED", key, live)
            return live
        if live["kind"] == "Namespace":
            for other in [k for k in self.objects if k[2] == key[3]]:
                self._drop(other)
        self._drop(key)
        if self.on_change:
            self.on_change(self)
        return {"kind": "Status", "apiVersion": "v1", "status": "Success"}

    # -- HTTP ------------------------------------------------------------------------------------------------------

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        api = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def do_GET(self) -> None:
                api._serve(self)

            do_PATCH = do_POST = do_DELETE = do_GET  # noqa: N815 - the base class names them so

            def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class names it so
                """Say nothing."""

        return Handler

    def _serve(self, handler: BaseHTTPRequestHandler) -> None:
        parts = urlsplit(handler.path)
        query = {name: values[0] for name, values in parse_qs(parts.query).items()}
        length = int(handler.headers.get("Content-Length") or 0)
        raw = handler.rfile.read(length) if length else b""
        body = json.loads(raw) if raw else None
        headers = {name.lower(): value for name, value in handler.headers.items()}
        seen = Seen(handler.command, unquote(parts.path), query, headers, body)
        with self.changed:
            self.requests.append(seen)
            trouble = self._trouble(seen)
        if trouble is not None:
            self._answer_trouble(handler, trouble)
            return
        if query.get("watch") == "true":
            self._watch(handler, seen)
            return
        with self.changed:
            code, answer = self._route(seen)
            text = answer if isinstance(answer, str) else json.dumps(answer)
        self._send(handler, code, text)

    def _trouble(self, seen: Seen) -> Trouble | None:
        for trouble in self.troubles:
            if trouble.times > 0 and trouble.method in (seen.method, "*") and trouble.path.search(seen.path):
                trouble.times -= 1
                return trouble
        return None

    def _answer_trouble(self, handler: BaseHTTPRequestHandler, trouble: Trouble) -> None:
        if trouble.status == 0:  # linger of zero makes the close a reset
            handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            handler.close_connection = True
            handler.connection.close()
        elif trouble.status == -1:
            self.closing.wait()
            handler.close_connection = True
        else:
            body = trouble.body if trouble.body is not None else status(trouble.status, "", "injected")
            self._send(handler, trouble.status, body if isinstance(body, str) else json.dumps(body), trouble.headers)

    def _send(
        self, handler: BaseHTTPRequestHandler, code: int, text: str, headers: dict[str, str] | None = None
    ) -> None:
        data = text.encode()
        handler.send_response(code)
        handler.send_header("Content-Type", "application/json")
        handler.send_header("Content-Length", str(len(data)))
        for warning in self.warnings:
            handler.send_header("Warning", f'299 - "{warning}"')
        for name, value in (headers or {}).items():
            handler.send_header(name, value)
        handler.end_headers()
        handler.wfile.write(data)

    def _parse(self, path: str) -> tuple[str, str, str, str, str] | None:
        """Group version, plural, namespace, name, subresource."""
        match = re.fullmatch(r"/(?:api/(v1)|apis/([^/]+/[^/]+))(/.*)?", path)
        if not match:
            return None
        rest = [part for part in (match.group(3) or "").split("/") if part]
        namespace = ""
        if len(rest) >= 3 and rest[0] == "namespaces":
            namespace, rest = rest[1], rest[2:]
        rest += [""] * (3 - len(rest))
        return match.group(1) or match.group(2), rest[0], namespace, rest[1], rest[2]

    def _route(self, seen: Seen) -> tuple[int, Any]:
        parsed = self._parse(seen.path)
        if parsed is None:
            return 404, "404 page not found\n"
        version, plural, namespace, name, subresource = parsed
        if not plural:
            kinds = {p: k for (v, p), k in self.kinds.items() if v == version}
            if not kinds:
                return 404, "404 page not found\n"
            listed = [{"name": p, "kind": kind, "namespaced": scoped} for p, (kind, scoped) in kinds.items()]
            return 200, {"kind": "APIResourceList", "groupVersion": version, "resources": listed}
        if (version, plural) not in self.kinds:
            return 404, "404 page not found\n"
        kind, _namespaced = self.kinds[(version, plural)]
        key = (version, plural, namespace, name)
        live = self.objects.get(key)
        dry = "dryRun" in seen.query
        if seen.method == "GET" and not name:
            items = [copy.deepcopy(obj) for _key, obj in self._select(version, plural, namespace, seen.query)]
            for item in items:  # a real list has neither of them
                item.pop("kind"), item.pop("apiVersion")
            return 200, {"kind": f"{kind}List", "metadata": {"resourceVersion": str(self.version)}, "items": items}
        if seen.method == "GET" and subresource == "log":
            return 200, self.logs.get(name, "")
        if seen.method in ("PATCH", "POST"):
            if namespace and ("v1", "namespaces", "", namespace) not in self.objects:
                return 404, missing("namespaces", namespace)
            if seen.method == "POST":
                return 201, self._store((version, plural, namespace, seen.body["metadata"]["name"]), seen.body)
            if "apply" not in seen.headers["content-type"]:
                return 200, self._store(key, lay(copy.deepcopy(self.objects[key]), seen.body))
            manager, force = seen.query["fieldManager"], seen.query.get("force") == "true"
            answer = self.apply(key, seen.body, manager, force=force, dry=dry, subresource=subresource)
            return answer if isinstance(answer, tuple) else (200, answer)
        if live is None:
            return 404, missing(plural, name)
        if seen.method == "DELETE":
            answer = self.delete(key, seen.body or {}, dry)
            return answer if isinstance(answer, tuple) else (200, answer)
        return 200, live

    def _select(
        self, version: str, plural: str, namespace: str, query: dict[str, str]
    ) -> Iterator[tuple[Key, dict[str, Any]]]:
        for key, obj in list(self.objects.items()):
            if key[:2] == (version, plural) and (not namespace or key[2] == namespace) and selected(obj, query):
                yield key, obj

    def _watch(self, handler: BaseHTTPRequestHandler, seen: Seen) -> None:
        parsed = self._parse(seen.path)
        if parsed is None or parsed[:2] not in self.kinds:
            self._send(handler, 404, "404 page not found\n")
            return
        version, plural, namespace, _name, _sub = parsed
        handler.send_response(200)
        handler.send_header("Transfer-Encoding", "chunked")
        handler.end_headers()
        since = int(seen.query.get("resourceVersion") or 0)
        with self.changed:
            if not since:
                since = self.version
                for _key, obj in self._select(version, plural, namespace, seen.query):
                    self._event(handler, "ADDED", obj)
        timeout = float(seen.query.get("timeoutSeconds") or 60)
        handler.close_connection = timeout > 1
        while not self.closing.is_set():
            with self.changed:
                for number, kind, key, obj in self.history:
                    if number > since and key[:2] == (version, plural) and (not namespace or key[2] == namespace):
                        if not selected(obj, seen.query):
                            continue
                        if not self._event(handler, kind, obj):
                            return
                since = self.version
                if timeout <= 1:  # the shortest a client can ask for: what is there, and the end
                    handler.wfile.write(b"0\r\n\r\n")
                    return
                self.changed.wait(0.5)

    def _event(self, handler: BaseHTTPRequestHandler, kind: str, obj: dict[str, Any]) -> bool:
        try:
            line = json.dumps({"type": kind, "object": obj}).encode() + b"\n"
            handler.wfile.write(b"%x\r\n%s\r\n" % (len(line), line))
            handler.wfile.flush()
        except OSError:
            return False
        return True


@contextmanager
def fake_api() -> Iterator[FakeApi]:
    """A fake API server that is gone afterwards."""
    api = FakeApi()
    try:
        yield api
    finally:
        api.close()


def status(code: int, reason: str, message: str, details: dict[str, Any] | None = None) -> dict[str, Any]:
    """A ``Status`` as a real API server sends it."""
    shown = {"kind": "Status", "apiVersion": "v1", "status": "Failure", "code": code, "message": message}
    return {**shown, "reason": reason, "details": details or {}}


def missing(plural: str, name: str) -> dict[str, Any]:
    """The 404 of an object that isn't there."""
    return status(404, "NotFound", f'{plural} "{name}" not found', {"name": name, "kind": plural})


def selected(obj: dict[str, Any], query: dict[str, str]) -> bool:
    """Whether label and field selectors select the object. Equality only."""
    labels = obj["metadata"].get("labels") or {}
    for term in filter(None, query.get("labelSelector", "").split(",")):
        name, _equals, value = term.partition("=")
        if labels.get(name) != value:
            return False
    for term in filter(None, query.get("fieldSelector", "").split(",")):
        path, _equals, value = term.partition("=")
        found: Any = obj
        for part in path.split("."):
            found = (found or {}).get(part)
        if found != value:
            return False
    return True
