# Copyright: (c) 2026, the beekeeper.hivemq authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A SIMULATION of an API server in memory: objects, versions, server-side apply, deletion, admission, watch events.

It knows of Kubernetes what can go wrong between it and an operator: fields have owners, items of lists have keys, some
changes are refused, defaults are filled in, objects with finalizers linger, owners' uids matter.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from ansible_collections.beekeeper.hivemq.plugins.module_utils._kube.errors import Conflict, Invalid, NotFound
from simulated_fields import Manager, apply, clone, conflicts, updated

OPERATOR = "beekeeper-operator"
FOREGROUND, ORPHAN = "foregroundDeletion", "orphan"
# Only these kinds count their spec's changes.
_GENERATIONS = {"HiveMQCluster", "StatefulSet"}
_FIXED = {"StatefulSet": ("serviceName", "selector", "podManagementPolicy"), "Service": ("clusterIP",)}


class Name(NamedTuple):
    """An object's name in full."""

    api_version: str
    kind: str
    namespace: str
    name: str


@dataclass
class Stored:
    """An object and who set its fields."""

    item: dict[str, Any]
    managers: list[Manager] = field(default_factory=list)

    def shown(self) -> dict[str, Any]:
        """A copy as the API gives it."""
        item: dict[str, Any] = clone(self.item)
        if self.managers:
            item["metadata"]["managedFields"] = [entry.rendered() for entry in self.managers]
        return item


class Change(NamedTuple):
    """An entry of the log that watches read. `before` and `after` are None when the object wasn't or isn't there."""

    version: int
    name: Name
    before: dict[str, Any] | None
    after: dict[str, Any] | None


def name_of(item: Mapping[str, Any]) -> Name:
    """The full name of an object."""
    metadata = item["metadata"]
    return Name(item["apiVersion"], item["kind"], metadata.get("namespace", ""), metadata["name"])


def labels(item: Mapping[str, Any]) -> dict[str, str]:
    """The object's labels."""
    return item["metadata"].get("labels") or {}


def owners(item: Mapping[str, Any]) -> set[str]:
    """The uids of the object's owners."""
    return {owner["uid"] for owner in item["metadata"].get("ownerReferences") or []}


class Api:
    """`others` counts the changes that weren't the operator's; `log` is what has happened, the newest last."""

    def __init__(self) -> None:
        self.version = 1
        self.others = 0
        self.log: list[Change] = []
        self.last: dict[tuple[str, str], int] = {}  # the newest version of each kind
        self._objects: dict[Name, Stored] = {}
        self._uids = 0

    # -- reading ---------------------------------------------------------------------------------------------------

    def read(self, name: Name) -> dict[str, Any] | None:
        """A copy of the object."""
        stored = self._objects.get(name)
        return stored.shown() if stored else None

    def items(self, api_version: str, kind: str, namespace: str | None = None) -> list[dict[str, Any]]:
        """Copies of all objects of a kind."""
        found = sorted(name for name in self._objects if name[:2] == (api_version, kind))
        return [self._objects[name].shown() for name in found if namespace in {None, name.namespace}]

    def everything(self) -> Iterator[dict[str, Any]]:
        """All objects, not to be changed."""
        return (stored.item for _name, stored in sorted(self._objects.items()))

    def uids(self) -> set[str]:
        """Of all objects that exist."""
        return {stored.item["metadata"]["uid"] for stored in self._objects.values()}

    def since(self, version: int) -> list[Change]:
        """What has changed after that version."""
        return self.log[max(0, version - 1) :]  # each change is one version, the first is 2

    # -- writing ---------------------------------------------------------------------------------------------------

    def create(self, item: Mapping[str, Any], manager: str) -> dict[str, Any]:
        """Raises Conflict when it exists."""
        if name_of(item) in self._objects:
            raise Conflict(f"{name_of(item)} exists already", status=409)
        fresh: dict[str, Any] = clone(dict(item))
        stored = Stored(fresh)
        updated({"apiVersion": item["apiVersion"]}, fresh, stored.managers, manager)
        return self._store(None, stored, manager)

    def update(
        self, name: Name, change: Callable[[dict[str, Any]], None], manager: str, section: str = ""
    ) -> dict[str, Any]:
        """An update or a patch of anything but the status, or (section "status") of it. Raises NotFound, Invalid."""
        before = self._objects.get(name)
        if before is None:
            raise NotFound(f"{name} doesn't exist", status=404)
        after: Stored = clone(before)
        change(after.item)
        kept = after.item["metadata"].pop("managedFields", None)
        if kept is not None:
            known = {(entry["manager"], entry["operation"], entry.get("subresource", "")) for entry in kept}
            after.managers = [entry for entry in after.managers if entry.identity in known]
        self._admit(before.item, after.item)
        updated(before.item, after.item, after.managers, manager, section)
        return self._store(before, after, manager)

    def apply(self, body: Mapping[str, Any], *, force: bool, status: bool) -> dict[str, Any]:
        """Server-side apply by the operator."""
        name, uid = name_of(body), body["metadata"].get("uid")
        before = self._objects.get(name)
        if before is None:
            if status:
                raise NotFound(f"{name} doesn't exist", status=404)
            if uid:
                raise Conflict(f"{name} doesn't exist, and its uid was given", status=409)
            identity = {"name": name.name, "namespace": name.namespace}
            after = Stored({"apiVersion": name.api_version, "kind": name.kind, "metadata": identity})
        else:
            if uid and uid != before.item["metadata"]["uid"]:
                # As a real API server answers (seen on 1.34), and not with a conflict.
                raise Invalid(f"{name} is invalid: metadata.uid: field is immutable", status=422)
            if not force and conflicts(before.item, before.managers, body, OPERATOR):
                raise Conflict(f"{name}: others have set some of these fields", status=409)
            after = clone(before)
        apply(after.item, after.managers, body, OPERATOR)
        self._admit(before.item if before else None, after.item)
        return self._store(before, after, OPERATOR)

    def delete(
        self, name: Name, manager: str, finalizer: str = "", preconditions: Mapping[str, str] | None = None
    ) -> bool:
        """Removes it, or marks it when it has finalizers (or gets `finalizer`). False when it isn't there."""
        before = self._objects.get(name)
        if before is None:
            return False
        for key, value in (preconditions or {}).items():
            if before.item["metadata"][key] != value:
                raise Conflict(f"{name} has another {key}", status=409)
        after: Stored = clone(before)
        metadata = after.item["metadata"]
        if finalizer:
            metadata["finalizers"] = sorted({*metadata.get("finalizers", []), finalizer})
        if metadata.get("finalizers"):
            metadata.setdefault("deletionTimestamp", "2026-01-01T00:00:00Z")
            self._store(before, after, manager)
        else:
            self._forget(name, manager)
        return True

    def finalize(self, name: Name, finalizer: str) -> None:
        """Takes a finalizer off, and the object with the last one if it is being deleted."""
        before = self._objects[name]
        after: Stored = clone(before)
        metadata = after.item["metadata"]
        metadata["finalizers"] = [item for item in metadata.get("finalizers", []) if item != finalizer]
        if not metadata["finalizers"]:
            del metadata["finalizers"]
        if metadata.get("deletionTimestamp") and "finalizers" not in metadata:
            self._forget(name, "kubernetes")
        else:
            self._store(before, after, "kubernetes")

    # -- how it works ----------------------------------------------------------------------------------------------

    def _store(self, before: Stored | None, after: Stored, manager: str) -> dict[str, Any]:
        item = after.item
        metadata = item["metadata"]
        _fill_in(item)
        if before is None:
            self._uids += 1
            metadata["uid"] = f"uid-{self._uids}"
            if item["kind"] in _GENERATIONS:
                metadata["generation"] = 1
        elif before.shown() == after.shown():
            return after.shown()
        elif item["kind"] in _GENERATIONS and before.item.get("spec") != item.get("spec"):
            metadata["generation"] += 1
        self._note(name_of(item), before.item if before else None, item, manager)
        self._objects[name_of(item)] = after
        return after.shown()

    def _forget(self, name: Name, manager: str) -> None:
        gone = self._objects.pop(name)
        self._note(name, gone.item, None, manager)

    def _note(self, name: Name, before: dict[str, Any] | None, after: dict[str, Any] | None, manager: str) -> None:
        self.version += 1
        self.last[name.api_version, name.kind] = self.version
        self.others += manager != OPERATOR
        if after is not None:
            after["metadata"]["resourceVersion"] = str(self.version)
        self.log.append(Change(self.version, name, before, after))

    def _admit(self, before: Mapping[str, Any] | None, after: Mapping[str, Any]) -> None:
        references = after["metadata"].get("ownerReferences") or []
        if sum(bool(owner.get("controller")) for owner in references) > 1:
            raise Invalid("only one owner can be the controller", status=422)
        spec = after.get("spec") or {}
        if after["kind"] == "Service":
            ports = [port.get("name") for port in spec.get("ports") or []]
            if not ports or len(set(ports)) != len(ports):
                raise Invalid("spec.ports: needed, each with a name of its own", status=422)
        for key in _FIXED.get(after["kind"], ()) if before else ():
            if before and before["spec"].get(key) not in (None, "") and spec.get(key) != before["spec"].get(key):
                raise Invalid(f"spec.{key} can't be changed", status=422)


def _fill_in(item: dict[str, Any]) -> None:
    """What the API server adds by itself."""
    spec = item.get("spec") or {}
    if item["kind"] == "Service":
        spec.setdefault("type", "ClusterIP")
        spec.setdefault("clusterIP", "10.0.0.1")
        spec.setdefault("sessionAffinity", "None")
        for port in spec["ports"]:
            port.setdefault("protocol", "TCP")
            port.setdefault("targetPort", port["port"])
    elif item["kind"] == "StatefulSet":
        spec.setdefault("revisionHistoryLimit", 10)
        spec.setdefault("replicas", 1)
        spec["template"]["spec"].setdefault("dnsPolicy", "ClusterFirst")
