# Copyright: (c) 2026, the beekeeper.hivemq authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Does a value have the form its schema asks for? A small walker over the part of OpenAPI v3 that schema.py uses.

The API server checks the same, but only after the fact and without a word on what to do; and it silently drops
unknown fields, which here is an error: a dropped field is a setting that somebody believes to be in force.
"""

from __future__ import annotations

import difflib
import math
import re
import reprlib
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from .violation import Violation

# A resource with thousands of mistakes is explained well enough by the first ones.
MAX_PROBLEMS = 100
# No Kubernetes type is nested deeper; bounded so that walking over a value can't exhaust the stack.
MAX_DEPTH = 40

_RANGE = {"int32": (-(2**31), 2**31 - 1), "int64": (-(2**63), 2**63 - 1)}
_TYPES = {"object": "an object", "array": "a list", "string": "a string", "integer": "an integer",
          "number": "a number", "boolean": "true or false"}  # fmt: skip
_TRUE_WORDS = ("true", "false", "yes", "no", "on", "off")
_SHORT = reprlib.Repr()
_SHORT.maxstring = _SHORT.maxother = 60


def structural_problems(schema: Mapping[str, Any], value: Any, path: str) -> list[Violation]:
    """Everything about `value` that `schema` forbids, at most MAX_PROBLEMS. Never raises for JSON values."""
    found: list[Violation] = []
    for violation in _walk(schema, value, path):
        found.append(violation)
        if len(found) >= MAX_PROBLEMS:
            break
    return found


def shown(value: Any) -> str:
    """A value in an error message: short, whatever it is."""
    if isinstance(value, bool):
        return str(value).lower()
    if value is None:
        return "null"
    if isinstance(value, int) and value.bit_length() > 200:
        # Writing out a number of many thousand digits is an error in Python.
        return "a huge number"
    return _SHORT.repr(value)


def child(path: str, key: Any) -> str:
    """The path of a field: `spec.cpu`, or `spec.labels[a.b/c]` for a key that isn't a plain name."""
    # Line breaks and lone surrogates could not be printed, logged or stored.
    name = "".join(letter if letter.isprintable() else ascii(letter)[1:-1] for letter in str(key)[:100])
    if re.fullmatch(r"[A-Za-z_][A-Za-z0-9_-]*", name):
        return f"{path}.{name}" if path else name
    return f"{path}[{name}]"


def _kind(value: Any) -> str:
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, int):
        return "integer"
    if isinstance(value, float):
        return "number"
    if isinstance(value, str):
        return "string"
    if isinstance(value, Mapping):
        return "object"
    return "array" if isinstance(value, (list, tuple)) else "null"


def _walk(schema: Mapping[str, Any], value: Any, path: str) -> Iterator[Violation]:
    kind = _kind(value)
    if schema.get("x-kubernetes-int-or-string"):
        if kind not in ("integer", "string"):
            remedy = f'write it as a string: "{value}"' if kind == "number" else "write a number or a string"
            yield Violation("type", path, f"is {shown(value)}, must be an integer or a string", "", remedy)
        else:
            yield from _scalar({"format": "int64", **schema}, value, path)
        return
    wanted = schema.get("type", "")
    if wanted != kind and not (wanted == "number" and kind == "integer"):
        yield _wrong_type(wanted, kind, value, path)
    elif kind == "object":
        yield from _object(schema, value, path)
    elif kind == "array":
        for index, item in enumerate(value):
            yield from _walk(schema["items"], item, f"{path}[{index}]")
        yield from _duplicates(schema, value, path)
    else:
        yield from _scalar(schema, value, path)


def _wrong_type(wanted: str, kind: str, value: Any, path: str) -> Violation:
    remedy = ""
    if kind == "null":
        remedy = "leave the field out to get its default"
    elif wanted == "string" and kind in ("integer", "number", "boolean"):
        remedy = f'put it in quotes: "{shown(value)}"'
    elif wanted in ("integer", "number") and kind == "string" and re.fullmatch(r"\s*-?\d+(\.\d+)?\s*", value):
        remedy = f"remove the quotes: {shown(value.strip())[1:-1]}"
    elif wanted == "boolean" and kind == "string" and value.strip().lower() in _TRUE_WORDS:
        remedy = "write true or false without quotes"
    elif wanted == "integer" and kind == "number":
        remedy = "write a whole number"
    elif wanted == "array":
        remedy = "write a list (items that start with `- `)"
    return Violation("type", path, f"is {shown(value)}, must be {_TYPES.get(wanted, wanted)}", "", remedy)


def _object(schema: Mapping[str, Any], value: Mapping[Any, Any], path: str) -> Iterator[Violation]:
    for key in schema.get("required", ()):
        if key not in value:
            yield Violation("required", child(path, key), "is missing", "", f"add `{key}`")
    properties: Mapping[str, Any] | None = schema.get("properties")
    additional: Mapping[str, Any] | None = schema.get("additionalProperties")
    for key, item in value.items():
        if not isinstance(key, str):
            yield Violation("type", child(path, key), "has a name that is no string", "", "put the name in quotes")
        elif properties is not None and key in properties:
            yield from _walk(properties[key], item, child(path, key))
        elif additional is not None:
            yield from _walk(additional, item, child(path, key))
        elif schema.get("x-kubernetes-preserve-unknown-fields"):
            yield from _free(item, child(path, key))
        elif properties is not None:
            yield _unknown(key, properties, path)


def _free(value: Any, path: str) -> Iterator[Violation]:
    """A value whose form only the API server knows: it has to be JSON that can be stored and walked over."""
    level = [(value, path)]
    for _depth in range(MAX_DEPTH):
        below = []
        for item, where in level:
            if isinstance(item, Mapping):
                for key, inner in item.items():
                    yield from _free_key(key, child(where, key))
                    below.append((inner, child(where, key)))
            elif isinstance(item, (list, tuple)):
                below += [(inner, f"{where}[{index}]") for index, inner in enumerate(item)]
            else:
                yield from _scalar({}, item, where)
        if not below:
            return
        level = below
    yield Violation(
        "depth", path, f"is nested more than {MAX_DEPTH} levels deep", "", "remove what doesn't belong there"
    )


def _free_key(key: Any, path: str) -> Iterator[Violation]:
    if isinstance(key, str):
        yield from _string({}, key, path)
    else:
        yield Violation("type", path, "has a name that is no string", "", "put the name in quotes")


def _unknown(key: str, properties: Mapping[str, Any], path: str) -> Violation:
    where = child(path, key)
    close = difflib.get_close_matches(key[:100].lower(), [name.lower() for name in properties], n=1, cutoff=0.6)
    guess = next((name for name in properties if close and name.lower() == close[0]), "")
    remedy = f"did you mean `{guess}`?" if guess else f"known here: {', '.join(sorted(properties)[:60])}"
    return Violation(
        "unknown-field", where, "is not a known field", "the API server would drop it silently", remedy.rstrip("?")
    )


def _duplicates(schema: Mapping[str, Any], value: list[Any], path: str) -> Iterator[Violation]:
    keys = schema.get("x-kubernetes-list-map-keys")
    if not keys:
        return
    seen: dict[tuple[str, ...], int] = {}
    for index, item in enumerate(value):
        if not isinstance(item, Mapping) or not all(isinstance(item.get(key), str) for key in keys):
            continue  # reported as a missing field or a wrong type
        identity = tuple(item[key] for key in keys)
        if identity in seen:
            names = " and ".join(f"{key} {shown(item[key])}" for key in keys)
            yield Violation(
                "duplicate", f"{path}[{index}]", f"has the same {names} as item {seen[identity]}", "",
                "remove one of them",
            )  # fmt: skip
        seen.setdefault(identity, index)


def _scalar(schema: Mapping[str, Any], value: Any, path: str) -> Iterator[Violation]:
    if isinstance(value, str):
        yield from _string(schema, value, path)
    elif isinstance(value, (int, float)) and not isinstance(value, bool):
        yield from _number(schema, value, path)


def _string(schema: Mapping[str, Any], value: str, path: str) -> Iterator[Violation]:
    if "\x00" in value or any("\ud800" <= character <= "\udfff" for character in value):
        yield Violation("type", path, "has a character that no API server takes", "", "remove it")
        return
    enum = schema.get("enum")
    if enum and value not in enum:
        close = [item for item in enum if item.lower() == value.strip().lower()]
        remedy = f"write {close[0]}" if close else f"write one of {', '.join(enum)}"
        yield Violation("enum", path, f"is {shown(value)}, must be one of {', '.join(enum)}", "", remedy)
    if len(value) < schema.get("minLength", 0):
        yield Violation("length", path, "is empty" if not value else "is too short", "", "give it a value")
    if len(value) > schema.get("maxLength", math.inf):
        yield Violation("length", path, f"has more than {schema['maxLength']} characters", "", "shorten it")
    pattern = schema.get("pattern")
    if pattern and not re.search(pattern, value):
        yield Violation("pattern", path, f"is {shown(value)}, must match {pattern}")
    if schema.get("format") == "date-time" and not _is_date_time(value):
        yield Violation("format", path, f"is {shown(value)}, must be a time such as 2026-01-31T12:00:00Z")


def _is_date_time(value: str) -> bool:
    try:
        return datetime.fromisoformat(value).tzinfo is not None
    except ValueError:
        return False


def _number(schema: Mapping[str, Any], value: float, path: str) -> Iterator[Violation]:
    if isinstance(value, float) and not math.isfinite(value):
        yield Violation("type", path, "is not a finite number", "", "write a number")
        return
    low, high = _RANGE.get(schema.get("format", ""), (-math.inf, math.inf))
    low = max(low, schema.get("minimum", -math.inf))
    high = min(high, schema.get("maximum", math.inf))
    if value < low:
        yield Violation("minimum", path, f"is {shown(value)}, must be at least {low}", "", f"write {low} or more")
    elif value > high:
        yield Violation("maximum", path, f"is {shown(value)}, must be at most {high}", "", f"write {high} or less")
