# Copyright: (c) 2026, the beekeeper.hivemq authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""JSON patches (RFC 6902) on plain Python values."""

from __future__ import annotations

import copy
import json
from typing import Any, NoReturn

# A Service manifest is a few kilobytes; a patch beyond this is a mistake or an attack.
MAX_BYTES = 64 * 1024
# No Kubernetes type is nested deeper; bounded so that copying a value can't exhaust the stack.
MAX_DEPTH = 40
END = "-"
_OPERATIONS = ("add", "replace", "remove", "test", "move", "copy")


class PatchError(ValueError):
    """A patch that can't be read or applied; `str()` says which operation and why."""


def _refuse_constant(text: str) -> NoReturn:
    raise ValueError(f"{text} is not JSON")


def operations(text: str) -> list[dict[str, Any]]:
    """The operations in a string: a list of them, or a single one. Raises PatchError."""
    if len(text) > MAX_BYTES:
        raise PatchError(f"is longer than {MAX_BYTES} characters")
    try:
        value = json.loads(text, parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        raise PatchError(f"is not JSON ({str(error)[:200] or 'nested too deeply'})") from error
    if _too_deep(value):
        raise PatchError(f"is nested more than {MAX_DEPTH} levels deep")
    items = value if isinstance(value, list) else [value]
    for number, item in enumerate(items):
        problem = _operation_problem(item)
        if problem:
            raise PatchError(f"operation {number}: {problem}")
    return items


def _too_deep(value: Any) -> bool:
    level = [value]
    for _depth in range(MAX_DEPTH + 1):
        level = [
            inner
            for outer in level
            if isinstance(outer, (dict, list))
            for inner in (outer.values() if isinstance(outer, dict) else outer)
        ]
        if not level:
            return False
    return True


def _operation_problem(item: Any) -> str:
    if not isinstance(item, dict):
        return "is not an object"
    if item.get("op") not in _OPERATIONS:
        return f"`op` must be one of {', '.join(_OPERATIONS)}"
    pointers = ["path", "from"] if item["op"] in ("move", "copy") else ["path"]
    for name in pointers:
        pointer = item.get(name)
        if not isinstance(pointer, str) or (pointer and not pointer.startswith("/")):
            return f"`{name}` must be a JSON pointer such as /spec/type"
    if item["op"] in ("add", "replace", "test") and "value" not in item:
        return "`value` is missing"
    return ""


def apply(document: Any, patch: list[dict[str, Any]]) -> Any:
    """A patched copy of `document`, by a patch that `operations` has read. Raises PatchError, then nothing applies."""
    result = copy.deepcopy(document)
    for number, item in enumerate(patch):
        try:
            result = _apply_one(result, item)
        except PatchError as error:
            raise PatchError(f"operation {number} ({item['op']} {item['path'][:200]}): {error}") from None
    return result


def _apply_one(document: Any, item: dict[str, Any]) -> Any:
    op, path = item["op"], _tokens(item["path"])
    if op == "test":
        if not _same(_get(document, path), item["value"]):
            raise PatchError("the value is another one")
        return document
    if op == "remove":
        return _remove(document, path)
    if op in ("add", "replace"):
        if op == "replace":
            _get(document, path)
        return _set(document, path, copy.deepcopy(item["value"]), insert=op == "add")
    source = _tokens(item["from"])
    value = copy.deepcopy(_get(document, source))
    if op == "move":
        if path[: len(source)] == source and path != source:
            raise PatchError("can't move a value into itself")
        document = _remove(document, source)
    return _set(document, path, value, insert=True)


def _tokens(pointer: str) -> list[str]:
    return [token.replace("~1", "/").replace("~0", "~") for token in pointer.split("/")[1:]]


def _same(left: Any, right: Any) -> bool:
    # Python holds True and 1 for equal; JSON doesn't.
    if isinstance(left, bool) or isinstance(right, bool):
        return left is right
    if isinstance(left, dict) and isinstance(right, dict):
        return left.keys() == right.keys() and all(_same(left[key], right[key]) for key in left)
    if isinstance(left, list) and isinstance(right, list):
        return len(left) == len(right) and all(_same(a, b) for a, b in zip(left, right, strict=True))
    return bool(left == right)


def _index(items: list[Any], token: str, *, end: bool) -> int:
    if end and token == END:
        return len(items)
    # The length check comes first: int() of thousands of digits is an error of its own.
    valid = len(token) <= 9 and token.isascii() and token.isdigit() and str(int(token)) == token
    index = int(token) if valid else -1
    if not 0 <= index < len(items) + (1 if end else 0):
        raise PatchError(f"there is no item {token[:60]!r} in the list")
    return index


def _get(document: Any, path: list[str]) -> Any:
    for token in path:
        if isinstance(document, dict):
            if token not in document:
                raise PatchError(f"there is no {token[:60]!r}")
            document = document[token]
        elif isinstance(document, list):
            document = document[_index(document, token, end=False)]
        else:
            raise PatchError(f"there is nothing below which {token[:60]!r} could be")
    return document


def _set(document: Any, path: list[str], value: Any, *, insert: bool) -> Any:
    if not path:
        return value
    parent, token = _get(document, path[:-1]), path[-1]
    if isinstance(parent, dict):
        parent[token] = value
    elif isinstance(parent, list):
        index = _index(parent, token, end=insert)
        if insert:
            parent.insert(index, value)
        else:
            parent[index] = value
    else:
        raise PatchError(f"there is nothing below which {token[:60]!r} could be")
    return document


def _remove(document: Any, path: list[str]) -> Any:
    if not path:
        raise PatchError("the whole document can't be removed")
    parent, token = _get(document, path[:-1]), path[-1]
    _get(parent, [token])
    if isinstance(parent, dict):
        del parent[token]
    else:
        del parent[_index(parent, token, end=False)]
    return document
