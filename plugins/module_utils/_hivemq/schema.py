# Copyright: (c) 2026, the beekeeper.hivemq authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Small constructors for OpenAPI v3 structural schemas, so that the schema of the resource reads as a table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

Schema = dict[str, Any]
Effect = Literal["live", "service", "scale", "rolling", "refused", "none"]

# What a change of a field costs, in the words used in every description.
EFFECTS: dict[Effect, str] = {
    "live": "Change: live, no broker restarts.",
    "service": "Change: Service only, no broker restarts.",
    "scale": "Change: scale, brokers are added or removed, the others stay.",
    "rolling": "Change: rolling, every broker is replaced one after the other.",
    "refused": "Change: refused once the brokers exist.",
    "none": "Change: none by itself.",
}


def described(schema: Schema, text: str, effect: Effect | None = None) -> Schema:
    """The schema with a description, which ends with what a change costs when `effect` is given."""
    return {"description": f"{text} {EFFECTS[effect]}" if effect else text, **schema}


def string(
    *, enum: Sequence[str] = (), pattern: str = "", min_length: int | None = None, max_length: int | None = None
) -> Schema:
    """A string."""
    schema: Schema = {"type": "string"}
    if enum:
        schema["enum"] = list(enum)
    if pattern:
        schema["pattern"] = pattern
    if min_length is not None:
        schema["minLength"] = min_length
    if max_length is not None:
        schema["maxLength"] = max_length
    return schema


def integer(minimum: int | None = None, maximum: int | None = None, *, bits: Literal[32, 64] = 32) -> Schema:
    """An integer of 32 or 64 bits, with bounds included."""
    schema: Schema = {"type": "integer", "format": f"int{bits}"}
    if minimum is not None:
        schema["minimum"] = minimum
    if maximum is not None:
        schema["maximum"] = maximum
    return schema


def number(minimum: int | None = None, maximum: int | None = None) -> Schema:
    """A number, with bounds included."""
    schema: Schema = {"type": "number"}
    if minimum is not None:
        schema["minimum"] = minimum
    if maximum is not None:
        schema["maximum"] = maximum
    return schema


def boolean() -> Schema:
    """true or false."""
    return {"type": "boolean"}


def int_or_string(pattern: str = "") -> Schema:
    """A quantity or port: 4 and "4" are both accepted."""
    schema: Schema = {"x-kubernetes-int-or-string": True, "anyOf": [{"type": "integer"}, {"type": "string"}]}
    if pattern:
        schema["pattern"] = pattern
    return schema


def obj(properties: Mapping[str, Schema], required: Sequence[str] = (), *, atomic: bool = False) -> Schema:
    """An object with exactly these fields. `atomic`: applied and replaced as a whole."""
    schema: Schema = {"type": "object", "properties": dict(properties)}
    if required:
        schema["required"] = list(required)
    if atomic:
        schema["x-kubernetes-map-type"] = "atomic"
    return schema


def open_obj(properties: Mapping[str, Schema], required: Sequence[str] = ()) -> Schema:
    """A Kubernetes type of which only the fields that we look at are listed; the API server judges all others.

    So a field that a newer Kubernetes brings can be used at once, and the definition stays small.
    """
    return {**obj(properties, required), "x-kubernetes-preserve-unknown-fields": True}


def mapping(values: Schema) -> Schema:
    """Names to values of one schema."""
    return {"type": "object", "additionalProperties": values}


def string_map() -> Schema:
    """Names to strings: labels, annotations, node selectors."""
    return mapping({"type": "string"})


def array(items: Schema, *, keys: Sequence[str] = (), kind: Literal["atomic", "set", "map"] = "atomic") -> Schema:
    """A list. With `keys`: a list whose items are identified by these fields, so that several can each own some."""
    schema: Schema = {"type": "array", "items": items, "x-kubernetes-list-type": "map" if keys else kind}
    if keys:
        schema["x-kubernetes-list-map-keys"] = list(keys)
    return schema
