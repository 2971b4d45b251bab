# Copyright: (c) 2026, the beekeeper.hivemq authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ownership, read from what a real API server recorded."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible_collections.beekeeper.hivemq.plugins.module_utils._kube.manifests import from_definition, prepare
from ansible_collections.beekeeper.hivemq.plugins.module_utils._kube.ownership import is_applied, quantity

FIXTURES = Path(__file__).parent / "fixtures"
MANAGER = "beekeeper-ansible"
LIVE: dict[str, Any] = json.loads((FIXTURES / "applied.json").read_text())
DESIRED: dict[str, Any] = {
    manifest.kind: manifest.obj for manifest in prepare(from_definition((FIXTURES / "applied.yaml").read_text()))
}
POD = ("spec", "template", "spec")


def test_the_fixtures_belong_together() -> None:
    assert set(LIVE) == set(DESIRED)
    assert len(LIVE) == 13
    assert sum(1 for obj in LIVE.values() if obj["metadata"].get("managedFields")) == 12  # all but the bare account


@pytest.mark.parametrize("kind", sorted(LIVE))
def test_what_was_applied_is_applied(kind: str) -> None:
    assert is_applied(LIVE[kind], DESIRED[kind], MANAGER)
    assert not is_applied(LIVE[kind], DESIRED[kind], "someone-else") or kind == "ServiceAccount"


def changed(obj: dict[str, Any], path: tuple[Any, ...], value: Any) -> dict[str, Any]:
    """A copy with one value replaced; removed if it is Ellipsis."""
    result: dict[str, Any] = copy.deepcopy(obj)
    place: Any = result
    for part in path[:-1]:
        place = place[part]
    if value is ...:
        del place[path[-1]]
    else:
        place[path[-1]] = value
    return result


@pytest.mark.parametrize(
    ("kind", "path", "value"),
    [
        ("ConfigMap", ("data", "a"), "2"),
        ("ConfigMap", ("data", "a"), 1),  # not the same as "1"
        ("ConfigMap", ("data", "new"), "x"),
        ("ConfigMap", ("data", "b"), ...),  # ours, and no longer wanted
        ("ConfigMap", ("metadata", "annotations"), ...),
        ("ConfigMap", ("metadata", "labels"), {"new": "x"}),
        ("Secret", ("data", "password"), "b3RoZXI="),
        ("Namespace", ("metadata", "labels", "x"), "z"),
        ("Role", ("rules", 0, "verbs"), ["get", "list"]),
        ("Role", ("rules", 0, "verbs"), []),
        ("RoleBinding", ("subjects", 0, "name"), "other"),
        ("Service", ("spec", "selector", "app"), ...),
        ("Service", ("spec", "ports", 0, "targetPort"), "other"),
        ("Service", ("spec", "ports"), []),
        ("NetworkPolicy", ("spec", "ingress", 0, "ports", 0, "port"), 81),
        ("Deployment", ("spec", "replicas"), 1),
        ("Deployment", ("spec", "replicas"), False),  # 0 is not false
        ("Deployment", (*POD, "containers", 0, "image"), "other"),
        ("Deployment", (*POD, "containers", 0, "command"), ["sleep"]),
        ("Deployment", (*POD, "containers", 0, "env", 0, "value"), "2"),
        ("Deployment", (*POD, "containers", 0, "env", 1, "valueFrom", "fieldRef", "fieldPath"), "metadata.uid"),
        ("Deployment", (*POD, "containers", 0, "resources", "limits", "cpu"), "1001m"),
        ("Deployment", (*POD, "containers", 0, "ports", 0, "protocol"), "UDP"),
        ("Deployment", (*POD, "containers", 0, "livenessProbe", "periodSeconds"), 10),  # the default, but not ours yet
        ("Deployment", (*POD, "volumes", 0, "emptyDir"), {"medium": "Memory"}),
        ("Deployment", (*POD, "nodeSelector"), {"a": "b"}),
        ("StatefulSet", ("spec", "volumeClaimTemplates", 0, "spec", "resources", "requests", "storage"), "2Gi"),
        ("CustomResourceDefinition", ("spec", "versions", 0, "served"), False),
        ("Widget", ("spec", "l"), ["y", "x"]),
        ("Widget", ("spec", "m"), {}),
        ("Widget", ("apiVersion",), "kube-it.example.com/v2"),
    ],
)
def test_a_change_of_what_is_wanted_is_seen(kind: str, path: tuple[Any, ...], value: Any) -> None:
    assert not is_applied(LIVE[kind], changed(DESIRED[kind], path, value), MANAGER)


@pytest.mark.parametrize(
    ("kind", "path", "value"),
    [
        ("ConfigMap", ("data", "a"), "2"),
        ("ConfigMap", ("data", "b"), ...),
        ("Deployment", ("spec", "replicas"), 3),
        ("Deployment", (*POD, "containers", 0, "image"), "other"),
        ("Deployment", ("metadata", "deletionTimestamp"), "2026-01-01T00:00:00Z"),
        ("Role", ("rules", 0, "resourceNames"), ["x"]),
        ("Widget", ("spec", "l"), ["x", "y", "z"]),
    ],
)
def test_a_change_of_what_is_there_is_seen(kind: str, path: tuple[Any, ...], value: Any) -> None:
    assert not is_applied(changed(LIVE[kind], path, value), DESIRED[kind], MANAGER)


@pytest.mark.parametrize(
    ("kind", "path", "value"),
    [
        ("ConfigMap", ("data", "other"), "somebody else's"),
        ("ConfigMap", ("metadata", "labels"), {"somebody": "else"}),
        ("Deployment", ("status", "replicas"), 7),
        ("Deployment", (*POD, "terminationGracePeriodSeconds"), 60),
        ("Deployment", ("metadata", "annotations", "deployment.kubernetes.io/revision"), "2"),
    ],
)
def test_what_others_add_is_none_of_our_business(kind: str, path: tuple[Any, ...], value: Any) -> None:
    assert is_applied(changed(LIVE[kind], path, value), DESIRED[kind], MANAGER)


def edit_entry(kind: str, edit: Callable[[dict[str, Any]], None]) -> dict[str, Any]:
    live: dict[str, Any] = copy.deepcopy(LIVE[kind])
    for entry in live["metadata"]["managedFields"]:
        if entry["manager"] == MANAGER:
            edit(entry)
    return live


@pytest.mark.parametrize(
    "edit",
    [
        lambda entry: entry.update(operation="Update"),
        lambda entry: entry.update(subresource="status"),
        lambda entry: entry.update(apiVersion="v2"),
        lambda entry: entry["fieldsV1"]["f:data"].pop("f:a"),  # somebody took it over
        lambda entry: entry["fieldsV1"]["f:data"].update({"f:c": {}}),
        lambda entry: entry["fieldsV1"]["f:data"].update({"i:0": {}}),
        lambda entry: entry.pop("fieldsV1"),
    ],
)
def test_a_record_that_says_something_else(edit: Callable[[dict[str, Any]], None]) -> None:
    assert not is_applied(edit_entry("ConfigMap", edit), DESIRED["ConfigMap"], MANAGER)


def test_two_records_of_ours() -> None:
    live = copy.deepcopy(LIVE["ConfigMap"])
    live["metadata"]["managedFields"] *= 2
    assert not is_applied(live, DESIRED["ConfigMap"], MANAGER)


def test_a_list_of_another_order() -> None:
    desired = copy.deepcopy(DESIRED["Deployment"])
    desired["spec"]["template"]["spec"]["containers"][0]["env"].reverse()
    assert not is_applied(LIVE["Deployment"], desired, MANAGER)


def test_a_set_of_values() -> None:
    live = {
        "apiVersion": "v1",
        "metadata": {
            "finalizers": ["other/f", "a/f", "b/f"],
            "managedFields": [
                {
                    "manager": "m",
                    "operation": "Apply",
                    "apiVersion": "v1",
                    "fieldsV1": {"f:metadata": {"f:finalizers": {'v:"a/f"': {}, 'v:"b/f"': {}}}},
                }
            ],
        },
    }
    desired = {"apiVersion": "v1", "metadata": {"name": "x", "finalizers": ["a/f", "b/f"]}}
    assert is_applied(live, desired, "m")
    for other in (["a/f"], ["b/f", "a/f"], ["a/f", "c/f"], ["a/f", "a/f"]):
        assert not is_applied(live, {**desired, "metadata": {"name": "x", "finalizers": other}}, "m")


def test_defaults_are_known_for_kubernetes_own_kinds_only() -> None:
    """``apiVersion`` in a ``fieldRef`` is a default in a pod; in a custom resource it may be what somebody removed."""

    def live(version: str) -> dict[str, Any]:
        fields: dict[str, Any] = {"f:spec": {"f:fieldRef": {}}}
        entry = {"manager": "m", "operation": "Apply", "apiVersion": version, "fieldsV1": fields}
        spec = {"fieldRef": {"fieldPath": "x", "apiVersion": "v1"}}
        return {"apiVersion": version, "metadata": {"managedFields": [entry]}, "spec": spec}

    desired = {"metadata": {"name": "x"}, "spec": {"fieldRef": {"fieldPath": "x"}}}
    assert is_applied(live("apps/v1"), {"apiVersion": "apps/v1", **desired}, "m")
    assert not is_applied(live("example.com/v1"), {"apiVersion": "example.com/v1", **desired}, "m")


def test_a_bare_object_is_applied_once_it_is_there() -> None:
    desired = {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "x", "namespace": "y"}}
    assert is_applied({"apiVersion": "v1", "metadata": {"name": "x"}}, desired, "m")
    with_label = {**desired, "metadata": {"name": "x", "labels": {"a": "b"}}}
    assert not is_applied({"apiVersion": "v1", "metadata": {"name": "x"}}, with_label, "m")


@pytest.mark.parametrize(
    ("text", "amount"),
    [
        ("0.5", "0.5"), ("500m", "0.5"), (1, "1"), ("1", "1"), ("1Gi", str(2**30)), ("1024Mi", str(2**30)),
        ("1e3", "1000"), ("1k", "1000"), ("2E", "2e18"), ("x", None), (True, None), ("", None), ("1Zi", None),
    ],
)  # fmt: skip
def test_quantities(text: Any, amount: str | None) -> None:
    found = quantity(text)
    assert found == (None if amount is None else Decimal(amount))


def test_the_manifests_are_yaml() -> None:
    assert len(list(yaml.safe_load_all((FIXTURES / "applied.yaml").read_text()))) == 13
