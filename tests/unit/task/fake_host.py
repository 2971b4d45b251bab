# Copyright: (c) 2026, the beekeeper.hivemq authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A task host that keeps what it is told."""

from __future__ import annotations

from collections.abc import Iterable
from types import ModuleType
from typing import Any, NoReturn

from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible_collections.beekeeper.hivemq.plugins.module_utils._task.host import execute


class Ended(Exception):  # noqa: N818 - it is no error
    """The task ended."""


class FakeHost:
    """Give it options as a playbook would; ``result`` is what Ansible would get."""

    def __init__(self, task: ModuleType, check: bool = False, diff: bool = True, **options: Any) -> None:
        checked = ArgumentSpecValidator(task.ARGUMENT_SPEC, **task.OPTIONS).validate(options)
        assert not checked.error_messages, checked.error_messages
        self.params: dict[str, Any] = checked.validated_parameters
        self.check_mode = check
        self.diff = diff
        self.client: Any = None
        self.lines: list[str] = []
        self.warnings: list[str] = []
        self.hidden: set[str] = set()
        self.result: dict[str, Any] = {}

    def warn(self, text: str) -> None:
        self.warnings.append(text)

    def progress(self, line: str) -> None:
        self.lines.append(line)

    def hide(self, values: Iterable[str]) -> None:
        self.hidden.update(values)

    def exit(self, **result: Any) -> NoReturn:
        self.result = result
        raise Ended

    def fail(self, msg: str, **result: Any) -> NoReturn:
        self.result = {"failed": True, "msg": msg, **result}
        raise Ended


def run(task: ModuleType, *, check: bool = False, diff: bool = True, how: Any = None, **options: Any) -> FakeHost:
    """Run a task to its end. ``how``: another ``run`` than the task's own."""
    host = FakeHost(task, check, diff, **options)
    try:
        execute(host, how or task.run)
    except Ended:
        return host
    raise AssertionError("execute must end the task")
