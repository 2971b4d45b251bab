# Copyright: (c) 2026, the beekeeper.hivemq authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A FAKE of `_kube.client.KubeClient`: objects in memory, server-side apply as far as the operator's tests need it.

Maps merge field by field, lists are owned as a whole, only one field manager applies. A write that changes nothing
keeps the resourceVersion, as on a real API server. What it can't show, the tests against a real one must.
"""

from __future__ import annotations

import copy
import threading
import uuid
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from ansible_collections.beekeeper.hivemq.plugins.module_utils._kube.client import Event
from ansible_collections.beekeeper.hivemq.plugins.module_utils._kube.errors import (
    Conflict,
    Invalid,
    KubeError,
    NotFound,
)

MANAGER = "beekeeper-operator"
Name = tuple[str, str, str, str]


@dataclass(frozen=True)
class Listing:
    """As `_kube.client.ListResult`."""

    items: list[dict[str, Any]]
    resource_version: str


class FakeClient:
    """`writes` lists what was sent, as (verb, kind, name). `refuse` maps (verb, kind) to the error to answer with."""

    def __init__(self) -> None:
        self.calls = 0
        self.writes: list[tuple[str, str, str]] = []
        self.refuse: dict[tuple[str, str], KubeError] = {}
        self.admit: Callable[[Mapping[str, Any]], None] = lambda _stored: None  # may raise, as admission does
        self._objects: dict[Name, dict[str, Any]] = {}
        self._version = 100
        self._lock = threading.RLock()
        self._changed = threading.Condition(self._lock)
        self._events: list[tuple[int, str, dict[str, Any]]] = []
        self._closed = False

    # -- what a test does behind the operator's back ---------------------------------------------------------------

    def put(self, obj: Mapping[str, Any], **metadata: Any) -> dict[str, Any]:
        """Stores an object as someone else made it."""
        with self._lock:
            item = copy.deepcopy(dict(obj))
            item["metadata"] = {**item["metadata"], **metadata}
            item["metadata"].setdefault("uid", str(uuid.uuid4()))
            item["metadata"]["resourceVersion"] = self._next()
            self._store(item)
            return copy.deepcopy(item)

    def remove(self, kind: str, name: str) -> None:
        """Removes an object as someone else does."""
        with self._lock:
            self._forget(next(key for key in self._objects if (key[1], key[3]) == (kind, name)))

    def find(self, kind: str, name: str) -> dict[str, Any] | None:
        """The object of that kind and name, in whatever namespace."""
        with self._lock:
            found = (copy.deepcopy(item) for key, item in self._objects.items() if (key[1], key[3]) == (kind, name))
            return next(found, None)

    def names(self, kind: str) -> set[str]:
        """The names of all objects of that kind."""
        with self._lock:
            return {key[3] for key in self._objects if key[1] == kind}

    # -- the client's interface ------------------------------------------------------------------------------------

    def get(self, api_version: str, kind: str, name: str, namespace: str | None = None) -> dict[str, Any] | None:
        with self._lock:
            self._call("get", kind)
            return copy.deepcopy(self._objects.get((api_version, kind, namespace or "", name)))

    def list(
        self,
        api_version: str,
        kind: str,
        namespace: str | None = None,
        label_selector: str | None = None,
        field_selector: str | None = None,
    ) -> Listing:
        with self._lock:
            self._call("list", kind)
            wanted = [part.partition("=") for part in (label_selector or "").split(",") if part]
            items = [
                copy.deepcopy(item)
                for key, item in sorted(self._objects.items())
                if key[:2] == (api_version, kind)
                and namespace in {None, key[2]}
                and all(
                    (item["metadata"].get("labels") or {}).get(label) == value
                    if equals
                    else label in item["metadata"]["labels"]
                    for label, equals, value in wanted
                )
            ]
            return Listing(items, str(self._version))

    def apply(
        self, obj: Mapping[str, Any], *, dry_run: bool = False, force: bool = True, subresource: str | None = None
    ) -> dict[str, Any]:
        with self._lock:
            self._call("apply", f"{obj['kind']}/{subresource}" if subresource else obj["kind"])
            self.writes.append(
                (f"apply {subresource}" if subresource else "apply", obj["kind"], obj["metadata"]["name"])
            )
            before = self._objects.get(_name(obj))
            if before is None and subresource:
                raise NotFound(f"{obj['kind']} {obj['metadata']['name']} doesn't exist", status=404)
            if (
                before is not None
                and obj["metadata"].get("uid", before["metadata"]["uid"]) != before["metadata"]["uid"]
            ):
                raise Invalid(f"{obj['kind']} {obj['metadata']['name']}: metadata.uid: field is immutable", status=422)
            if before is not None and not force:
                # Those who don't force here have seen nothing of this name, and a stranger's means something else.
                raise Conflict(f"{obj['kind']} {obj['metadata']['name']}: others have set these fields", status=409)
            after = self._applied(before, obj, subresource)
            self.admit(after)
            if before is None or _content(after) != _content(before):
                if before is not None and after.get("spec") != before.get("spec"):
                    after["metadata"]["generation"] = before["metadata"].get("generation", 1) + 1
                after["metadata"]["resourceVersion"] = self._next()
                self._store(after)
            return copy.deepcopy(after)

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
        with self._lock:
            self._call("patch", kind)
            self.writes.append(("patch", kind, name))
            item = copy.deepcopy(self._objects[api_version, kind, namespace or "", name])
            if (
                body.get("metadata", {}).get("resourceVersion", item["metadata"]["resourceVersion"])
                != item["metadata"]["resourceVersion"]
            ):
                raise Conflict(f"{kind} {name} has changed", status=409)
            _merge(item, body)
            if set(body) - {"metadata"}:
                entry = {"manager": MANAGER, "operation": "Update", "apiVersion": api_version, "fieldsV1": {}}
                item["metadata"].setdefault("managedFields", []).append(entry)
            item["metadata"]["resourceVersion"] = self._next()
            self._store(item)
            return copy.deepcopy(item)

    def create(self, obj: Mapping[str, Any], *, dry_run: bool = False) -> dict[str, Any]:
        with self._lock:
            self._call("create", obj["kind"])
            self.writes.append(("create", obj["kind"], obj["metadata"]["name"]))
            return self.put(obj)

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
        with self._lock:
            self._call("delete", kind)
            self.writes.append(("delete", kind, name))
            item = self._objects.get((api_version, kind, namespace or "", name))
            if item is None:
                return False
            for field, value in (preconditions or {}).items():
                if item["metadata"][field] != value:
                    raise Conflict(f"{kind} {name} has another {field}", status=409)
            self._forget((api_version, kind, namespace or "", name))
            return True

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
        at = int(resource_version or 0)
        while True:
            with self._changed:
                news = [event for event in self._events if event[0] > at]
                if not news:
                    if self._closed or not self._changed.wait(timeout):
                        return
                    continue
            at = news[-1][0]
            for _version, change, item in news:
                if (item["apiVersion"], item["kind"]) == (api_version, kind) and namespace in {
                    None,
                    item["metadata"]["namespace"],
                }:
                    yield Event(change, copy.deepcopy(item))

    def close(self) -> None:
        """Ends all watches."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    # -- how it works ----------------------------------------------------------------------------------------------

    def _call(self, verb: str, kind: str) -> None:
        self.calls += 1
        if error := self.refuse.get((verb, kind)):
            raise error

    def _next(self) -> str:
        self._version += 1
        return str(self._version)

    def _store(self, item: dict[str, Any]) -> None:
        change = "MODIFIED" if _name(item) in self._objects else "ADDED"
        self._objects[_name(item)] = item
        self._events.append((int(item["metadata"]["resourceVersion"]), change, copy.deepcopy(item)))
        self._changed.notify_all()

    def _forget(self, name: Name) -> None:
        item = self._objects.pop(name)
        item["metadata"]["resourceVersion"] = self._next()
        self._events.append((self._version, "DELETED", item))
        self._changed.notify_all()

    def _applied(
        self, before: dict[str, Any] | None, obj: Mapping[str, Any], subresource: str | None
    ) -> dict[str, Any]:
        meta = {k: v for k, v in obj["metadata"].items() if k not in {"uid", "name", "namespace"}}
        body = {k: copy.deepcopy(v) for k, v in obj.items() if k not in {"apiVersion", "kind", "metadata"}}
        if meta:
            body["metadata"] = copy.deepcopy(meta)
        if before is None:
            identity = {"name": obj["metadata"]["name"], "namespace": obj["metadata"].get("namespace", "")}
            after: dict[str, Any] = {"apiVersion": obj["apiVersion"], "kind": obj["kind"], "metadata": identity}
            after["metadata"] |= {"uid": str(uuid.uuid4()), "generation": 1}
        else:
            after = copy.deepcopy(before)
        entries = after["metadata"].pop("managedFields", [])
        mine = [
            e
            for e in entries
            if (e["manager"], e["operation"], e.get("subresource")) == (MANAGER, "Apply", subresource)
        ]
        if mine:
            _drop(after, mine[0]["fieldsV1"], body)
        _merge(after, body)
        entry = {"manager": MANAGER, "operation": "Apply", "apiVersion": obj["apiVersion"], "fieldsV1": _fields(body)}
        if subresource:
            entry["subresource"] = subresource
        after["metadata"]["managedFields"] = [*(e for e in entries if e not in mine), entry]
        return after


def _name(obj: Mapping[str, Any]) -> Name:
    return obj["apiVersion"], obj["kind"], obj["metadata"].get("namespace") or "", obj["metadata"]["name"]


def _content(obj: Mapping[str, Any]) -> dict[str, Any]:
    ignored = {"resourceVersion", "generation"}
    return {**obj, "metadata": {k: v for k, v in obj["metadata"].items() if k not in ignored}}


def _fields(value: Mapping[str, Any]) -> dict[str, Any]:
    return {f"f:{key}": _fields(item) if isinstance(item, Mapping) and item else {} for key, item in value.items()}


def _merge(target: dict[str, Any], source: Mapping[str, Any]) -> None:
    for key, value in source.items():
        if isinstance(value, Mapping) and isinstance(target.get(key), dict):
            _merge(target[key], value)
        else:
            target[key] = copy.deepcopy(value)


def _drop(target: dict[str, Any], owned: Mapping[str, Any], body: Mapping[str, Any]) -> None:
    """Takes away what was applied before and isn't any more."""
    for field, below in owned.items():
        key = field.removeprefix("f:")
        if key not in body:
            target.pop(key, None)
        elif below and isinstance(target.get(key), dict) and isinstance(body[key], Mapping):
            _drop(target[key], below, body[key])
