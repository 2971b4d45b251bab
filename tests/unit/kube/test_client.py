# Copyright: (c) 2026, the beekeeper.hivemq authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The client: what it sends, what it returns, what it counts."""

from __future__ import annotations

import json
from collections.abc import Generator

import pytest
from ansible_collections.beekeeper.hivemq.plugins.module_utils._kube import errors, paths
from ansible_collections.beekeeper.hivemq.plugins.module_utils._kube.auth import connect
from ansible_collections.beekeeper.hivemq.plugins.module_utils._kube.client import KubeClient

from ..fake_api import FakeApi

CM = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "c", "namespace": "default"}, "data": {"a": "1"}}
CRD = {
    "apiVersion": "apiextensions.k8s.io/v1",
    "kind": "CustomResourceDefinition",
    "metadata": {"name": "widgets.example.com"},
    "spec": {
        "group": "example.com",
        "scope": "Namespaced",
        "names": {"kind": "Widget", "plural": "widgets"},
        "versions": [{"name": "v1", "served": True, "storage": True}],
    },
}


def test_life_of_an_object(api: FakeApi, client: KubeClient) -> None:
    assert client.get("v1", "ConfigMap", "c", "default") is None
    assert client.apply(CM, dry_run=True)["data"] == {"a": "1"}
    assert client.get("v1", "ConfigMap", "c", "default") is None
    assert client.apply(CM)["data"] == {"a": "1"}
    assert client.merge_patch("v1", "ConfigMap", "c", "default", {"data": {"b": "2"}})["data"] == {"a": "1", "b": "2"}
    assert client.delete("v1", "ConfigMap", "c", "default", dry_run=True) is True
    assert client.get("v1", "ConfigMap", "c", "default") is not None
    assert client.delete("v1", "ConfigMap", "c", "default") is True
    assert client.delete("v1", "ConfigMap", "c", "default") is False
    assert client.calls == len(api.requests) == 9


def test_apply_is_server_side(api: FakeApi, client: KubeClient) -> None:
    client.apply(CM, force=False)
    seen = api.requests[-1]
    assert (seen.method, seen.path) == ("PATCH", "/api/v1/namespaces/default/configmaps/c")
    assert seen.query == {"fieldManager": "beekeeper-ansible", "force": "false"}
    assert seen.headers["content-type"] == "application/apply-patch+yaml"
    assert seen.headers["authorization"] == "Bearer t0ken"
    client.patch_status(CM)
    assert api.requests[-1].path.endswith("/configmaps/c/status")


def test_delete_only_what_was_looked_at(api: FakeApi, client: KubeClient) -> None:
    api.put(CM)
    with pytest.raises(errors.Conflict):
        client.delete("v1", "ConfigMap", "c", "default", preconditions={"uid": "other"})
    assert api.requests[-1].body["propagationPolicy"] == "Background"
    assert api.find("ConfigMap", "c", "default")


def test_list_knows_kinds_and_pages(api: FakeApi, client: KubeClient) -> None:
    page = {"metadata": {"continue": "next", "resourceVersion": "7"}, "items": [{"metadata": {"name": "first"}}]}
    api.fail("GET", "/configmaps", 200, page)
    api.put(CM)
    found = client.list("v1", "ConfigMap")
    assert [item["metadata"]["name"] for item in found.items] == ["first", "c"]
    assert {(item["apiVersion"], item["kind"]) for item in found.items} == {("v1", "ConfigMap")}
    assert api.requests[1].query["continue"] == "next"
    assert found.resource_version == str(api.version)


def test_list_selects(api: FakeApi, client: KubeClient) -> None:
    for name, labels in (("a", {"x": "1"}), ("b", {"x": "2"})):
        api.put({**CM, "metadata": {"name": name, "namespace": "default", "labels": labels}})
    assert [i["metadata"]["name"] for i in client.list("v1", "ConfigMap", label_selector="x=2").items] == ["b"]
    assert [i["metadata"]["name"] for i in client.list("v1", "ConfigMap", field_selector="metadata.name=a").items] == [
        "a"
    ]


def test_no_discovery_for_known_kinds_and_one_for_others(api: FakeApi, client: KubeClient) -> None:
    api.put(CRD)
    for name in ("x", "y"):
        assert client.get("example.com/v1", "Widget", name, "default") is None
    assert api.calls() == [
        "GET /apis/example.com/v1",
        "GET /apis/example.com/v1/namespaces/default/widgets/x",
        "GET /apis/example.com/v1/namespaces/default/widgets/y",
    ]


def test_a_crd_can_be_learnt_before_it_is_served(api: FakeApi, client: KubeClient) -> None:
    client.learn(CRD)
    assert client.resource("example.com/v1", "Widget") == paths.Resource("example.com/v1", "Widget", "widgets", True)
    assert api.requests == []
    assert client.serves("example.com/v1", "Widget") is False
    api.put(CRD)
    assert client.serves("example.com/v1", "Widget") is True


def test_impersonation_and_basic_authentication(api: FakeApi) -> None:
    params = {
        "host": api.url,
        "username": "u",
        "password": "p",
        "impersonate_user": "joe",
        "impersonate_groups": ["a", "b"],
    }
    client = KubeClient(connect(params), field_manager="t")
    client.list("v1", "ConfigMap")
    headers = api.requests[-1].headers
    assert headers["authorization"] == "Basic dTpw"
    assert headers["impersonate-user"] == "joe"
    assert headers["user-agent"] == "t"
    assert client.identity.user == "joe (impersonated by u)"


def test_warnings_are_told_once(api: FakeApi) -> None:
    told: list[str] = []
    client = KubeClient(connect({"host": api.url, "api_key": "x"}), field_manager="t", on_warning=told.append)
    api.warnings = ['policy/v1beta1 is \\"deprecated\\"']
    client.list("v1", "ConfigMap")
    client.list("v1", "ConfigMap")
    assert told == ['policy/v1beta1 is "deprecated"']


def test_watch(api: FakeApi, client: KubeClient) -> None:
    api.put(CM)
    events = client.watch("v1", "ConfigMap", "default", timeout=30)
    assert next(events).type == "ADDED"
    client.merge_patch("v1", "ConfigMap", "c", "default", {"data": {"a": "2"}})
    event = next(events)
    assert (event.type, event.object["data"]) == ("MODIFIED", {"a": "2"})
    client.delete("v1", "ConfigMap", "c", "default")
    assert next(events).type == "DELETED"
    assert isinstance(events, Generator)
    events.close()
    assert api.requests[0].query["allowWatchBookmarks"] == "true"


def test_watch_ends_with_the_server(api: FakeApi, client: KubeClient) -> None:
    api.put(CM)
    assert [event.type for event in client.watch("v1", "ConfigMap", "default", timeout=1)] == ["ADDED"]


@pytest.mark.parametrize("early", [True, False])
def test_watch_that_is_too_old(api: FakeApi, client: KubeClient, early: bool) -> None:
    gone = {"kind": "Status", "code": 410, "reason": "Expired", "message": "too old resource version"}
    if early:
        api.fail("GET", "/configmaps", 410, gone)
    else:
        api.fail("GET", "/configmaps", 200, json.dumps({"type": "ERROR", "object": gone}) + "\n")
    with pytest.raises(errors.WatchExpired, match="too old"):
        list(client.watch("v1", "ConfigMap", "default", resource_version="1"))


def test_watch_in_silence_ends(api: FakeApi, client: KubeClient) -> None:
    with pytest.raises(errors.Unreachable, match="timed out"):
        list(client.watch("v1", "Secret", "default", timeout=30, read_timeout=0.2))


def test_watch_cut_off_in_the_middle(api: FakeApi, client: KubeClient) -> None:
    api.fail("GET", "/configmaps", 200, '{"type": "ADDED", "obj')
    with pytest.raises(errors.Unreachable, match="middle of an event"):
        list(client.watch("v1", "ConfigMap", "default"))


def test_logs(api: FakeApi, client: KubeClient) -> None:
    api.put({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p", "namespace": "default"}})
    api.logs["p"] = "one\ntwo\n"
    assert client.logs("p", "default", "c", tail_lines=5, previous=True) == "one\ntwo\n"
    assert api.requests[-1].query == {"previous": "true", "container": "c", "tailLines": "5"}


def test_namespaced_kinds_need_a_namespace(client: KubeClient) -> None:
    with pytest.raises(ValueError, match="ConfigMap c needs a namespace"):
        client.get("v1", "ConfigMap", "c")


def test_paths() -> None:
    role = paths.known("rbac.authorization.k8s.io/v1", "ClusterRole")
    assert role is not None
    assert paths.path(role, None, "system:x/y") == "/apis/rbac.authorization.k8s.io/v1/clusterroles/system:x%2Fy"
    cluster = paths.known("hivemq.com/v1", "HiveMQCluster")
    assert cluster is not None
    assert paths.path(cluster, "n", "c", "status") == "/apis/hivemq.com/v1/namespaces/n/hivemq-clusters/c/status"
    assert paths.path(cluster) == "/apis/hivemq.com/v1/hivemq-clusters"
    assert paths.known("example.com/v1", "Service") is None
    assert [paths.is_builtin(v) for v in ("v1", "apps/v1", "storage.k8s.io/v1", "hivemq.com/v1")] == [True] * 3 + [
        False
    ]
