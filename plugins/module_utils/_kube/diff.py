# Copyright: (c) 2026, the beekeeper.hivemq authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a change looks like to a person: without the API server's bookkeeping, and with no secret in it.

This module util is private to the collection and must not import Ansible.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any

from . import libs

MASK = "***"
MASK_CHANGED = "*** (changed)"
_BOOKKEEPING = ("managedFields", "resourceVersion", "generation", "creationTimestamp", "uid", "selfLink")
_LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"


def clean(obj: Mapping[str, Any] | None) -> dict[str, Any]:
    """What a person wrote or could have written: no status, no bookkeeping. Empty for None."""
    if not obj:
        return {}
    result = {key: value for key, value in obj.items() if key != "status"}
    metadata = {key: value for key, value in (obj.get("metadata") or {}).items() if key not in _BOOKKEEPING}
    annotations = {k: v for k, v in (metadata.get("annotations") or {}).items() if k != _LAST_APPLIED}
    metadata.pop("annotations", None)
    if annotations:
        metadata["annotations"] = annotations
    result["metadata"] = metadata
    return copy.deepcopy(result)


def mask(obj: Mapping[str, Any], other: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """The object with the values of a Secret replaced; those that differ from ``other``'s are marked as changed."""
    result = dict(obj)
    if obj.get("kind") != "Secret":
        return result
    for part in ("data", "stringData"):
        values = obj.get(part)
        if isinstance(values, Mapping):
            before = (other or {}).get(part) or {}
            result[part] = {
                key: MASK_CHANGED if key in before and before[key] != value else MASK for key, value in values.items()
            }
    return result


def describe(obj: Mapping[str, Any]) -> str:
    """``Kind namespace/name``, or ``Kind name`` when the object is in no namespace."""
    metadata = obj.get("metadata") or {}
    namespace = metadata.get("namespace")
    return f"{obj.get('kind')} {namespace + '/' if namespace else ''}{metadata.get('name')}"


def diff(before: Mapping[str, Any] | None, after: Mapping[str, Any] | None) -> dict[str, str]:
    """One entry of Ansible's ``diff``: YAML before and after, cleaned and masked. None: the object isn't there."""
    old, new = clean(before), clean(after)
    header = describe(new or old)
    return {
        "before": to_yaml(mask(old)) if old else "",
        "after": to_yaml(mask(new, old)) if new else "",
        "before_header": header,
        "after_header": header,
    }


def to_yaml(obj: Any) -> str:
    """Readable YAML in a stable order."""
    dumper = getattr(libs.yaml, "CSafeDumper", libs.yaml.SafeDumper)
    return str(libs.yaml.dump(obj, Dumper=dumper, default_flow_style=False, sort_keys=True, width=160))
