# Copyright: (c) 2026, the beekeeper.hivemq authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The small YAML reader: what it reads, a complete one reads the same; what it can't read, it names with its line."""

from __future__ import annotations

import json
from typing import Any

import pytest
import yaml
from ansible_collections.beekeeper.hivemq.plugins.module_utils._hivemq.simple_yaml import (
    MAX_CHARACTERS,
    MAX_DEPTH,
    YamlError,
    parse,
)
from hypothesis import given, settings
from hypothesis import strategies as st

READ = [
    "",
    "# only a comment\n",
    "---\na: 1\n",
    "a: 1\nb:\n- c\n- d: 1\n  e: [1, 'x', {a: b}]\n",
    "a:\n  - - 1\n    - 2\n  - x: z\n",
    "- a\n- b:\n    c\n",
    "- \n- a\n-\n  b: 1",
    "{a: [1,\n 2], b: {}}",
    "a: {b: c} # x\nd: \"q # w\"\n\n# z\ne: 'it''s'\n",
    '"a": {"b": [true, null, 1.5, "\\u0041\\n"]}',
    "a: http://x:1/y\nb: x#y\n'c d': ~\nkey with space: v\ne :  -1\n",
    "a: [1 # c\n , 2,]",
    "a: #c\n  b: 1\r\nc: ''\r\n",
    "x",
]
REFUSED = [
    ("a: b: c", "line 1 has a `:`"),
    ("a:\n b\n  c", "line 3 goes on"),
    ("a: |\n  text", "line 2 goes on"),
    ("a: |", "a block scalar"),
    ("a: &x 1", "an anchor"),
    ("a: *x", "an alias"),
    ("a: !!str 1", "a tag"),
    ("a:\n  b: 1\n c: 2", "line 3 is indented"),
    ("- a\nb: c", "line 2 is indented otherwise"),
    ("a: 1\n---\nb: 1", "line 2 begins another document"),
    ("\ta: 1", "line 1 has a tab"),
    ("a: \x00", "the character '\\x00'"),
    ("a: yes", "line 1 has yes"),
    ("a: 0644", "0644"),
    ("a: 1_000", "1_000"),
    ("a: 12:30:45", "12:30:45"),
    ("a: 2020-01-01", "2020-01-01"),
    ("a: 1e3", "1e3"),
    ("<<: {a: b}", "<<"),
    ("a: 1\na: 2", "line 2 gives 'a' a second time"),
    ("{a: 1, a: 2}", "a second time"),
    ("1: a", "which is no text"),
    ("? a\n: b", "a key that is no text"),
    ("a: [1,", "has no ]"),
    ("a: [1 2: 3]", "a comma or ]"),
    ("a: {b}", "no value for 'b'"),
    ('a: "x', "not closed"),
    ('a: "\\x41"', "an escape"),
    ('a: "x" y', "'y' after a value"),
    ("a: " + "[" * (MAX_DEPTH + 2), "nested more than"),
    ("[" * (MAX_DEPTH + 2), "nested more than"),
    ("".join(" " * level + "a:\n" for level in range(MAX_DEPTH + 3)), "nested more than"),
    ("- " * (MAX_DEPTH + 3) + "a", "nested more than"),
    ("a" * (MAX_CHARACTERS + 1), "is longer"),
]


def same(left: Any, right: Any) -> bool:
    """Equal, types of scalars included: 1 is neither True nor 1.0."""
    return json.dumps(left) == json.dumps(right)


@pytest.mark.parametrize("text", READ)
def test_reads_what_people_write(text: str) -> None:
    assert same(parse(text), yaml.safe_load(text))


@pytest.mark.parametrize(("text", "part"), REFUSED, ids=[part for _text, part in REFUSED])
def test_says_what_it_cannot_read(text: str, part: str) -> None:
    with pytest.raises(YamlError) as caught:
        parse(text)
    assert part in str(caught.value)
    assert "\n" not in str(caught.value)


PIECES = [
    *"ab1.x~?|&*!\\%=/-: \n\"'{}[],#",
    "true",
    ": ",
    "- ",
    "\n  ",
    "\n    ",
    " #",
    "\n- ",
    "a: ",
    "b: ",
    "\t",
    "0",
]


@settings(max_examples=600, deadline=None)
@given(st.lists(st.sampled_from(PIECES), max_size=14).map("".join))
def test_never_reads_a_text_otherwise_than_a_complete_reader(text: str) -> None:
    try:
        value = parse(text)
    except YamlError:
        return
    assert same(value, yaml.safe_load(text))


plain = st.none() | st.booleans() | st.integers(-(10**15), 10**15) | st.text(st.characters(codec="utf-8"), max_size=8)
documents = st.recursive(
    plain, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
)


@settings(deadline=None)
@given(documents)
def test_json_is_read(value: Any) -> None:
    assert same(parse(json.dumps(value)), value)
    assert same(parse(json.dumps(value, indent=2)), value)
