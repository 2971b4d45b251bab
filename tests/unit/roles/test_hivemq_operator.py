# Copyright: (c) 2026, the beekeeper.hivemq authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The objects that the role applies, rendered by Ansible from the role's own defaults, vars and templates."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible.parsing.dataloader import DataLoader
from ansible.plugins.loader import init_plugin_loader
from ansible.template import Templar, trust_as_template
from ansible_collections.beekeeper.hivemq.plugins.module_utils._kube.paths import known
from beekeeper_operator.cache import CHILDREN, PODS
from beekeeper_operator.reconcile import REMOVABLE

ROLE = Path(__file__).resolve().parents[3] / "roles/hivemq_operator"
CLUSTER_WIDE = {"ClusterRole", "ClusterRoleBinding", "CustomResourceDefinition", "Namespace"}


@pytest.fixture(scope="module", autouse=True)
def plugins() -> None:
    """Let Ansible find its own plugins by their full names."""
    init_plugin_loader([])


def render(**variables: Any) -> list[dict[str, Any]]:
    """Return the operator's objects for the given role variables."""
    return [item for item in yaml.safe_load_all(template("__hivemq_operator_manifests", **variables)) if item]


def template(name: str, **variables: Any) -> Any:
    loader = DataLoader()
    known: dict[str, Any] = {"hivemq_operator_image": "registry.example.com/operator:1", "role_path": str(ROLE)}
    for file in ("defaults/main.yml", "vars/main.yml"):
        known |= loader.load_from_file(str(ROLE / file), trusted_as_template=True)
    known |= {"ansible_search_path": [str(ROLE)], **variables}
    return Templar(loader=loader, variables=known).template(trust_as_template("{{ " + name + " }}"))


def by_kind(objects: list[dict[str, Any]], kind: str) -> list[dict[str, Any]]:
    return [item for item in objects if item["kind"] == kind]


def pod_spec(objects: list[dict[str, Any]]) -> dict[str, Any]:
    (deployment,) = by_kind(objects, "Deployment")
    return dict(deployment["spec"]["template"]["spec"])


def test_the_default_watches_all_namespaces_with_a_cluster_role() -> None:
    objects = render()
    assert sorted(item["kind"] for item in objects) == [
        "ClusterRole",
        "ClusterRoleBinding",
        "Deployment",
        "Service",
        "ServiceAccount",
    ]
    assert {"name": "WATCH_NAMESPACES", "value": ""} in pod_spec(objects)["containers"][0]["env"]


def test_named_namespaces_take_no_cluster_wide_object() -> None:
    objects = render(hivemq_operator_watch_namespaces=["a", "b", "a"])
    assert not CLUSTER_WIDE & {item["kind"] for item in objects}
    for kind in ("Role", "RoleBinding"):
        assert [item["metadata"]["namespace"] for item in by_kind(objects, kind)] == ["a", "b"]
    assert {"name": "WATCH_NAMESPACES", "value": "a,b"} in pod_spec(objects)["containers"][0]["env"]
    for binding in by_kind(objects, "RoleBinding"):
        assert binding["subjects"][0]["namespace"] == "hivemq-operator"
        assert binding["roleRef"] == {
            "apiGroup": "rbac.authorization.k8s.io",
            "kind": "Role",
            "name": by_kind(objects, "Role")[0]["metadata"]["name"],
        }


def test_rights_are_the_same_in_both_modes_and_have_no_wildcard() -> None:
    (cluster_role,) = by_kind(render(), "ClusterRole")
    (role,) = by_kind(render(hivemq_operator_watch_namespaces=["a"]), "Role")
    assert role["rules"] == cluster_role["rules"]
    for rule in role["rules"]:
        assert "*" not in rule["verbs"] + rule["resources"] + rule["apiGroups"]
        assert "secrets" not in rule["resources"]


def rights(api_version: str, kind: str, rules: list[dict[str, Any]]) -> set[str]:
    """What the rules allow for a kind."""
    resource = known(api_version, kind)
    assert resource is not None
    group = api_version.rpartition("/")[0]
    verbs = [rule["verbs"] for rule in rules if group in rule["apiGroups"] and resource.plural in rule["resources"]]
    return {verb for some in verbs for verb in some}


def test_rights_are_exactly_those_for_what_the_operator_makes_and_removes() -> None:
    (role,) = by_kind(render(), "ClusterRole")
    for kind in CHILDREN:
        wanted = {"get", "list", "watch", "create", "patch"} | ({"delete"} if kind[1] in REMOVABLE else set())
        assert rights(*kind, role["rules"]) == wanted, kind
    assert rights(*PODS, role["rules"]) == {"list", "watch"}
    allowed = {
        (group, resource) for rule in role["rules"] for group in rule["apiGroups"] for resource in rule["resources"]
    }
    kinds = [
        known(*kind) for kind in (*CHILDREN, PODS, ("events.k8s.io/v1", "Event"), ("hivemq.com/v1", "HiveMQCluster"))
    ]
    used = {(item.api_version.rpartition("/")[0], item.plural) for item in kinds if item is not None}
    subresources = {("hivemq.com", f"hivemq-clusters/{name}") for name in ("status", "finalizers")}
    assert allowed == used | subresources


def test_two_installations_share_no_object_and_no_label_selector() -> None:
    def names(namespace: str) -> set[tuple[str, str | None, str]]:
        return {
            (item["kind"], item["metadata"].get("namespace"), item["metadata"]["name"])
            for item in render(hivemq_operator_namespace=namespace)
        }

    assert not names("one") & names("two")
    one, two = (template("__hivemq_operator_selector", hivemq_operator_namespace=name) for name in ("one", "two"))
    assert one != two
    assert "app.kubernetes.io/instance=one" in one.split(",")


def test_every_object_carries_the_labels_that_pruning_selects_by() -> None:
    for objects in (render(), render(hivemq_operator_watch_namespaces=["a"])):
        selector = dict(pair.split("=") for pair in template("__hivemq_operator_selector").split(","))
        for item in objects:
            assert selector.items() <= item["metadata"]["labels"].items()


def test_what_others_may_share_is_never_pruned() -> None:
    definition = (ROLE / "files" / template("__hivemq_operator_crd_file")).read_text()
    for text in (definition, template("__hivemq_operator_namespace_manifest")):
        (item,) = yaml.safe_load_all(text)
        assert "labels" not in item["metadata"]


def test_the_service_and_the_deployment_select_the_pod() -> None:
    objects = render()
    (deployment,) = by_kind(objects, "Deployment")
    (service,) = by_kind(objects, "Service")
    labels = deployment["spec"]["template"]["metadata"]["labels"].items()
    assert deployment["spec"]["selector"]["matchLabels"].items() <= labels
    assert service["spec"]["selector"].items() <= labels
    port_names = {port["name"] for port in pod_spec(objects)["containers"][0]["ports"]}
    assert service["spec"]["ports"][0]["targetPort"] in port_names


def test_the_pod_meets_the_restricted_pod_security_standard_and_cannot_write_its_image() -> None:
    spec = pod_spec(render())
    (container,) = spec["containers"]
    assert spec["securityContext"] == {
        "runAsNonRoot": True,
        "runAsUser": 65532,
        "runAsGroup": 65532,
        "seccompProfile": {"type": "RuntimeDefault"},
    }
    assert container["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    assert container["resources"]["requests"]
    assert container["resources"]["limits"]


def test_there_is_one_operator_at_a_time() -> None:
    (deployment,) = by_kind(render(), "Deployment")
    assert deployment["spec"]["replicas"] == 1
    assert deployment["spec"]["strategy"] == {"type": "Recreate"}


@pytest.mark.parametrize(
    ("variable", "value", "field", "expected"),
    [
        ("hivemq_operator_node_selector", {"disk": "ssd"}, "nodeSelector", {"disk": "ssd"}),
        ("hivemq_operator_tolerations", [{"operator": "Exists"}], "tolerations", [{"operator": "Exists"}]),
        ("hivemq_operator_affinity", {"nodeAffinity": {}}, "affinity", {"nodeAffinity": {}}),
        ("hivemq_operator_image_pull_secrets", ["a", "b"], "imagePullSecrets", [{"name": "a"}, {"name": "b"}]),
    ],
)
def test_optional_fields_are_there_only_when_asked_for(variable: str, value: Any, field: str, expected: Any) -> None:
    assert field not in pod_spec(render())
    assert pod_spec(render(**{variable: value}))[field] == expected


def test_the_operator_understands_its_environment() -> None:
    from beekeeper_operator.settings import from_env

    container = pod_spec(render(hivemq_operator_watch_namespaces=["a", "b"], hivemq_operator_log_level="DEBUG"))[
        "containers"
    ][0]
    settings = from_env({item["name"]: item.get("value", "") for item in container["env"]})
    assert settings.watch_namespaces == ("a", "b")
    assert settings.log_level == "DEBUG"
    assert settings.http_port == container["ports"][0]["containerPort"]
    assert container["image"] == "registry.example.com/operator:1"
    assert container["imagePullPolicy"] == "IfNotPresent"
