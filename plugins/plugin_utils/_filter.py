# Copyright: (c) 2026, the beekeeper.hivemq authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the filters on a HiveMQCluster have in common: what they take, and how they refuse the rest."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible.errors import AnsibleFilterError

from ..module_utils._hivemq import names
from ..module_utils._hivemq.validate import errors, validate

_HINTS = {
    "str": "text; turn it into data with from_yaml",
    "list": "a list; use map() to treat its items one by one, or first to take one",
    "tuple": "a list; use map() to treat its items one by one, or first to take one",
    "NoneType": "empty",
}


def plain(value: Any) -> Any:
    """Templated data as plain dicts and lists: Ansible's own are templated when they are looked at."""
    if isinstance(value, Mapping):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    return value


def resource(value: Any, name: str, which: str = "the input") -> dict[str, Any]:
    """The HiveMQCluster that the filter `name` was given. Raises AnsibleFilterError for anything else."""
    if not isinstance(value, Mapping):
        bases = [base.__name__ for base in type(value).__mro__]  # Ansible's own text is a kind of str
        what = next((_HINTS[base] for base in bases if base in _HINTS), bases[0])
        raise refusal(name, f"{which} must be a {names.KIND}, but is {what}")
    kind = value.get("kind")
    if kind != names.KIND:
        found = f"is a {kind}" if isinstance(kind, str) and kind else "has no kind"
        raise refusal(name, f"{which} must be a {names.KIND}, but {found}")
    return {str(key): plain(item) for key, item in value.items()}


def require_sound(given: Mapping[str, Any], name: str) -> None:
    """Raises AnsibleFilterError with all that is wrong with the resource, if anything is."""
    refused = errors(validate(given))
    if refused:
        count = "1 problem" if len(refused) == 1 else f"{len(refused)} problems"
        listed = "\n".join(f"  - {finding}" for finding in refused)
        raise refusal(name, f"the {names.KIND} isn't sound, {count}:\n{listed}")


def refusal(name: str, text: str) -> AnsibleFilterError:
    """The error a filter ends with."""
    return AnsibleFilterError(f"beekeeper.hivemq.{name}: {text}")
