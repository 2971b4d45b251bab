# Copyright: (c) 2026, the beekeeper.hivemq authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Finds mistyped role variables: Ansible's own argument specs check those they know, and never see a misspelt one."""

from __future__ import annotations

DOCUMENTATION = r"""
name: unknown_role_variables
short_description: Find variables that look like a role's but are not
version_added: 0.1.0
author:
  - the beekeeper.hivemq authors (@beekeeper)
description:
  - Lists the variables whose names start with a role's name, but which its C(meta/argument_specs.yml) does not know.
    A mistyped variable is otherwise ignored without a word, and the default is used.
  - The names of all entry points of the role count as known.
  - Results of tasks (registered variables) and facts are not looked at, nor are names that start with two underscores.
options:
  _terms:
    description:
      - Names of roles. A variable belongs to a role when it starts with the role's name and an underscore.
    required: true
    type: list
    elements: str
  specs:
    description:
      - Path of the argument specs.
      - The default is C(meta/argument_specs.yml) of the role the lookup is used in.
    type: path
"""

EXAMPLES = r"""
- name: Preflight | Every variable is one the role knows
  ansible.builtin.assert:
    that: query('beekeeper.hivemq.unknown_role_variables', 'hivemq_cluster') | length == 0
    fail_msg: "{{ query('beekeeper.hivemq.unknown_role_variables', 'hivemq_cluster') | join(' ') }}"
"""

RETURN = r"""
_list:
  description: One sentence for each unknown variable, with the nearest known name where there is one.
  type: list
  elements: str
  sample:
    - >-
      hivemq_cluster_wait_timout is not a variable of the role hivemq_cluster; did you mean hivemq_cluster_wait_timeout?
"""

import difflib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import yaml
from ansible.errors import AnsibleError
from ansible.plugins.lookup import LookupBase


def known_names(specs: Mapping[str, Any]) -> set[str]:
    """Return the option names of every entry point in the content of a meta/argument_specs.yml."""
    return {name for spec in specs["argument_specs"].values() for name in spec.get("options", {})}


def own_names(role: str, variables: Mapping[str, Any]) -> list[str]:
    """Return the names in `variables` that a user may have meant for the role, sorted."""
    facts = variables.get("ansible_facts") or {}
    return sorted(
        name
        for name, value in variables.items()
        if name.startswith(f"{role}_") and name not in facts and not is_task_result(value)
    )


def is_task_result(value: object) -> bool:
    """Return whether `value` was registered by a task: such results always say whether they changed and failed."""
    return isinstance(value, Mapping) and {"changed", "failed"} <= value.keys()


def sentence(role: str, name: str, known: Iterable[str]) -> str:
    """Say that `name` is unknown, with the nearest name in `known`."""
    # Compared without the prefix: with it all of them look near.
    by_rest = {key.removeprefix(f"{role}_"): key for key in known}
    nearest = difflib.get_close_matches(name.removeprefix(f"{role}_").lower(), by_rest, n=1, cutoff=0.6)
    if nearest:
        return f"{name} is not a variable of the role {role}; did you mean {by_rest[nearest[0]]}?"
    names = ", ".join(sorted(key for key in known if key.startswith(f"{role}_")))
    return f"{name} is not a variable of the role {role}; its variables are {names}."


class LookupModule(LookupBase):
    """See DOCUMENTATION."""

    def run(self, terms: list[str], variables: Mapping[str, Any] | None = None, **kwargs: Any) -> list[str]:
        """Return a sentence for each unknown variable of the roles named in `terms`."""
        variables = variables or {}
        path = kwargs.get("specs")
        if path is None:
            if "role_path" not in variables:
                raise AnsibleError("unknown_role_variables: outside a role the option specs must name the file")
            path = f"{variables['role_path']}/meta/argument_specs.yml"
        try:
            known = known_names(yaml.safe_load(Path(path).read_text(encoding="utf-8")))
        except OSError as error:
            raise AnsibleError(f"unknown_role_variables: can't read the argument specs: {error}") from error
        return [
            sentence(role, name, known) for role in terms for name in own_names(role, variables) if name not in known
        ]
