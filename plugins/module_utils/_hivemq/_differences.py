# Copyright: (c) 2026, the beekeeper.hivemq authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where two JSON documents differ, and how a difference is told without giving a secret away."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple, TypeAlias

from .structure import child, shown

MASK = "***"
MASK_CHANGED = "*** (changed)"
# Longer text is told by its size: a config.xml in a list of changes helps nobody.
MAX_TEXT = 120
_MAX_WORD = 48
_MAX_DEPTH = 16
_IDENTITIES = ("name", "mountPath", "path", "key", "metadata.name")
_TELLING = r"passw(?:or)?d|passphrase|secret|token|credential|api[-_.]?key|access[-_.]?key|private[-_.]?key|licen[cs]e"
_SECRET_NAME = re.compile(rf"{_TELLING}|(?:^|[-_.])pass(?:$|[-_.])", re.IGNORECASE)
_SECRET_TEXT = (
    # <password>x</password>
    (re.compile(rf"(<[^<>/]*(?:{_TELLING})[^<>]*>)[^<]+", re.IGNORECASE), rf"\1{MASK}"),
    # -Dkey.password=x, "token": "x"
    (re.compile(rf"([\w.-]*(?:{_TELLING})[\w.-]*[\"']?\s*[=:]\s*)(\"[^\"]*\"|'[^']*'|[^\s\"',;<>]+)", re.IGNORECASE),
     rf"\1{MASK}"),
    # https://user:x@host
    (re.compile(r"(://[^/\s:@]*:)[^/\s@]+(?=@)"), rf"\1{MASK}"),
)  # fmt: skip
# Maps whose keys users choose; elsewhere a key such as secretName is a field, and its value no secret.
_FREE_MAPS = frozenset(("labels", "annotations", "podLabels", "podAnnotations", "customProperties", "stringData"))


_ENCODER = json.JSONEncoder(sort_keys=True, default=str)


class _Missing:
    def __repr__(self) -> str:
        return "MISSING"


MISSING: Final = _Missing()


class Item(NamedTuple):
    """A step into a list: the item whose field `key` (`name`, `metadata.name`) is `name`."""

    key: str
    name: str


def _named(item: Any, key: str) -> Any:
    """The value of the field `key` of an item of a list; None when it has none."""
    for part in key.split("."):
        item = item.get(part) if isinstance(item, Mapping) else None
    return item


Path: TypeAlias = "tuple[str | Item, ...]"


@dataclass(frozen=True)
class Difference:
    """A place at which two documents differ. `before` or `after` is MISSING where the document has nothing there."""

    path: Path
    before: Any
    after: Any


def path_text(path: Path) -> str:
    """A path as people read it: `spec.ports[mqtt].port`."""
    text = ""
    for step in path:
        text = f"{text}[{step.name[:100]}]" if isinstance(step, Item) else child(text, step)
    return _printable(text)


def same(before: Any, after: Any) -> bool:
    """Whether two JSON values are the same. Unlike in Python, true is not 1."""
    if before is MISSING or after is MISSING:
        return before is after
    # The first comparison is quick to say no, and the second is only there for what Python holds for equal.
    return before is after or bool(before == after and canonical(before) == canonical(after))


def canonical(value: Any) -> str:
    """A JSON value as text that is the same for the same value."""
    return _ENCODER.encode(value)


def differences(before: Any, after: Any, path: Path = ()) -> Iterator[Difference]:
    """The places at which `before` and `after` differ, as deep as it helps.

    Lists whose items have names are compared item by item; another order of the same items is one difference of the
    whole list. All other lists are compared as a whole.
    """
    if same(before, after):
        return
    if isinstance(before, Mapping) and isinstance(after, Mapping) and len(path) < _MAX_DEPTH:
        for key in dict.fromkeys((*before, *after)):
            yield from differences(before.get(key, MISSING), after.get(key, MISSING), (*path, str(key)))
        return
    key = _identity(before, after)
    if key and len(path) < _MAX_DEPTH:
        old, new = ({_named(item, key): item for item in items} for items in (before, after))
        if [name for name in old if name in new] != [name for name in new if name in old]:
            yield Difference(path, before, after)
            return
        for name in dict.fromkeys((*old, *new)):
            yield from differences(old.get(name, MISSING), new.get(name, MISSING), (*path, Item(key, name)))
        return
    yield Difference(path, before, after)


def _identity(before: Any, after: Any) -> str:
    """The field by which the items of both lists can be told apart; empty when there is none."""
    if not (isinstance(before, Sequence) and isinstance(after, Sequence)):
        return ""
    if isinstance(before, str) or isinstance(after, str):
        return ""
    return next((key for key in _IDENTITIES if _tells_apart(key, before) and _tells_apart(key, after)), "")


def _tells_apart(key: str, items: Sequence[Any]) -> bool:
    found = [_named(item, key) for item in items]
    return all(isinstance(name, str) for name in found) and len(set(found)) == len(found)


def replaced(document: Any, path: Path, value: Any) -> Any:
    """A copy of `document` with `value` at `path` (MISSING: with nothing there). What isn't on the path is shared."""
    if not path:
        return value
    step, rest = path[0], path[1:]
    if isinstance(step, str):
        inside = dict(document) if isinstance(document, Mapping) else {}
        made = replaced(inside.get(step, MISSING), rest, value)
        if made is MISSING:
            inside.pop(step, None)
        else:
            inside[step] = made
        return inside
    items = list(document) if isinstance(document, Sequence) and not isinstance(document, str) else []
    index = next((number for number, item in enumerate(items) if _named(item, step.key) == step.name), len(items))
    made = replaced(items[index] if index < len(items) else MISSING, rest, value)
    items[index : index + 1] = [] if made is MISSING else [made]
    return items


def masked(difference: Difference) -> tuple[Any, Any]:
    """Both values for people: secrets replaced, long text told by its size, None for what isn't there."""
    before, after = (_shown(difference.path, value) for value in (difference.before, difference.after))
    if MISSING not in (difference.before, difference.after) and same(before, after):
        # They differ in what isn't shown.
        return before, MASK_CHANGED if before == MASK else f"{word(after)} (changed)"
    return before, after


def _shown(path: Path, value: Any) -> Any:
    if value is MISSING:
        return None
    return _mask(value, _secret_place(path), free=bool(path) and path[-1] in _FREE_MAPS)


def _secret_place(path: Path) -> bool:
    """Whether a secret may be at `path`: a variable or a key whose name says so."""
    for number, step in enumerate(path):
        above = path[number - 1] if number else ""
        if above == "env" and isinstance(step, Item) and _SECRET_NAME.search(step.name):
            return path[number + 1 :] in ((), ("value",))
        if isinstance(above, str) and above in _FREE_MAPS and isinstance(step, str) and _SECRET_NAME.search(step):
            return True
    return False


def _mask(value: Any, secret: bool, *, free: bool = False) -> Any:
    if isinstance(value, str):
        return MASK if secret and value else _told(value)
    if isinstance(value, Mapping):
        # An environment variable: its name tells what its value is.
        named = isinstance(value.get("name"), str) and bool(_SECRET_NAME.search(value["name"]))
        return {
            key: _mask(
                item,
                (secret or named) if key == "value" else free and bool(_SECRET_NAME.search(str(key))),
                free=key in _FREE_MAPS,
            )
            for key, item in value.items()
        }
    if isinstance(value, Sequence):
        flags = [isinstance(item, str) and item.startswith("-") and "=" not in item for item in value]
        return [
            _mask(item, number > 0 and flags[number - 1] and bool(_SECRET_NAME.search(value[number - 1])))
            for number, item in enumerate(value)
        ]
    if secret and value is not None:
        return MASK
    # Writing out a number of many thousand digits is an error in Python; `shown` has a word for it.
    return shown(value) if isinstance(value, int) and value.bit_length() > 64 else value


def _told(text: str) -> str:
    """Text without secrets, printable, and short: what is long is told by its size."""
    lines = len(text.strip().splitlines())
    if lines > 1:
        return f"{lines} lines"
    if len(text) > MAX_TEXT:
        return f"{len(text)} characters"
    for pattern, replacement in _SECRET_TEXT:
        text = pattern.sub(replacement, text)
    return _printable(text)


def _printable(text: str) -> str:
    """Without line breaks and lone surrogates, which could not be shown, logged or stored."""
    return "".join(letter if letter.isprintable() else ascii(letter)[1:-1] for letter in text)


def word(value: Any) -> str:
    """A value as `masked` returns it, short, within a sentence."""
    if value is None:
        return "default"
    text = value if isinstance(value, str) else canonical(value)
    return (text if len(text) <= _MAX_WORD else f"{text[: _MAX_WORD - 1]}…") or '""'
