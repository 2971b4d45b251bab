# Copyright: (c) 2026, the beekeeper.hivemq authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Would a server-side apply change anything? Answered from ``metadata.managedFields``, without asking the API server.

An API server records, for each field manager, the set of fields it applied. If our set is exactly the fields of the
desired object, and the live object has the desired values there, then applying it again changes nothing: another
manager that had changed one of these values would have taken the field out of our set. When in doubt the answer is no,
and the caller applies.

Format of ``fieldsV1`` (structured-merge-diff): ``f:<name>`` a field, ``k:{...}`` an item of a list with keys,
``v:<json>`` an item of a set, ``.`` the thing itself. An empty entry is a leaf: a scalar, or a list or map that is
owned as a whole.

This module util is private to the collection and must not import Ansible.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from decimal import Decimal, InvalidOperation
from typing import Any

from .paths import is_builtin

# The API server records none of these: they identify the object, or are its own.
_UNRECORDED = frozenset({"apiVersion", "kind"})
_UNRECORDED_METADATA = frozenset({"name", "namespace", "creationTimestamp", "selfLink", "uid", "generation"})

# Defaults the API server writes into lists and maps that are owned as a whole: (field they're in, key) -> value. With
# one of these the live value has more keys than we applied, and is yet the same. Only for Kubernetes' own API groups.
_DEFAULTS: dict[tuple[str, str], Any] = {
    ("fieldRef", "apiVersion"): "v1",
    ("resourceFieldRef", "divisor"): "0",
    ("rules", "scope"): "*",
    ("serviceAccountToken", "expirationSeconds"): 3600,
    ("volumeClaimTemplates", "apiVersion"): "v1",
    ("volumeClaimTemplates", "kind"): "PersistentVolumeClaim",
    ("volumeClaimTemplates", "status"): {"phase": "Pending"},
    ("spec", "volumeMode"): "Filesystem",
    ("ports", "protocol"): "TCP",
}
# Fields whose values are quantities (``0.5`` is stored as ``500m``), in Kubernetes' own API groups.
_QUANTITY_PARENTS = frozenset({"limits", "requests", "capacity", "hard", "allocatable", "overhead"})
_QUANTITY_FIELDS = frozenset({"sizeLimit", "divisor"})
_SUFFIXES = {
    "": Decimal(1), "n": Decimal("1e-9"), "u": Decimal("1e-6"), "m": Decimal("1e-3"), "k": Decimal("1e3"),
    "M": Decimal("1e6"), "G": Decimal("1e9"), "T": Decimal("1e12"), "P": Decimal("1e15"), "E": Decimal("1e18"),
    "Ki": Decimal(2**10), "Mi": Decimal(2**20), "Gi": Decimal(2**30), "Ti": Decimal(2**40), "Pi": Decimal(2**50),
    "Ei": Decimal(2**60),
}  # fmt: skip


def is_applied(live: Mapping[str, Any], desired: Mapping[str, Any], manager: str) -> bool:
    """True only if a server-side apply of ``desired`` by ``manager`` would change nothing in ``live``.

    ``desired`` must be normalised (see ``manifests.normalise``): no nulls, no status, Secret values in ``data``.
    """
    entries = [
        entry
        for entry in (live.get("metadata") or {}).get("managedFields") or []
        if entry.get("manager") == manager and entry.get("operation") == "Apply" and not entry.get("subresource")
    ]
    if live.get("apiVersion") != desired.get("apiVersion") or (live.get("metadata") or {}).get("deletionTimestamp"):
        return False
    wanted = {key: value for key, value in desired.items() if key not in _UNRECORDED}
    metadata = {k: v for k, v in (desired.get("metadata") or {}).items() if k not in _UNRECORDED_METADATA}
    wanted.pop("metadata", None)
    if metadata:
        wanted["metadata"] = metadata
    if not wanted and not entries:
        return True  # a bare object: the API server records no manager who applied no field
    if len(entries) != 1 or entries[0].get("apiVersion") != desired.get("apiVersion"):
        return False
    compare = _Comparison(is_builtin(str(desired.get("apiVersion"))))
    return compare.fields(entries[0].get("fieldsV1") or {}, wanted, live, "")


class _Comparison:
    def __init__(self, builtin: bool) -> None:
        self.builtin = builtin

    def node(self, owned: Mapping[str, Any], desired: Any, live: Any, field: str, parent: str) -> bool:
        """Whether ``owned`` covers ``desired`` exactly, and ``live`` has its values."""
        children = {key: value for key, value in owned.items() if key != "."}
        if not children:
            return self.leaf(desired, live, field, parent)
        if isinstance(desired, Mapping):
            return isinstance(live, Mapping) and self.fields(children, desired, live, field)
        if isinstance(desired, Sequence) and not isinstance(desired, str):
            return isinstance(live, list) and self.items(children, desired, live, field)
        return False

    def fields(
        self, owned: Mapping[str, Any], desired: Mapping[str, Any], live: Mapping[str, Any], parent: str
    ) -> bool:
        """The fields of a map or structure."""
        names = {key[2:] for key in owned if key.startswith("f:")}
        if len(names) != len([key for key in owned if key != "."]) or names != set(desired):
            return False
        return all(
            name in live and self.node(owned[f"f:{name}"], desired[name], live[name], name, parent) for name in names
        )

    def items(self, owned: Mapping[str, Any], desired: Sequence[Any], live: list[Any], field: str) -> bool:
        """The items of a list that is merged by key (``k:``) or of a set (``v:``). Our order must be the live order."""
        positions: dict[int, int] = {}
        for element, children in owned.items():
            kind, _colon, text = element.partition(":")
            try:
                identity = json.loads(text)
            except ValueError:
                return False
            if kind == "v":
                ours = [i for i, item in enumerate(desired) if _same(item, identity)]
                theirs = [i for i, item in enumerate(live) if _same(item, identity)]
            elif kind == "k" and isinstance(identity, dict):
                ours = [i for i, item in enumerate(desired) if self.has_keys(item, identity, field)]
                theirs = [i for i, item in enumerate(live) if self.has_keys(item, identity, field)]
            else:
                return False
            if len(ours) != 1 or len(theirs) != 1 or ours[0] in positions:
                return False
            if kind == "k" and not self.node(children, desired[ours[0]], live[theirs[0]], field, field):
                return False
            positions[ours[0]] = theirs[0]
        order = [positions[index] for index in sorted(positions)]
        return len(positions) == len(desired) and order == sorted(order)

    def has_keys(self, item: Any, identity: Mapping[str, Any], field: str) -> bool:
        """Whether a list item has these key values; a key it doesn't give has the API's default."""
        return isinstance(item, Mapping) and all(
            _same(item[key], value) if key in item else self.builtin and _DEFAULTS.get((field, key)) == value
            for key, value in identity.items()
        )

    def leaf(self, desired: Any, live: Any, field: str, parent: str) -> bool:
        """A scalar, or a list or map that is owned as a whole."""
        if isinstance(desired, Mapping):
            if not isinstance(live, Mapping) or not set(desired) <= set(live):
                return False
            extra = set(live) - set(desired)
            if any(not self.builtin or not _same(_DEFAULTS.get((field, key)), live[key]) for key in extra):
                return False
            return all(self.leaf(desired[key], live[key], key, field) for key in desired)
        if isinstance(desired, Sequence) and not isinstance(desired, str):
            return (
                isinstance(live, list)
                and len(live) == len(desired)
                and all(self.leaf(ours, theirs, field, parent) for ours, theirs in zip(desired, live, strict=True))
            )
        if _same(desired, live):
            return True
        if self.builtin and (parent in _QUANTITY_PARENTS or field in _QUANTITY_FIELDS):
            amount = quantity(desired)
            return amount is not None and amount == quantity(live)
        return False


def quantity(value: Any) -> Decimal | None:
    """The number a Kubernetes quantity stands for (``500m`` → 0.5), or None when it is none."""
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        return None
    text = str(value).strip()
    for length in (2, 1, 0):
        suffix = text[len(text) - length :] if length else ""
        if suffix in _SUFFIXES and len(suffix) == length:
            try:
                return Decimal(text[: len(text) - length]) * _SUFFIXES[suffix]
            except InvalidOperation:
                continue
    return None


def _same(left: Any, right: Any) -> bool:
    """Equal as JSON: 1 is not true, and 1 is not "1"."""
    if isinstance(left, Mapping) and isinstance(right, Mapping):
        return set(left) == set(right) and all(_same(left[key], right[key]) for key in left)
    if isinstance(left, list) and isinstance(right, list):
        return len(left) == len(right) and all(_same(a, b) for a, b in zip(left, right, strict=True))
    if isinstance(left, bool) or isinstance(right, bool):
        return left is right
    if isinstance(left, (int, float)) and isinstance(right, (int, float)):
        return left == right
    return type(left) is type(right) and bool(left == right)
