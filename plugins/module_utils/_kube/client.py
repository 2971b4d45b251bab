# Copyright: (c) 2026, the beekeeper.hivemq authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# ruff: noqa: PLR0917 - arguments come in the order of the API: version, kind, name, namespace
"""A small client of the Kubernetes API: plain dictionaries in and out, typed errors, every request counted.

It sends through the connection pool of the ``kubernetes`` package's client, and needs neither its models nor discovery
for the kinds in ``paths``. This module util is private to the collection and must not import Ansible.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from . import errors, libs, paths
from .auth import Connection
from .errors import KubeError, Request, Unreachable

CONNECT_TIMEOUT = 4.0  # seconds; with one retry an unreachable address is reported in under 10
_APPLY = "application/apply-patch+yaml"
_MERGE = "application/merge-patch+json"
_BUSY_TRIES = 4
_BUSY_WAIT_MAX = 5.0


@dataclass(frozen=True)
class ListResult:
    """The objects of a list and the resourceVersion to watch from."""

    items: list[dict[str, Any]]
    resource_version: str


@dataclass(frozen=True)
class Event:
    """One event of a watch: ``type`` is ADDED, MODIFIED, DELETED or BOOKMARK."""

    type: str
    object: dict[str, Any]


class KubeClient:
    """Talks to one API server. Safe to use from several threads at once.

    ``timeout``: seconds to wait for an answer. ``on_warning`` gets each distinct ``Warning`` of the API server once.
    """

    page_size = 500

    def __init__(
        self,
        connection: Connection,
        *,
        field_manager: str,
        timeout: float = 30.0,
        on_warning: Callable[[str], None] | None = None,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.identity = connection.identity
        self.field_manager = field_manager
        self.timeout = timeout
        self.calls = 0
        self.warnings: list[str] = []
        self.on_warning = on_warning
        self._api = connection.api_client
        self._extra_headers = connection.headers
        self._sleep = sleep
        self._lock = threading.Lock()
        self._resources: dict[tuple[str, str], paths.Resource] = {}

    # -- kinds -----------------------------------------------------------------------------------------------------

    def resource(self, api_version: str, kind: str) -> paths.Resource:
        """The resource of a kind: from the table, from a CRD that was learnt, or by one (cached) discovery request.

        Raises ``NotFound`` with ``missing == "kind"`` when the API server doesn't serve it.
        """
        found = paths.known(api_version, kind) or self._resources.get((api_version, kind))
        if found:
            return found
        for item in self._discover(api_version, kind):
            if "/" not in str(item.get("name")):
                resource = paths.Resource(api_version, item["kind"], item["name"], bool(item.get("namespaced")))
                self._resources[(api_version, item["kind"])] = resource
        if (api_version, kind) not in self._resources:
            raise errors.kind_not_installed(Request("get", api_version, kind))
        return self._resources[(api_version, kind)]

    def learn(self, crd: Mapping[str, Any]) -> None:
        """Remember the kinds a CustomResourceDefinition defines, so that they need no discovery."""
        for resource in paths.from_crd(crd):
            self._resources[(resource.api_version, resource.kind)] = resource

    def serves(self, api_version: str, kind: str) -> bool:
        """Ask the API server itself (nothing cached) whether it serves a kind: established is not yet served."""
        try:
            return any(item.get("kind") == kind for item in self._discover(api_version, kind))
        except errors.NotFound:
            return False

    def _discover(self, api_version: str, kind: str) -> list[dict[str, Any]]:
        answer = self._json("GET", paths.version_path(api_version), Request("get", api_version, kind))
        return list(answer.get("resources") or [])

    # -- objects ---------------------------------------------------------------------------------------------------

    def get(self, api_version: str, kind: str, name: str, namespace: str | None = None) -> dict[str, Any] | None:
        """The object, or None when there is none (or its kind isn't served)."""
        try:
            url, request = self._target("get", api_version, kind, name, namespace)
            return self._json("GET", url, request)
        except errors.NotFound:
            return None

    def list(
        self,
        api_version: str,
        kind: str,
        namespace: str | None = None,
        label_selector: str | None = None,
        field_selector: str | None = None,
    ) -> ListResult:
        """All objects of a kind, page by page, in all namespaces when none is given; with apiVersion and kind."""
        url, request = self._target("list", api_version, kind, None, namespace)
        query: dict[str, Any] = {"limit": self.page_size}
        query.update(_selectors(label_selector, field_selector))
        items: list[dict[str, Any]] = []
        while True:
            page = self._json("GET", url, request, query)
            items += [self.kept(item, request) for item in page.get("items") or []]
            metadata = page.get("metadata") or {}
            if not metadata.get("continue"):
                return ListResult(items, str(metadata.get("resourceVersion") or ""))
            query["continue"] = metadata["continue"]

    def apply(
        self, obj: Mapping[str, Any], *, dry_run: bool = False, force: bool = True, subresource: str | None = None
    ) -> dict[str, Any]:
        """Server-side apply by our field manager; returns the object as the API server has it afterwards.

        ``dry_run``: the API server computes and admits all, and stores nothing. ``force``: take over conflicting fields
        (else ``Conflict``). ``subresource``: ``"status"`` applies the status only.
        """
        url, request = self._target_of("patch", obj, subresource)
        query = {"fieldManager": self.field_manager, "force": "true" if force else "false"}
        return self._json("PATCH", url, request, query, obj, _APPLY, dry_run=dry_run)

    def patch_status(self, obj: Mapping[str, Any], *, dry_run: bool = False, force: bool = True) -> dict[str, Any]:
        """Server-side apply of ``status``; ``obj`` holds apiVersion, kind, metadata.name/namespace and status only."""
        return self.apply(obj, dry_run=dry_run, force=force, subresource="status")

    def merge_patch(
        self,
        api_version: str,
        kind: str,
        name: str,
        namespace: str | None,
        body: Mapping[str, Any],
        *,
        subresource: str | None = None,
        dry_run: bool = False,
    ) -> dict[str, Any]:
        """JSON merge patch (null removes); returns the object afterwards."""
        url, request = self._target("patch", api_version, kind, name, namespace, subresource)
        return self._json("PATCH", url, request, {"fieldManager": self.field_manager}, body, _MERGE, dry_run=dry_run)

    def create(self, obj: Mapping[str, Any], *, dry_run: bool = False) -> dict[str, Any]:
        """Create an object (``metadata.generateName`` works too). ``Conflict`` when it exists already."""
        metadata = obj.get("metadata") or {}
        url, request = self._target(
            "create", str(obj.get("apiVersion")), str(obj.get("kind")), None, metadata.get("namespace")
        )
        query = {"fieldManager": self.field_manager}
        return self._json("POST", url, request, query, obj, "application/json", dry_run=dry_run)

    def delete(
        self,
        api_version: str,
        kind: str,
        name: str,
        namespace: str | None = None,
        *,
        propagation: str = "Background",
        dry_run: bool = False,
        preconditions: Mapping[str, str] | None = None,
    ) -> bool:
        """Delete an object; False when there was none. ``preconditions``: uid, resourceVersion it must still have."""
        body: dict[str, Any] = {"apiVersion": "v1", "kind": "DeleteOptions", "propagationPolicy": propagation}
        if preconditions:
            body["preconditions"] = dict(preconditions)
        try:
            url, request = self._target("delete", api_version, kind, name, namespace)
            self._json("DELETE", url, request, None, body, "application/json", dry_run=dry_run)
        except errors.NotFound:
            return False
        return True

    def logs(
        self,
        name: str,
        namespace: str,
        container: str | None = None,
        tail_lines: int | None = None,
        previous: bool = False,
    ) -> str:
        """The last ``tail_lines`` lines a container wrote; ``previous``: of its last incarnation."""
        url, request = self._target("get", "v1", "Pod", name, namespace, "log")
        query: dict[str, Any] = {"previous": "true"} if previous else {}
        if container:
            query["container"] = container
        if tail_lines is not None:
            query["tailLines"] = tail_lines
        return self._send("GET", url, request, query).decode("utf-8", "replace")

    def raw_get(self, path: str) -> dict[str, Any]:
        """GET any path that answers with JSON, such as ``/version``."""
        return self._json("GET", path, Request("get", "", path))

    # -- watching --------------------------------------------------------------------------------------------------

    def watch(
        self,
        api_version: str,
        kind: str,
        namespace: str | None = None,
        label_selector: str | None = None,
        field_selector: str | None = None,
        resource_version: str | None = None,
        timeout: float = 300.0,
        read_timeout: float | None = None,
    ) -> Iterator[Event]:
        """Changes as they happen, with bookmarks, until the API server ends the watch after ``timeout`` seconds.

        Without ``resource_version`` it starts with an ADDED event per existing object. ``WatchExpired``: list again.
        ``read_timeout``: seconds of silence after which the connection counts as dead (``Unreachable``); by default a
        little longer than ``timeout``, so that a connection lost without a word can't hang the caller for ever.
        """
        url, request = self._target("watch", api_version, kind, None, namespace)
        query: dict[str, Any] = {
            "watch": "true",
            "allowWatchBookmarks": "true",
            "timeoutSeconds": max(1, int(timeout)),
            **_selectors(label_selector, field_selector),
        }
        if resource_version:
            query["resourceVersion"] = resource_version
        silence = read_timeout if read_timeout is not None else timeout + 15.0
        response = self._open("GET", url, request, query, None, None, read_timeout=silence, stream=True)
        try:
            for line in _lines(response):
                event = json.loads(line)
                body = event.get("object") or {}
                if event.get("type") == "ERROR":
                    raise errors.from_response(int(body.get("code") or 500), body, request)
                yield Event(str(event.get("type")), body)
        except libs.urllib3.exceptions.HTTPError as error:
            raise self._unreachable(error, request) from error
        except ValueError as error:
            raise Unreachable(
                f"The watch of {request.subject()} broke in the middle of an event", next_step="Watch again."
            ) from error
        finally:
            response.close()
            response.release_conn()

    def close(self) -> None:
        """Close idle connections."""
        self._api.rest_client.pool_manager.clear()

    # -- sending ---------------------------------------------------------------------------------------------------

    def _target(
        self,
        verb: str,
        api_version: str,
        kind: str,
        name: str | None,
        namespace: str | None,
        subresource: str | None = None,
    ) -> tuple[str, Request]:
        resource = self.resource(api_version, kind)
        if resource.namespaced and not namespace and (name or verb == "create"):
            raise ValueError(f"{kind} {name or ''} needs a namespace")
        if not resource.namespaced:
            namespace = None
        request = Request(verb, api_version, kind, resource.plural, namespace, name)
        return paths.path(resource, namespace, name, subresource), request

    def _target_of(self, verb: str, obj: Mapping[str, Any], subresource: str | None) -> tuple[str, Request]:
        metadata = obj.get("metadata") or {}
        return self._target(
            verb,
            str(obj.get("apiVersion")),
            str(obj.get("kind")),
            str(metadata.get("name")),
            metadata.get("namespace"),
            subresource,
        )

    def _json(
        self,
        method: str,
        url: str,
        request: Request,
        query: Mapping[str, Any] | None = None,
        body: Mapping[str, Any] | None = None,
        content_type: str | None = None,
        *,
        dry_run: bool = False,
    ) -> dict[str, Any]:
        asked = {**(query or {}), **({"dryRun": "All"} if dry_run else {})}
        answer = self._send(method, url, request, asked, body, content_type)
        try:
            parsed = json.loads(answer)
        except ValueError:
            parsed = None
        if not isinstance(parsed, dict):
            raise KubeError(
                f"{self.identity.host} answered {request.verb} {request.subject()} with something that isn't JSON",
                next_step="Check that the host option or the kubeconfig's server is a Kubernetes API server.",
            )
        return parsed

    def _send(
        self,
        method: str,
        url: str,
        request: Request,
        query: Mapping[str, Any] | None = None,
        body: Mapping[str, Any] | None = None,
        content_type: str | None = None,
    ) -> bytes:
        return bytes(self._open(method, url, request, query, body, content_type, read_timeout=self.timeout).data)

    def _open(
        self,
        method: str,
        url: str,
        request: Request,
        query: Mapping[str, Any] | None,
        body: Mapping[str, Any] | None,
        content_type: str | None,
        *,
        read_timeout: float,
        stream: bool = False,
    ) -> Any:
        """Send, and return the response of a success. What is safe to repeat is repeated, a bounded number of times."""
        full = self._api.configuration.host.rstrip("/") + url + (f"?{urlencode(query)}" if query else "")
        encoded = None if body is None else json.dumps(body, separators=(",", ":")).encode()
        # Apply and DELETE end in the same state however often they are sent; a POST that got lost may have been done.
        repeatable = method != "POST"
        for attempt in range(1, _BUSY_TRIES + 1):
            with self._lock:
                self.calls += 1
            try:
                response = self._api.rest_client.pool_manager.request(
                    method,
                    full,
                    body=encoded,
                    headers=self._headers(request, content_type),
                    timeout=libs.urllib3.Timeout(connect=min(CONNECT_TIMEOUT, self.timeout), read=read_timeout),
                    retries=libs.urllib3.Retry(
                        total=None, connect=1, read=1 if repeatable else 0, redirect=0, status=0, other=0,
                        backoff_factor=0.2, allowed_methods=None,
                    ),
                    preload_content=not stream,
                )  # fmt: skip
            except libs.urllib3.exceptions.HTTPError as error:
                raise self._unreachable(error, request) from error
            self._take_warnings(response)
            if 200 <= response.status < 300:
                return response
            answer = bytes(response.data)
            response.release_conn()
            # 429 is said before anything is done; after a 5xx only a read is safe to repeat.
            busy = response.status == 429 or (response.status in (502, 503, 504) and method == "GET")
            if not busy or attempt == _BUSY_TRIES:
                raise errors.from_response(response.status, answer, request)
            self._sleep(_retry_after(response, attempt))
        raise AssertionError("not reached: the last attempt returns or raises")

    def accept(self, request: Request) -> str:  # noqa: ARG002 - subclasses tell calls apart by it
        """The form in which an answer is wanted. For subclasses that want less than whole objects."""
        return "application/json, */*"

    def kept(self, item: dict[str, Any], request: Request) -> dict[str, Any]:
        """What a list keeps of an item, page by page. The API server leaves out what the list itself says."""
        item.setdefault("apiVersion", request.api_version)
        item.setdefault("kind", request.kind)
        return item

    def _headers(self, request: Request, content_type: str | None) -> Any:
        headers = libs.urllib3._collections.HTTPHeaderDict()
        headers["Accept"] = self.accept(request)
        headers["User-Agent"] = self.field_manager
        if content_type:
            headers["Content-Type"] = content_type
        for setting in self._api.configuration.auth_settings().values():  # also refreshes a token that ran out
            if setting.get("in") == "header" and setting.get("value"):
                headers[setting["key"]] = setting["value"]
        for name, value in self._extra_headers:
            headers.add(name, value)
        return headers

    def _take_warnings(self, response: Any) -> None:
        for header in response.headers.getlist("Warning"):
            text = header.split('"', 1)[-1].rsplit('"', 1)[0].replace('\\"', '"').replace("\\\\", "\\").strip()
            with self._lock:
                new = bool(text) and text not in self.warnings
                if new:
                    self.warnings.append(text)
            if new and self.on_warning:
                self.on_warning(text)

    def _unreachable(self, error: Exception, request: Request) -> Unreachable:
        words = _innermost(error)
        host = self.identity.host
        if "certificate" in words.lower() or "ssl" in words.lower():
            step = (
                "Set ca_cert to the cluster's CA certificate (or correct it in the kubeconfig), "
                "and use the host name or address the server's certificate is made for."
            )
        elif "timed out" in words.lower():
            step = f"Check network, firewall, VPN and proxy: `curl -k --max-time 5 {host}/livez` must answer."
        else:
            step = f"Check that the cluster runs and the address is right: `curl -k {host}/livez` must answer ok."
        return Unreachable(
            f"The API server {host} can't be reached to {request.verb} {request.subject()}: {words}",
            next_step=step,
            reason=type(error).__name__,
            request=request,
        )


def _selectors(label_selector: str | None, field_selector: str | None) -> dict[str, str]:
    selectors = {"labelSelector": label_selector, "fieldSelector": field_selector}
    return {key: value for key, value in selectors.items() if value}


def _retry_after(response: Any, attempt: int) -> float:
    try:
        asked = float(response.headers.get("Retry-After") or 0)
    except ValueError:
        asked = 0.0
    return min(max(asked, 0.25 * float(2**attempt)), _BUSY_WAIT_MAX)


def _lines(response: Any) -> Iterator[bytes]:
    """Lines of a streamed body as they arrive."""
    rest = b""
    for chunk in _chunks(response):
        rest += chunk
        *whole, rest = rest.split(b"\n")
        yield from (line for line in whole if line.strip())
    if rest.strip():
        yield rest


def _chunks(response: Any) -> Iterator[bytes]:
    """Pieces of a streamed body, without waiting until a piece is full."""
    if response.chunked or not hasattr(response, "read1"):
        yield from response.stream(65536, decode_content=True)
        return
    while piece := response.read1(65536):
        yield piece


def _innermost(error: BaseException) -> str:
    """The words that say what happened, without the layers of the HTTP library around them."""
    seen: BaseException = error
    while True:
        inner = getattr(seen, "reason", None)
        if not isinstance(inner, BaseException) or inner is seen:
            inner = seen.__cause__ or seen.__context__
        if not isinstance(inner, BaseException):
            break
        seen = inner
    text = " ".join(str(seen).split()) or type(seen).__name__
    if isinstance(seen, (libs.urllib3.exceptions.TimeoutError, TimeoutError)):
        return "it timed out"
    return text
