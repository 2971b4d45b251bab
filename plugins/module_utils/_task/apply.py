# Copyright: (c) 2026, the beekeeper.hivemq authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What hivemq_apply does. This module util is private to the collection. It can change at any time."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from .._kube import libs, manifests
from .._kube.apply import ApplyResult, Prune, Settings, apply_set, find_labelled, prunable_kinds, strays
from .._kube.client import KubeClient
from .._kube.errors import DeadlineExceeded, InvalidManifest, KubeError, NeverReady
from .._kube.events import Explanation, workload_failure
from .._kube.manifests import Manifest
from .._kube.removal import delete_set, prune_set
from .._kube.wait import Target
from .host import AUTH_ARGUMENTS, FIELD_MANAGER, WAIT_ARGUMENTS, TaskFailure, TaskHost, cluster_client

ARGUMENT_SPEC: dict[str, Any] = {
    **AUTH_ARGUMENTS,
    **WAIT_ARGUMENTS,
    "definition": {"type": "raw", "no_log": False, "aliases": ["manifests"]},
    "src": {"type": "list", "elements": "path"},
    "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
    "namespace": {"type": "str"},
    "force_conflicts": {"type": "bool", "default": True},
    "field_manager": {"type": "str", "default": FIELD_MANAGER},
    "allow_data_loss": {"type": "bool", "default": False},
    "prune": {
        "type": "dict",
        "options": {
            "label_selector": {"type": "str", "required": True},
            "kinds": {
                "type": "list",
                "elements": "dict",
                "options": {
                    "api_version": {"type": "str", "required": True},
                    "kind": {"type": "str", "required": True},
                },
            },
            "namespaces": {"type": "list", "elements": "str", "default": []},
        },
    },
}
OPTIONS: dict[str, Any] = {"required_one_of": [("definition", "src")]}


def missing_libraries() -> list[str]:
    """The requirements that this interpreter lacks."""
    return libs.missing()


def read_files(names: Sequence[str]) -> list[tuple[Any, str]]:
    """The documents of manifest files, each with where it came from."""
    found: list[tuple[Any, str]] = []
    for name in names:
        try:
            with open(name, encoding="utf-8") as stream:
                text = stream.read()
        except (OSError, UnicodeDecodeError) as error:
            raise InvalidManifest(
                f"{name} can't be read: {error}", next_step="Correct src; nothing was sent."
            ) from error
        found += manifests.from_yaml(text, name)
    return found


def run(host: TaskHost) -> dict[str, Any]:
    """Apply or delete the set. See the module's documentation for the result."""
    libs.require()
    params = host.params
    absent = params["state"] == "absent"
    raw = manifests.from_definition(params["definition"]) + read_files(params["src"] or [])
    prepared = manifests.prepare(raw, namespace=params["namespace"], state=params["state"])
    for manifest in prepared:
        host.hide(manifests.secret_values(manifest.obj))
    prune = _prune(params, prepared)
    settings = Settings(
        check=host.check_mode,
        force=params["force_conflicts"],
        wait=params["wait"],
        wait_timeout=float(params["wait_timeout"]),
        progress=host.progress,
    )
    result = ApplyResult()
    with cluster_client(host, params["field_manager"]) as client:
        try:
            if absent:
                delete_set(client, prepared, settings, allow_data_loss=params["allow_data_loss"], result=result)
            else:
                labelled = find_labelled(client, prune) if prune else []
                apply_set(client, prepared, settings, seen=labelled, result=result)
                doomed = strays(labelled, prepared)
                prune_set(client, doomed, settings, allow_data_loss=params["allow_data_loss"], result=result)
        except KubeError as error:
            raise _failure(client, error, _result(host, result)) from error
        return _result(host, result)


def _prune(params: dict[str, Any], prepared: Sequence[Manifest]) -> Prune | None:
    wanted = params["prune"]
    if not wanted:
        return None
    if params["state"] == "absent":
        raise TaskFailure(
            "prune is for state: present", next_step="Without manifests to keep, name what to delete.", code="BadOption"
        )
    selector = wanted["label_selector"].strip()
    if not selector:
        raise TaskFailure(
            "prune.label_selector is empty, so every object would be pruned",
            next_step="Name the label that only objects of this set carry.",
            code="BadOption",
        )
    if wanted["kinds"] is None:
        kinds = prunable_kinds(prepared)
    else:
        kinds = tuple((item["api_version"], item["kind"]) for item in wanted["kinds"])
    return Prune(selector, kinds, tuple(wanted["namespaces"] or ()))


def _result(host: TaskHost, result: ApplyResult) -> dict[str, Any]:
    done = {
        "changed": result.changed,
        "objects": [item.as_dict() for item in result.objects],
        "summary": result.summary,
    }
    return {**done, "diff": result.diffs} if host.diff else done


def _failure(client: KubeClient, error: KubeError, result: dict[str, Any]) -> TaskFailure:
    """The error, with what was done before it, and what the pods say when a wait has failed."""
    message, step = error.message, error.next_step
    if isinstance(error, (DeadlineExceeded, NeverReady)):
        found = _explain(client, error.pending)
        message += f"\n{found.text}\n" if found.text else ""
        step = found.next_step or step
    return TaskFailure(
        message,
        next_step=step,
        code=error.code,
        subject=error.request.subject() if error.request else "",
        **result,
    )


def _explain(client: KubeClient, pending: Sequence[Target]) -> Explanation:
    for target in pending:
        try:
            found = workload_failure(client, target.kind, target.name, target.namespace or "")
        except KubeError:
            continue  # the wait's own words stand; these only explain
        if found.text:
            return found
    return Explanation()
