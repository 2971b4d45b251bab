# Copyright: (c) 2026, the beekeeper.hivemq authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Kubernetes values that a resource gives and an object takes over: in the form in which the API server keeps them.

A value in another form would look like a difference at every comparison. But an empty value may mean something: an
empty label selector selects every pod, none at all selects no pod. So only what the API server drops is left out.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from . import quantity

# Maps from names to strings: an empty map is nothing, and an empty string in one is a value like any other.
_MAPS = frozenset(
    ("labels", "annotations", "matchLabels", "limits", "requests", "nodeSelector", "volumeAttributes", "options",
     "selector")
)  # fmt: skip
# Empty, and yet different from absent.
_TEXT_OR_ABSENT = frozenset(("storageClassName", "volumeAttributesClassName", "apiGroup"))
# The same as absent, and dropped by the API server.
_FALSE_OR_ABSENT = frozenset(("readOnly", "stdin", "stdinOnce", "tty"))
_ZERO_OR_ABSENT = frozenset(("hostPort", "initialDelaySeconds"))
_AMOUNTS = frozenset(("limits", "requests"))


def tidy(value: Any) -> Any:
    """Without what the API server would drop: nulls, empty strings and lists, empty maps of strings, some defaults."""
    if isinstance(value, Mapping):
        return {name: found for name, item in value.items() if (found := _field(name, item)) is not None}
    if isinstance(value, (list, tuple)):
        return [tidy(item) for item in value]
    return value


def _field(name: str, value: Any) -> Any:
    if name in _AMOUNTS and isinstance(value, Mapping):
        return {key: _amount(item) for key, item in value.items()} or None
    if name in _MAPS and isinstance(value, Mapping) and all(isinstance(item, str) for item in value.values()):
        return dict(value) or None
    dropped = value == "" and name not in _TEXT_OR_ABSENT
    dropped = dropped or (value is False and name in _FALSE_OR_ABSENT)
    dropped = dropped or (isinstance(value, int) and not value and name in _ZERO_OR_ABSENT)
    if dropped or (isinstance(value, (list, tuple)) and not value):
        return None
    return tidy(value)


def _amount(value: Any) -> Any:
    try:
        return str(quantity.parse(value))
    except ValueError:
        return value  # refused by validate()


def container(given: Mapping[str, Any], volumes: Mapping[str, str]) -> dict[str, Any]:
    """A container, with the names of its volumes replaced by those in `volumes`."""
    result: dict[str, Any] = tidy(given)
    for port in result.get("ports", ()):
        # Part of a port's identity in server-side apply.
        port.setdefault("protocol", "TCP")
    for mount in result.get("volumeMounts", ()):
        mount["name"] = volumes.get(mount["name"], mount["name"])
    return result


def volume(given: Mapping[str, Any]) -> dict[str, Any]:
    """A volume. One without a source is an empty folder."""
    result: dict[str, Any] = tidy(given)
    source = result.get("emptyDir")
    if isinstance(source, dict) and "sizeLimit" in source:
        source["sizeLimit"] = _amount(source["sizeLimit"])
    return result if len(result) > 1 else {**result, "emptyDir": {}}


def claim(given: Mapping[str, Any]) -> dict[str, Any]:
    """A claim template, with the defaults of the API server, which the list is compared with as a whole."""
    metadata = given.get("metadata") or {}
    kept = {key: metadata[key] for key in ("name", "labels", "annotations") if key in metadata}
    spec: dict[str, Any] = tidy(given.get("spec") or {})
    return {
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "metadata": tidy(kept),
        "spec": {"volumeMode": "Filesystem", **spec},
    }
