# Copyright: (c) 2026, the beekeeper.hivemq authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Managed fields as the fake API server keeps them: naive, but of the real shape."""

from __future__ import annotations

import copy
import json
from typing import Any

# Lists that a real API server merges by key; all others are owned as a whole here.
_KEYED = {"containers": ("name",), "env": ("name",), "ports": ("port", "protocol"), "conditions": ("type",)}


def fields_of(value: Any, name: str = "") -> dict[str, Any]:
    """``fieldsV1`` of a value: maps field by field, known lists by key, all else as a whole."""
    if isinstance(value, dict):
        return {f"f:{key}": fields_of(item, key) for key, item in value.items()}
    keys = _KEYED.get(name)
    if isinstance(value, list) and keys and all(isinstance(i, dict) and keys[0] in i for i in value):
        found = {}
        for item in value:
            identity = {key: item.get(key, "TCP") for key in keys}
            found["k:" + json.dumps(identity, separators=(",", ":"))] = {".": {}, **fields_of(item)}
        return found
    return {}


def leaves(fields: dict[str, Any], at_path: tuple[str, ...] = ()) -> list[tuple[str, ...]]:
    """The paths of the leaves, a list that is merged by key counted as one."""
    found: list[tuple[str, ...]] = []
    for key, below in fields.items():
        path = (*at_path, key[2:])
        whole = not below or any(name.startswith("k:") for name in below)
        found += [path] if whole else leaves(below, path)
    return found


def at(obj: Any, path: tuple[str, ...]) -> Any:
    for part in path:
        obj = obj.get(part) if isinstance(obj, dict) else None
    return obj


def cut(obj: dict[str, Any], path: tuple[str, ...]) -> None:
    parent = at(obj, path[:-1])
    if isinstance(parent, dict):
        parent.pop(path[-1], None)
        if not parent and len(path) > 1:
            cut(obj, path[:-1])


def cut_fields(fields: dict[str, Any], path: tuple[str, ...]) -> None:
    cut(fields, tuple(f"f:{part}" for part in path))


def lay(obj: dict[str, Any], over: dict[str, Any]) -> dict[str, Any]:
    """Lay one map over another; null removes."""
    for key, value in over.items():
        if value is None:
            obj.pop(key, None)
        elif isinstance(value, dict) and isinstance(obj.get(key), dict):
            lay(obj[key], value)
        else:
            obj[key] = copy.deepcopy(value)
    return obj
