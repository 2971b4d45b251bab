# Copyright: (c) 2026, the beekeeper.hivemq authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A mistyped role variable is found; results, facts and other roles' variables are left alone."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from ansible.errors import AnsibleError
from ansible_collections.beekeeper.hivemq.plugins.lookup.unknown_role_variables import LookupModule

SPECS = """
argument_specs:
  main:
    options:
      broker_name: {type: str}
      broker_wait_timeout: {type: int}
      site_kubeconfig: {type: str}
  absent:
    options:
      broker_allow_data_loss: {type: bool}
"""


@pytest.fixture
def role_path(tmp_path: Path) -> str:
    (tmp_path / "meta").mkdir()
    (tmp_path / "meta" / "argument_specs.yml").write_text(SPECS)
    return str(tmp_path)


def unknown(variables: dict[str, Any], *roles: str, **options: Any) -> list[str]:
    return LookupModule().run(list(roles or ("broker",)), variables, **options)


def test_known_variables_of_every_entry_point_pass(role_path: str) -> None:
    variables = {"role_path": role_path, "broker_name": "a", "broker_wait_timeout": 3, "broker_allow_data_loss": True}
    assert unknown(variables) == []


def test_typo_names_the_nearest_variable(role_path: str) -> None:
    assert unknown({"role_path": role_path, "broker_wait_timout": 3}) == [
        "broker_wait_timout is not a variable of the role broker; did you mean broker_wait_timeout?"
    ]


def test_case_does_not_hide_the_nearest_variable(role_path: str) -> None:
    assert unknown({"role_path": role_path, "broker_Wait_Timeout": 3}) == [
        "broker_Wait_Timeout is not a variable of the role broker; did you mean broker_wait_timeout?"
    ]


def test_far_off_name_lists_what_there_is_but_not_what_other_roles_share(role_path: str) -> None:
    (found,) = unknown({"role_path": role_path, "broker_zzz": 1})
    assert found.endswith("its variables are broker_allow_data_loss, broker_name, broker_wait_timeout.")


def test_all_unknown_variables_are_reported_at_once_in_order(role_path: str) -> None:
    found = unknown({"role_path": role_path, "broker_nam": 1, "broker_allow_dataloss": True})
    assert [line.split()[0] for line in found] == ["broker_allow_dataloss", "broker_nam"]


@pytest.mark.parametrize(
    "variables",
    [
        {"broker_result": {"changed": False, "failed": False, "msg": ""}},
        {"broker_found": True, "ansible_facts": {"broker_found": True}},
        {"__broker_internal": 1},
        {"brokers_of_mine": 1, "my_broker_name": 1, "other_role_name": 1},
    ],
    ids=["registered result", "fact", "internal", "other prefixes"],
)
def test_what_is_no_input_of_the_role_is_left_alone(role_path: str, variables: dict[str, Any]) -> None:
    assert unknown({"role_path": role_path, **variables}) == []


def test_a_dict_given_by_a_user_is_no_task_result(role_path: str) -> None:
    assert len(unknown({"role_path": role_path, "broker_sepc": {"changed": 1}})) == 1


def test_specs_can_be_named(role_path: str) -> None:
    assert len(unknown({"broker_zzz": 1}, specs=f"{role_path}/meta/argument_specs.yml")) == 1


@pytest.mark.parametrize(
    ("variables", "words"), [({}, "outside a role"), ({"role_path": "/nonexistent"}, "can't read")]
)
def test_missing_specs_are_an_error_not_an_empty_answer(variables: dict[str, Any], words: str) -> None:
    with pytest.raises(AnsibleError, match=words):
        unknown(variables)
