# Copyright: (c) 2026, the beekeeper.hivemq authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Base of the action plugins: the module's own code in the control process, with live progress lines.

An Ansible module can't show anything before it ends, and starting it costs most of a second. This code runs where the
connection is local and its libraries can be imported; otherwise the module of the same name is executed as usual.
This plugin util is private to the collection.
"""

from __future__ import annotations

import difflib
import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, NoReturn

from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible.module_utils.common.parameters import remove_values
from ansible.module_utils.parsing.convert_bool import boolean
from ansible.plugins.action import ActionBase
from ansible.utils.display import Display

from ..module_utils._task.host import execute

display = Display()

# A task variable: set it to false to execute the ordinary module in any case.
IN_PROCESS_VARIABLE = "beekeeper_hivemq_in_process"


class _Ended(Exception):  # noqa: N818 - it is no error
    """Carries the result out of the task."""

    def __init__(self, result: dict[str, Any]) -> None:
        super().__init__()
        self.result = result


def _plain(value: Any) -> Any:
    """Without Ansible's own subclasses of text and containers, which other libraries can't write as YAML."""
    if isinstance(value, Mapping):
        return {_plain(key): _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    return str.__str__(value) if isinstance(value, str) else value


class ActionHost:
    """A task that runs in the control process, for the inventory host ``name``. See ``_task.host.TaskHost``."""

    def __init__(self, name: str, params: dict[str, Any], check_mode: bool, diff: bool, secrets: Iterable[str]) -> None:
        self.name = name
        self.params = params
        self.check_mode = check_mode
        self.diff = diff
        self.client: Any = None
        self.secrets = {str(value) for value in secrets}

    def warn(self, text: str) -> None:
        display.warning(self._clean(text))

    def progress(self, line: str) -> None:
        display.display(f"  [{self.name}] {self._clean(line)}")

    def hide(self, values: Iterable[str]) -> None:
        self.secrets.update(str(value) for value in values)

    def exit(self, **result: Any) -> NoReturn:
        raise _Ended(self._clean(result))

    def fail(self, msg: str, **result: Any) -> NoReturn:
        raise _Ended(self._clean({"failed": True, "msg": msg, **result}))

    def _clean(self, value: Any) -> Any:
        return remove_values(value, self.secrets) if self.secrets else value


class InProcessAction(ActionBase):
    """Set ``TASK`` to the module's ``_task`` module."""

    TASK: Any = None
    _supports_check_mode = True
    _supports_async = True

    def run(self, tmp: Any = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Called by Ansible; returns the task's result."""
        task_vars = task_vars or {}
        result: dict[str, Any] = super().run(tmp, task_vars)
        if not self._in_process(task_vars):
            arguments = self.arguments_for_module(dict(self._task.args))
            executed = self._execute_module(
                module_args=arguments, task_vars=task_vars, wrap_async=bool(self._task.async_val)
            )
            result.update(executed)
            return result
        with self._environment():
            result.update(self._run_here(str(task_vars.get("inventory_hostname", "localhost"))))
        return result

    def arguments_for_module(self, arguments: dict[str, Any]) -> dict[str, Any]:
        """The arguments when the module is executed elsewhere: what only the control node has must be put in."""
        return arguments

    def arguments_for_process(self, arguments: dict[str, Any]) -> dict[str, Any]:
        """The arguments when the task runs here."""
        return arguments

    def _in_process(self, task_vars: dict[str, Any]) -> bool:
        if not boolean(self._templar.template(task_vars.get(IN_PROCESS_VARIABLE, True))):
            return False
        local = getattr(self._connection, "transport", "") == "local"
        become = getattr(self._connection, "become", None) is not None
        return local and not become and not self._task.async_val and not self.TASK.missing_libraries()

    def _run_here(self, name: str) -> dict[str, Any]:
        arguments = self.arguments_for_process(dict(self._task.args))
        validator = ArgumentSpecValidator(self.TASK.ARGUMENT_SPEC, **self._validator_options())
        checked = validator.validate(arguments)
        if checked.unsupported_parameters:
            return {"failed": True, "msg": self._unknown_options(checked.unsupported_parameters)}
        if checked.error_messages:
            return {"failed": True, "msg": f"{self._task.action}: {'; '.join(checked.error_messages)}"}
        host = ActionHost(
            name=name,
            params=_plain(checked.validated_parameters),
            check_mode=bool(self._task.check_mode),
            diff=bool(self._task.diff),
            secrets=checked._no_log_values,
        )
        try:
            execute(host, self.TASK.run)
        except _Ended as ended:
            return ended.result

    def _unknown_options(self, unknown: Iterable[Any]) -> str:
        known: dict[str, Any] = self.TASK.ARGUMENT_SPEC
        words = []
        for option in sorted(".".join(name) if isinstance(name, tuple) else str(name) for name in unknown):
            near = difflib.get_close_matches(option, known, n=1)
            words.append(f"'{option}'" + (f" (did you mean '{near[0]}'?)" if near else ""))
        listed = ", ".join(sorted(known))
        return f"{self._task.action} has no option {' and no option '.join(words)}. Its options: {listed}."

    def _validator_options(self) -> dict[str, Any]:
        names = ("mutually_exclusive", "required_together", "required_one_of", "required_if", "required_by")
        return {name: self.TASK.OPTIONS[name] for name in names if name in self.TASK.OPTIONS}

    @contextmanager
    def _environment(self) -> Iterator[None]:
        """The task's ``environment`` keyword, in force while the task runs in this process."""
        wanted: dict[str, Any] = {}
        self._compute_environment_string(raw_environment_out=wanted)
        before = {name: os.environ.get(name) for name in wanted}
        os.environ.update({name: str(value) for name, value in wanted.items()})
        try:
            yield
        finally:
            for name, value in before.items():
                if value is None:
                    os.environ.pop(name, None)
                else:
                    os.environ[name] = value
