# Copyright: (c) 2026, the beekeeper.hivemq authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""JSON patches, by the examples of RFC 6902 (appendix A) and beyond."""

from __future__ import annotations

import json
from typing import Any

import pytest
from ansible_collections.beekeeper.hivemq.plugins.module_utils._hivemq.json_patch import (
    MAX_BYTES,
    PatchError,
    apply,
    operations,
)
from hypothesis import given
from hypothesis import strategies as st


def patch(document: Any, *items: dict[str, Any]) -> Any:
    return apply(document, operations(json.dumps(list(items))))


@pytest.mark.parametrize(
    ("before", "item", "after"),
    [
        ({"foo": 1}, {"op": "add", "path": "/baz", "value": 2}, {"foo": 1, "baz": 2}),
        ({"foo": ["a", "c"]}, {"op": "add", "path": "/foo/1", "value": "b"}, {"foo": ["a", "b", "c"]}),
        ({"foo": ["a"]}, {"op": "add", "path": "/foo/-", "value": ["b"]}, {"foo": ["a", ["b"]]}),
        ({"a": 1, "b": 2}, {"op": "remove", "path": "/a"}, {"b": 2}),
        ({"foo": ["a", "b"]}, {"op": "remove", "path": "/foo/0"}, {"foo": ["b"]}),
        ({"a": 1}, {"op": "replace", "path": "/a", "value": None}, {"a": None}),
        ({"a": {"b": 1}, "c": {}}, {"op": "move", "from": "/a/b", "path": "/c/d"}, {"a": {}, "c": {"d": 1}}),
        ({"a": [1, 2, 3]}, {"op": "move", "from": "/a/0", "path": "/a/2"}, {"a": [2, 3, 1]}),
        ({"a": {"b": 1}}, {"op": "copy", "from": "/a", "path": "/c"}, {"a": {"b": 1}, "c": {"b": 1}}),
        ({"a": 1}, {"op": "test", "path": "/a", "value": 1.0}, {"a": 1}),
        ({"a/b~c": 1}, {"op": "replace", "path": "/a~1b~0c", "value": 2}, {"a/b~c": 2}),
        ({"~1": 1}, {"op": "remove", "path": "/~01"}, {}),
        ({"a": 1}, {"op": "replace", "path": "", "value": {"b": 2}}, {"b": 2}),
        ({"a": 1}, {"op": "add", "path": "/", "value": 2}, {"a": 1, "": 2}),
    ],
)
def test_operation(before: Any, item: dict[str, Any], after: Any) -> None:
    kept = json.dumps(before)
    assert patch(before, item) == after
    assert json.dumps(before) == kept, "the original stays as it was"


@pytest.mark.parametrize(
    ("before", "item", "said"),
    [
        ({}, {"op": "replace", "path": "/a", "value": 1}, "no 'a'"),
        ({}, {"op": "remove", "path": "/a"}, "no 'a'"),
        ({}, {"op": "add", "path": "/a/b", "value": 1}, "no 'a'"),
        ({"a": []}, {"op": "add", "path": "/a/1", "value": 1}, "no item '1'"),
        ({"a": [1]}, {"op": "replace", "path": "/a/-", "value": 1}, "no item '-'"),
        ({"a": [1, 2]}, {"op": "remove", "path": "/a/01"}, "no item '01'"),
        ({"a": [1, 2]}, {"op": "remove", "path": "/a/" + "9" * 5000}, "no item"),
        ({"a": 1}, {"op": "add", "path": "/a/b", "value": 1}, "nothing below"),
        ({"a": True}, {"op": "test", "path": "/a", "value": 1}, "another one"),
        ({"a": [1, {"b": 1}]}, {"op": "test", "path": "/a", "value": [1, {"b": True}]}, "another one"),
        ({"a": {"b": 1}}, {"op": "move", "from": "/a", "path": "/a/b"}, "into itself"),
        ({"a": 1}, {"op": "remove", "path": ""}, "whole document"),
    ],
)
def test_failure_names_operation_and_reason(before: Any, item: dict[str, Any], said: str) -> None:
    with pytest.raises(PatchError, match=r"^operation 0 ") as caught:
        patch(before, item)
    assert said in str(caught.value)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "not JSON"),
        ("{", "not JSON"),
        ('[{"op":"add","path":"/a","value":NaN}]', "not JSON"),
        ("[" * 20_000, "not JSON"),
        ('[{"op":"add","path":"/a","value":' + "[" * 60 + "]" * 60 + "}]", "nested"),
        ("1", "not an object"),
        ('[{"op":"merge","path":"/a"}]', "`op` must be"),
        ('[{"op":["add"],"path":"/a","value":1}]', "`op` must be"),
        ('{"op":"add","path":"a","value":1}', "JSON pointer"),
        ('{"op":"add","value":1}', "JSON pointer"),
        ('{"op":"add","path":"/a"}', "`value` is missing"),
        ('{"op":"move","path":"/a"}', "`from`"),
        (" " * (MAX_BYTES + 1), "longer"),
    ],
)
def test_unreadable(text: str, said: str) -> None:
    with pytest.raises(PatchError, match=said):
        operations(text)


def test_one_operation_needs_no_list() -> None:
    assert apply({}, operations('{"op":"add","path":"/a","value":1}')) == {"a": 1}


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=8,
)
pointers = st.lists(st.sampled_from(["a", "b", "0", "1", "-", "~0", "~1", ""]), max_size=3).map(
    lambda tokens: "".join("/" + token for token in tokens)
)
items = st.fixed_dictionaries(
    {"op": st.sampled_from(["add", "replace", "remove", "test", "move", "copy"]), "path": pointers},
    optional={"value": values, "from": pointers},
)


@given(values, st.lists(items, max_size=4))
def test_any_patch_applies_or_is_refused(document: Any, patches: list[dict[str, Any]]) -> None:
    try:
        result = patch(document, *patches)
    except PatchError:
        return
    json.dumps(result)


@given(st.dictionaries(st.text(max_size=5), values), st.text(max_size=5), values)
def test_what_was_added_is_found(document: dict[str, Any], key: str, value: Any) -> None:
    path = "/" + key.replace("~", "~0").replace("/", "~1")
    added = {"op": "add", "path": path, "value": value}
    assert patch(document, added, {"op": "test", "path": path, "value": value})[key] == value
