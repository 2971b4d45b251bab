# Copyright: (c) 2026, the beekeeper.hivemq authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Manifests: what is refused, how they're made sound, and their order."""

from __future__ import annotations

import datetime
from typing import Any

import pytest
from ansible_collections.beekeeper.hivemq.plugins.module_utils._kube.errors import InvalidManifest
from ansible_collections.beekeeper.hivemq.plugins.module_utils._kube.manifests import (
    from_definition,
    from_yaml,
    normalise,
    prepare,
    secret_values,
)


def make(kind: str, name: str = "x", version: str = "v1", **more: Any) -> dict[str, Any]:
    return {"apiVersion": version, "kind": kind, "metadata": {"name": name}, **more}


@pytest.mark.parametrize(
    ("definition", "words"),
    [
        ([make("ConfigMap"), {"kind": "Pod"}], r"definition\[1\] \(Pod\) has no apiVersion and no metadata.name"),
        ({"apiVersion": "v1", "metadata": {"name": "a"}}, r"definition \(a\) has no kind"),
        ([make("ConfigMap"), "just text"], r"definition\[1\], document 1 isn't a manifest but a str"),
        ([["nested"]], r"definition\[0\] isn't a manifest but a list"),
        (5, "definition is a int"),
        ("a: b: c", "definition isn't valid YAML: mapping values are not allowed"),
        ({**make("Pod"), "metadata": {"name": 5}}, "has no metadata.name"),
        ([make("Secret", data={"k": "not base64!"})], r"Secret x: data.k isn't base64"),
        (
            [make("ConfigMap"), {"apiVersion": "v1", "kind": "List", "items": [make("ConfigMap")]}],
            r"ConfigMap x is there twice: in definition\[0\] and in definition\[1\], item 0",
        ),
        ("a: 1\n---\nkind: X\n", "definition, document 1 has no apiVersion and no kind"),
    ],
)
def test_what_is_refused(definition: Any, words: str) -> None:
    with pytest.raises(InvalidManifest, match=words) as caught:
        prepare(from_definition(definition))
    assert caught.value.next_step


def test_a_file_is_named() -> None:
    with pytest.raises(InvalidManifest, match=r"op\.yaml, document 2 has no apiVersion"):
        prepare(from_yaml("apiVersion: v1\nkind: Pod\nmetadata: {name: x}\n---\nfoo: bar\n", "op.yaml"))


def test_same_name_elsewhere_is_another_object() -> None:
    others = [
        make("ConfigMap"),
        {**make("ConfigMap"), "metadata": {"name": "x", "namespace": "other"}},
        make("Secret"),
        make("Deployment", version="apps/v1"),
        make("Deployment", version="example.com/v1"),
    ]
    assert len(prepare(from_definition(others))) == 5


def test_order() -> None:
    kinds = [
        ("ValidatingWebhookConfiguration", "admissionregistration.k8s.io/v1"),
        ("HiveMQCluster", "hivemq.com/v1"),
        ("Deployment", "apps/v1"),
        ("Service", "v1"),
        ("RoleBinding", "rbac.authorization.k8s.io/v1"),
        ("Role", "rbac.authorization.k8s.io/v1"),
        ("ConfigMap", "v1"),
        ("Secret", "v1"),
        ("ServiceAccount", "v1"),
        ("PriorityClass", "scheduling.k8s.io/v1"),
        ("CustomResourceDefinition", "apiextensions.k8s.io/v1"),
        ("Namespace", "v1"),
    ]
    given = from_definition([make(kind, version=version) for kind, version in kinds])
    assert [m.kind for m in prepare(given)] == [kind for kind, _version in reversed(kinds)]
    assert [m.kind for m in prepare(given, state="absent")] == [kind for kind, _version in kinds]


def test_namespaces() -> None:
    crd = make(
        "CustomResourceDefinition",
        "w",
        "apiextensions.k8s.io/v1",
        spec={
            "group": "e.com",
            "scope": "Cluster",
            "names": {"kind": "W", "plural": "ws"},
            "versions": [{"name": "v1"}],
        },
    )
    given = [
        make("ConfigMap"),
        make("ClusterRole", version="rbac.authorization.k8s.io/v1"),
        crd,
        make("W", "w", "e.com/v1"),
    ]
    found = {m.kind: m.namespace for m in prepare(from_definition(given), namespace="n")}
    assert found == {"ConfigMap": "n", "ClusterRole": None, "CustomResourceDefinition": None, "W": None}
    assert prepare(from_definition(make("ConfigMap")))[0].namespace == "default"


def test_normalise() -> None:
    given = make(
        "ConfigMap",
        data={"when": datetime.date(2026, 1, 2), "none": None},
        status={"x": 1},
    )
    given["metadata"].update(resourceVersion="5", managedFields=[{}], creationTimestamp=None, uid="u", labels=None)
    assert normalise(given) == make("ConfigMap", data={"when": "2026-01-02"})


def test_custom_resources_keep_their_nulls() -> None:
    assert normalise(make("X", version="e.com/v1", spec={"a": None}))["spec"] == {"a": None}


def test_unquoted_dates_stay_text() -> None:
    assert from_yaml("d: 2026-01-02\nt: true\nn: 5\n", "f")[0][0] == {"d": "2026-01-02", "t": True, "n": 5}


def test_secrets_are_sent_as_data() -> None:
    secret = normalise(make("Secret", stringData={"a": "plain-text", "n": 5}, data={"b": "c2VjcmV0\n  LXZhbHVl"}))
    assert secret["data"] == {"a": "cGxhaW4tdGV4dA==", "n": "NQ==", "b": "c2VjcmV0LXZhbHVl"}
    assert "stringData" not in secret
    assert secret_values(secret) == {"plain-text", "cGxhaW4tdGV4dA==", "secret-value", "c2VjcmV0LXZhbHVl"}
