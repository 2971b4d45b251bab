# Copyright: (c) 2026, the beekeeper.hivemq authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reads the part of YAML that people write by hand, JSON included, with the standard library alone.

Block and flow collections, plain and quoted scalars on one line, comments. Whatever else YAML has (anchors, tags, block
scalars, several documents, keys that are no text) and whatever its versions read differently (`yes`, `0644`) is refused
with its line: a guess would put brokers on the wrong nodes. What is read here, every YAML library reads the same.
"""

from __future__ import annotations

import json
import re
from typing import Any

MAX_CHARACTERS = 64 * 1024
MAX_DEPTH = 40
_INTEGER = re.compile(r"-?(0|[1-9][0-9]{0,17})")
_DECIMAL = re.compile(r"-?(0|[1-9][0-9]{0,17})\.[0-9]{1,17}")
# What one version or library takes for a number, a truth value or a time, and another one for text.
_AMBIGUOUS = re.compile(
    r"[-+]?[0-9][0-9_,.:]*([eE][-+]?[0-9]+)?|[-+]?\.[0-9]+.*|0[xob][0-9a-fA-F_]+|[-+]?\.(inf|nan)|y|n|yes|no|on|off|=|<<"
    r"|\d{4}-\d\d?-\d\d?([Tt ].*)?",
    re.IGNORECASE,
)
_KEYWORDS = {"": None, "~": None, "null": None, "Null": None, "NULL": None}
_KEYWORDS_BOOL = {word: word.lower() == "true" for word in ("true", "True", "TRUE", "false", "False", "FALSE")}
_INDICATORS = frozenset(",[]{}#&*!|>'\"%@`")
_MEANING = {
    "&": "an anchor", "*": "an alias", "!": "a tag", "|": "a block scalar", ">": "a block scalar", "%": "a directive",
}  # fmt: skip
_SINGLE = re.compile(r"'((?:[^'\n]|'')*)'")
_DOUBLE = re.compile(r'"(?:[^"\\\n]|\\.)*"')
_STRANGE = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ufeff\ud800-\udfff\ufffe\uffff]")
_COMMENT = re.compile(r"(?:^| )#.*")


class YamlError(ValueError):
    """A text that can't be read; `str()` says where and why."""


def parse(text: str) -> Any:
    """The value of a text: dicts with string keys, lists, strings, integers, floats, booleans, None.

    Raises YamlError. An empty text is None.
    """
    if len(text) > MAX_CHARACTERS:
        raise YamlError(f"is longer than {MAX_CHARACTERS} characters")
    return _Reader(text).document()


class _Line:
    """A line that says something: its number, the column where it begins, and its text from there on."""

    __slots__ = ("indent", "number", "text")

    def __init__(self, number: int, indent: int, text: str) -> None:
        self.number, self.indent, self.text = number, indent, text


class _Reader:
    def __init__(self, text: str) -> None:
        self._lines: list[_Line] = []
        self._at = 0
        for number, raw in enumerate(re.split(r"\r\n|\r|\n", text), 1):
            strange = _STRANGE.search(raw)
            if strange:
                what = "a tab: use spaces" if strange.group() == "\t" else f"the character {strange.group()!a}"
                raise YamlError(f"line {number} has {what}")
            content = raw.lstrip(" ")
            if not content.strip() or content.startswith("#"):
                continue
            if raw.startswith(("---", "...", "%")):
                if raw.rstrip() == "---" and not self._lines:
                    continue
                raise YamlError(f"line {number} begins another document or a directive: write one document")
            self._lines.append(_Line(number, len(raw) - len(content), content.rstrip()))

    def document(self) -> Any:
        if not self._lines:
            return None
        value = self._block(self._lines[0].indent, 0)
        line = self._line()
        if line is not None:
            raise YamlError(f"line {line.number} is indented otherwise than the lines it belongs to")
        return value

    def _line(self) -> _Line | None:
        return self._lines[self._at] if self._at < len(self._lines) else None

    def _block(self, indent: int, depth: int) -> Any:
        """What begins at the current line, which is indented by `indent`."""
        if depth > MAX_DEPTH:
            raise YamlError(f"is nested more than {MAX_DEPTH} levels deep")
        line = self._lines[self._at]
        if _is_item(line.text):
            return self._sequence(indent, depth)
        if _key_end(line) is not None:
            return self._mapping(indent, depth)
        return self._inline(line.text, indent, depth)

    def _sequence(self, indent: int, depth: int) -> list[Any]:
        items: list[Any] = []
        while (line := self._line()) is not None and line.indent == indent and _is_item(line.text):
            rest = line.text[1:].lstrip(" ")
            if not _COMMENT.sub("", rest).strip():
                self._at += 1
                items.append(self._below(indent, depth, item=True))
                continue
            # What follows the dash is a block of its own, which goes on where it begins.
            inner = indent + len(line.text) - len(rest)
            self._lines[self._at] = _Line(line.number, inner, rest)
            items.append(self._block(inner, depth + 1))
        self._same_or_less(indent)
        return items

    def _mapping(self, indent: int, depth: int) -> dict[str, Any]:
        result: dict[str, Any] = {}
        while (line := self._line()) is not None and line.indent == indent and not _is_item(line.text):
            found = _key_end(line)
            if found is None:
                raise YamlError(f"line {line.number} is not `name: value`")
            key, rest = found
            if key in result:
                raise YamlError(f"line {line.number} gives {key[:60]!r} a second time")
            if not _COMMENT.sub("", rest).strip():
                self._at += 1
                result[key] = self._below(indent, depth, item=False)
            else:
                result[key] = self._inline(rest, indent, depth + 1)
        self._same_or_less(indent)
        return result

    def _same_or_less(self, indent: int) -> None:
        line = self._line()
        if line is not None and line.indent > indent:
            raise YamlError(f"line {line.number} is indented more than the lines it belongs to")

    def _below(self, indent: int, depth: int, *, item: bool) -> Any:
        """The value of a key or a dash that has nothing on its own line."""
        line = self._line()
        if line is None or line.indent < indent or (line.indent == indent and (item or not _is_item(line.text))):
            return None
        return self._block(line.indent, depth + 1)

    def _inline(self, text: str, indent: int, depth: int) -> Any:
        """A scalar or flow collection that begins with `text`, the end of the current line; goes past its last line."""
        line = self._lines[self._at]
        if text[0] in "[{\"'":
            following = [item.text for item in self._lines[self._at + 1 :]] if text[0] in "[{" else []
            flow = _Flow("\n".join([text, *following]), line.number)
            value = flow.value(depth)
            # Blank lines and comments are left out here, so it counts lines of ours.
            self._at += flow.text.count("\n", 0, flow.at) + 1
            rest = flow.text[flow.at :].partition("\n")[0]
            if _COMMENT.sub("", rest).strip():
                raise YamlError(f"line {line.number} has {rest.strip()[:60]!r} after a value")
            return value
        plain = _COMMENT.sub("", text).rstrip()
        if ": " in plain or plain.endswith(":"):
            raise YamlError(f"line {line.number} has a `:` inside a value: put the value in quotes")
        self._at += 1
        below = self._line()
        if below is not None and below.indent > indent:
            raise YamlError(f"line {below.number} goes on with the value above: write it on one line, or in quotes")
        return _scalar(plain, line.number)


def _is_item(text: str) -> bool:
    return text == "-" or text.startswith("- ")


def _key_end(line: _Line) -> tuple[str, str] | None:
    """The key a line begins with, and what follows its colon; None when it begins with no key."""
    text = line.text
    quoted = _DOUBLE.match(text) or _SINGLE.match(text)
    if quoted:
        after = text[quoted.end() :].lstrip(" ")
        if not after.startswith(":") or after[1:2] not in {"", " "}:
            return None
        return _unquoted(quoted.group(), line.number), after[1:].strip(" ")
    if text[0] in "[{":
        return None
    if text.startswith("? "):
        raise YamlError(f"line {line.number} has a key that is no text")
    match = re.match(r"([^#:]|(?<! )#|:(?! |$))*?(?=\s*:( |$))", text)
    if match is None or not match.group():
        return None
    key = _scalar(match.group().rstrip(), line.number)
    if not isinstance(key, str):
        raise YamlError(f"line {line.number} has the key {match.group()[:60]!r}, which is no text: put it in quotes")
    return key, text[match.end() :].lstrip(" ")[1:].strip(" ")


def _unquoted(text: str, number: int) -> str:
    if text[0] == "'":
        return text[1:-1].replace("''", "'")
    try:
        return str(json.loads(text, strict=False))
    except ValueError:
        raise YamlError(f"line {number} has an escape in {text[:60]} that JSON doesn't know") from None


def _scalar(text: str, number: int) -> Any:
    if text in _KEYWORDS:
        return None
    if text in _KEYWORDS_BOOL:
        return _KEYWORDS_BOOL[text]
    if _INTEGER.fullmatch(text):
        return int(text)
    if _DECIMAL.fullmatch(text):
        return float(text)
    if _AMBIGUOUS.fullmatch(text):
        raise YamlError(f"line {number} has {text[:60]}, which not every reader takes for the same: put it in quotes")
    if text[0] in _INDICATORS or text[0] in "?:" or text.startswith("- ") or text == "-":
        what = _MEANING.get(text[0], f"a value that begins with {text[0]}")
        raise YamlError(f"line {number} has {what}, which is not supported: put text in quotes")
    return text


class _Flow:
    """Reads a flow collection or a quoted scalar from the start of `text`. `at`: how far it is."""

    def __init__(self, text: str, number: int) -> None:
        self.text, self.at, self._first = text, 0, number

    def value(self, depth: int) -> Any:
        if depth > MAX_DEPTH:
            raise YamlError(f"is nested more than {MAX_DEPTH} levels deep")
        self._blank()
        start = self.text[self.at : self.at + 1]
        if start == "{":
            return self._pairs(depth)
        if start == "[":
            return self._items(depth)
        if start in {'"', "'"}:
            return self._quoted()
        end = re.compile(r"[,\[\]{}\n]|:(?=[\s,\[\]{}]|$)| #|$").search(self.text, self.at)
        found = self.text[self.at : end.start() if end else len(self.text)].strip()
        if not found:
            raise self._error("lacks a value")
        if "?" in found:
            raise self._error("has a ? outside of quotes: put the value in quotes")
        self.at += len(self.text[self.at :]) if end is None else end.start() - self.at
        return _scalar(found, self._number())

    def _quoted(self) -> str:
        match = (_DOUBLE if self.text[self.at] == '"' else _SINGLE).match(self.text, self.at)
        if match is None:
            raise self._error("has a quote that is not closed on its line")
        self.at = match.end()
        return _unquoted(match.group(), self._number())

    def _items(self, depth: int) -> list[Any]:
        items: list[Any] = []
        self.at += 1
        while not self._closed("]"):
            items.append(self.value(depth + 1))
            self._separator("]")
        return items

    def _pairs(self, depth: int) -> dict[str, Any]:
        result: dict[str, Any] = {}
        self.at += 1
        while not self._closed("}"):
            key = self.value(depth + 1)
            if not isinstance(key, str):
                raise self._error("has a key that is no text: put it in quotes")
            if key in result:
                raise self._error(f"gives {key[:60]!r} a second time")
            self._blank()
            if self.text[self.at : self.at + 1] != ":":
                raise self._error(f"has no value for {key[:60]!r}")
            self.at += 1
            self._blank()
            result[key] = None if self.text[self.at : self.at + 1] in {",", "}"} else self.value(depth + 1)
            self._separator("}")
        return result

    def _closed(self, bracket: str) -> bool:
        self._blank()
        if self.at >= len(self.text):
            raise self._error(f"has no {bracket}")
        closed = self.text[self.at] == bracket
        self.at += closed
        return closed

    def _separator(self, bracket: str) -> None:
        self._blank()
        found = self.text[self.at : self.at + 1]
        if found == ",":
            self.at += 1
        elif found != bracket:
            raise self._error(f"needs a comma or {bracket}")

    def _blank(self) -> None:
        match = re.compile(r"(?:\s|(?<=\s)#[^\n]*)*").match(self.text, self.at)
        self.at = match.end() if match else self.at

    def _number(self) -> int:
        return self._first + self.text.count("\n", 0, self.at)

    def _error(self, problem: str) -> YamlError:
        return YamlError(f"line {self._number()} {problem}")
