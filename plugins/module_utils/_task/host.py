# Copyright: (c) 2026, the beekeeper.hivemq authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a module needs of the place it runs in, so that each is written once for a module and for an action plugin.

A task is a Python module in this package with ``ARGUMENT_SPEC``, ``OPTIONS`` (further arguments of ``AnsibleModule``),
``missing_libraries() -> list[str]`` and ``run(host) -> dict``. ``run`` returns the result, or raises ``KubeError`` or
``TaskFailure``; ``execute`` turns either into what Ansible wants. This module util is private to the collection.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, NoReturn, Protocol

from ansible.module_utils.basic import AnsibleModule, env_fallback

from .._kube import auth
from .._kube.client import KubeClient
from .._kube.errors import KubeError

FIELD_MANAGER = "beekeeper-ansible"


class TaskFailure(Exception):  # noqa: N818 - what it is called in results
    """A task can't go on. ``result`` is returned beside the message."""

    def __init__(
        self, message: str, *, next_step: str = "", code: str = "Failed", subject: str = "", **result: Any
    ) -> None:
        # A message that ends with lines of its own (events, a log) keeps them apart from what to do next.
        joined = f"{message}{next_step}" if message.endswith("\n") else f"{message.rstrip('. ')}. {next_step}"
        super().__init__(joined.strip() if next_step else message)
        self.next_step = next_step
        self.code = code
        self.subject = subject
        self.result = result


class TaskHost(Protocol):
    """The place a task runs in: an ``AnsibleModule``, an action plugin, or a test."""

    params: dict[str, Any]
    check_mode: bool
    diff: bool
    client: KubeClient | None

    def warn(self, text: str) -> None:
        """Show a warning."""

    def progress(self, line: str) -> None:
        """Tell how far it is: at once in an action plugin, in the result's ``progress`` list in a module."""

    def hide(self, values: Iterable[str]) -> None:
        """Keep these values out of everything that is shown."""

    def exit(self, **result: Any) -> NoReturn:
        """End the task well."""

    def fail(self, msg: str, **result: Any) -> NoReturn:
        """End the task with a failure."""


class ModuleHost:
    """A task that runs as an ordinary module. Nothing is shown before it ends: progress is collected."""

    def __init__(self, module: AnsibleModule) -> None:
        self.module = module
        self.params: dict[str, Any] = module.params
        self.check_mode: bool = module.check_mode
        self.diff: bool = module._diff
        self.client: KubeClient | None = None
        self.lines: list[str] = []

    def warn(self, text: str) -> None:
        self.module.warn(text)

    def progress(self, line: str) -> None:
        self.lines.append(line)

    def hide(self, values: Iterable[str]) -> None:
        self.module.no_log_values.update(values)

    def exit(self, **result: Any) -> NoReturn:
        self.module.exit_json(progress=self.lines, **result)
        raise AssertionError("not reached: exit_json ends the process")

    def fail(self, msg: str, **result: Any) -> NoReturn:
        self.module.fail_json(msg=msg, progress=self.lines, **result)
        raise AssertionError("not reached: fail_json ends the process")


def module_host(module: AnsibleModule) -> ModuleHost:
    """The host of a task that runs as an ordinary module."""
    return ModuleHost(module)


def _argument(data: Mapping[str, Any]) -> dict[str, Any]:
    """One option of ``auth.AUTH_ARGS`` as Ansible's argument spec has it."""
    spec: dict[str, Any] = {key: value for key, value in data.items() if key not in ("env", "options")}
    if data.get("env"):
        spec["fallback"] = (env_fallback, data["env"])
    if data.get("options"):
        spec["options"] = {name: _argument(option) for name, option in data["options"].items()}
        spec["apply_defaults"] = True  # else the suboptions' environment variables are never looked at
    return spec


AUTH_ARGUMENTS: dict[str, Any] = {name: _argument(data) for name, data in auth.AUTH_ARGS.items()}


def wait_arguments(timeout: int = 300) -> dict[str, Any]:
    """The options ``wait`` and ``wait_timeout`` (seconds)."""
    return {"wait": {"type": "bool", "default": True}, "wait_timeout": {"type": "int", "default": timeout}}


WAIT_ARGUMENTS: dict[str, Any] = wait_arguments()


@contextmanager
def cluster_client(host: TaskHost, field_manager: str = FIELD_MANAGER) -> Iterator[KubeClient]:
    """A client of the cluster that the host's authentication options mean; closed at the end."""
    host.hide(auth.kubeconfig_secrets(host.params.get("kubeconfig")))
    client = KubeClient(auth.connect(host.params), field_manager=field_manager, on_warning=host.warn)
    host.client = client
    try:
        yield client
    finally:
        client.close()


def execute(host: TaskHost, run: Callable[[Any], dict[str, Any]]) -> NoReturn:
    """Run a task and end it through its host: one place that maps every known error to one clear message."""
    try:
        result = run(host)
    except KubeError as error:
        failure = {
            "code": error.code,
            "object": error.request.subject() if error.request else "",
            "next_step": error.next_step,
        }
        host.fail(str(error), failure=failure, **_cluster(host))
    except TaskFailure as error:
        failure = {"code": error.code, "object": error.subject, "next_step": error.next_step}
        host.fail(str(error), failure=failure, **{**_cluster(host), **error.result})
    host.exit(**{**_cluster(host), **result})


def _cluster(host: TaskHost) -> dict[str, Any]:
    if host.client is None:
        return {"cluster": {"host": "", "context": "", "user": ""}, "api_calls": 0}
    return {"cluster": host.client.identity.as_dict(), "api_calls": host.client.calls}
