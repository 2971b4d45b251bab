# Copyright: (c) 2026, the beekeeper.hivemq authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""hivemq_apply as a task: options, results, failures."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.beekeeper.hivemq.plugins.module_utils._task import apply

from ..fake_api import FakeApi, status
from .fake_host import FakeHost, run

MARKER = "planted-marker-9c1e"
NAMESPACE = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "hivemq"}}


def cm(name: str, value: str = "1", **metadata: Any) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name, **metadata}, "data": {"a": value}}


def task(api: FakeApi, **options: Any) -> FakeHost:
    return run(apply, host=api.url, api_key="t0ken", **options)


def test_create_again_update_delete_again(api: FakeApi) -> None:
    given = [cm("c"), NAMESPACE]
    check = task(api, definition=given, namespace="hivemq", check=True).result
    assert (check["changed"], check["summary"]) == (True, "2 created")
    created = task(api, definition=given, namespace="hivemq").result
    assert created["objects"] == [
        {
            "api_version": "v1",
            "kind": "Namespace",
            "namespace": None,
            "name": "hivemq",
            "action": "created",
            "predicted": False,
        },
        {
            "api_version": "v1",
            "kind": "ConfigMap",
            "namespace": "hivemq",
            "name": "c",
            "action": "created",
            "predicted": False,
        },
    ]
    assert [entry["after_header"] for entry in created["diff"]] == ["Namespace hivemq", "ConfigMap hivemq/c"]
    assert created["cluster"] == {"host": api.url, "context": "", "user": "bearer token"}
    again = task(api, definition=given, namespace="hivemq")
    assert (again.result["changed"], again.result["summary"], again.result["diff"]) == (False, "2 unchanged", [])
    assert again.result["api_calls"] == 2
    assert again.lines == []
    updated = task(api, definition=[NAMESPACE, cm("c", "2")], namespace="hivemq")
    assert updated.result["summary"] == "1 configured, 1 unchanged"
    assert updated.lines == ["ConfigMap hivemq/c configured"]
    assert "diff" not in task(api, definition=given, namespace="hivemq", diff=False).result
    gone = task(api, definition=given, namespace="hivemq", state="absent").result
    assert (gone["changed"], gone["summary"]) == (True, "2 deleted")
    again = task(api, definition=given, namespace="hivemq", state="absent")
    assert (again.result["changed"], again.result["summary"]) == (False, "2 unchanged")


def test_files_and_inline_together(api: FakeApi, tmp_path: Path) -> None:
    path = tmp_path / "set.yaml"
    path.write_text("---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: f}\n---\n" + json.dumps(NAMESPACE))
    result = task(api, src=[str(path)], manifests=cm("c")).result
    assert [item["name"] for item in result["objects"]] == ["hivemq", "c", "f"]
    missing = task(api, src=[str(tmp_path / "none.yaml")]).result
    assert missing["failure"]["code"] == "InvalidManifest"
    assert "none.yaml can't be read" in missing["msg"]


def test_nothing_is_sent_when_a_manifest_is_malformed(api: FakeApi) -> None:
    result = task(api, definition=[cm("c"), {"kind": "Pod"}]).result
    assert result["msg"].startswith("definition[1] (Pod) has no apiVersion and no metadata.name. ")
    assert result["failure"] == {"code": "InvalidManifest", "object": "", "next_step": result["failure"]["next_step"]}
    assert api.requests == []


@pytest.mark.parametrize(
    ("code", "body", "kind", "words"),
    [
        (401, None, "Unauthorized", "401"),
        (403, status(403, "Forbidden", 'User "joe" cannot patch'), "Forbidden", "kubectl create role"),
        (409, status(409, "Conflict", "x"), "Conflict", "same time"),
        (422, status(422, "Invalid", "data: bad"), "Invalid", "data: bad"),
        (429, None, "TooManyRequests", "too busy"),
        (500, status(500, "InternalError", "etcd"), "ServerError", "etcd"),
        (0, None, "Unreachable", "can't be reached"),
    ],
)
def test_failures_keep_what_was_done_before(
    api: FakeApi, code: int, body: Any, kind: str, words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("time.sleep", lambda seconds: None)
    monkeypatch.setattr("ansible_collections.beekeeper.hivemq.plugins.module_utils._kube.client._BUSY_WAIT_MAX", 0.0)
    api.fail("PATCH", "/configmaps/c", code, body, times=9)
    result = task(api, definition=[NAMESPACE, cm("c")], namespace="hivemq").result
    assert result["failed"] is True
    assert result["failure"]["code"] == kind
    assert result["failure"]["object"] == "ConfigMap hivemq/c"
    assert words in result["msg"]
    assert "Traceback" not in result["msg"]
    assert result["changed"] is True
    assert result["summary"] == "1 created"
    assert result["api_calls"] >= 3


def test_secrets_are_nowhere_in_the_result(api: FakeApi) -> None:
    def secret(value: str) -> dict[str, Any]:
        return {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s"}, "stringData": {"password": value}}

    hosts = [
        task(api, definition=secret(MARKER), check=True),
        task(api, definition=secret(MARKER)),
        task(api, definition=secret(MARKER + "2")),
        task(api, definition=secret(MARKER + "2"), state="absent"),
    ]
    assert [host.result["summary"] for host in hosts] == ["1 created", "1 created", "1 configured", "1 deleted"]
    shown = json.dumps([[host.result, host.lines, host.warnings] for host in hosts])
    encoded = api.requests[1].body["data"]["password"]
    assert MARKER not in shown
    assert encoded not in shown
    assert {MARKER, encoded} <= hosts[0].hidden  # so that Ansible itself never shows them either
    assert "*** (changed)" in shown


def test_prune(api: FakeApi) -> None:
    labels = {"app": "mine"}
    task(api, definition=[cm("old", labels=labels), cm("kept", labels=labels), cm("foreign")])
    prune = {"label_selector": "app=mine"}
    options = {"definition": [cm("kept", labels=labels)], "prune": prune}
    check = task(api, check=True, **options).result
    real = task(api, **options).result
    for result in (check, real):
        assert {item["name"]: item["action"] for item in result["objects"]} == {"kept": "unchanged", "old": "pruned"}
    assert api.find("ConfigMap", "foreign", "default")
    assert task(api, **options).result["changed"] is False
    named = {"label_selector": "app=mine", "kinds": [{"api_version": "v1", "kind": "Secret"}], "namespaces": ["a", "b"]}
    api.requests.clear()
    assert task(api, definition=[], prune=named).result["changed"] is False
    assert sorted(api.calls()) == ["GET /api/v1/namespaces/a/secrets", "GET /api/v1/namespaces/b/secrets"]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"prune": {"label_selector": " "}}, "every object would be pruned"),
        ({"prune": {"label_selector": "a=b"}, "state": "absent"}, "prune is for state: present"),
    ],
)
def test_bad_prune(api: FakeApi, options: dict[str, Any], words: str) -> None:
    result = task(api, definition=[cm("c")], **options).result
    assert words in result["msg"]
    assert api.requests == []


def crd() -> dict[str, Any]:
    spec = {
        "group": "hivemq.com",
        "scope": "Namespaced",
        "names": {"kind": "HiveMQCluster", "plural": "hivemq-clusters"},
        "versions": [{"name": "v1", "served": True, "storage": True}],
    }
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": "hivemq-clusters.hivemq.com"},
        "spec": spec,
    }


@pytest.mark.parametrize("check", [True, False])
def test_crd_guard(api: FakeApi, check: bool) -> None:
    api.put(crd())
    for namespace in ("a", "b"):
        metadata = {"name": "plant", "namespace": namespace}
        api.put({"apiVersion": "hivemq.com/v1", "kind": "HiveMQCluster", "metadata": metadata})
    result = task(api, definition=crd(), state="absent", check=check).result
    assert result["failure"]["code"] == "DataLossRefused"
    assert "2 HiveMQCluster" in result["msg"]
    assert "a/plant, b/plant" in result["msg"]
    assert result["changed"] is False
    assert api.find("CustomResourceDefinition", "hivemq-clusters.hivemq.com")
    allowed = task(api, definition=crd(), state="absent", check=check, allow_data_loss=True).result
    assert allowed["summary"] == "1 deleted"
    assert bool(api.find("CustomResourceDefinition", "hivemq-clusters.hivemq.com")) is check


def test_a_wait_that_fails_says_what_the_pods_say(api: FakeApi) -> None:
    deployment = {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "d", "namespace": "default"},
        "spec": {"replicas": 1, "selector": {"matchLabels": {"app": "d"}}},
    }
    waiting = {"waiting": {"reason": "ImagePullBackOff", "message": "no such image"}}
    api.put(
        {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {"name": "d-1", "namespace": "default", "labels": {"app": "d"}},
            "status": {"containerStatuses": [{"name": "c", "restartCount": 0, "state": waiting}]},
        }
    )
    result = task(api, definition=deployment, wait_timeout=0).result
    assert result["failure"]["code"] == "DeadlineExceeded"
    assert "Pod d-1: ImagePullBackOff\n  container c: ImagePullBackOff: no such image\n" in result["msg"]
    assert result["msg"].endswith(result["failure"]["next_step"])
    assert "name and tag of the image" in result["failure"]["next_step"]
    assert result["summary"] == "1 created"
    assert task(api, definition=deployment, wait=False).result["changed"] is False


def test_warnings_of_the_server_are_passed_on(api: FakeApi) -> None:
    api.warnings = ["this kind is deprecated"]
    assert task(api, definition=cm("c")).warnings == ["this kind is deprecated"]


def test_kubeconfig_secrets_are_hidden(api: FakeApi) -> None:
    kubeconfig = {
        "clusters": [{"name": "c", "cluster": {"server": api.url}}],
        "users": [{"name": "u", "user": {"token": MARKER}}],
        "contexts": [{"name": "x", "context": {"cluster": "c", "user": "u"}}],
        "current-context": "x",
    }
    host = run(apply, kubeconfig=kubeconfig, definition=cm("c"))
    assert host.result["cluster"] == {"host": api.url, "context": "x", "user": "u"}
    assert MARKER in host.hidden
    assert MARKER not in json.dumps(host.result)
    wrong = run(apply, kubeconfig=kubeconfig, context="y", definition=cm("c")).result
    assert wrong["failure"]["code"] == "ConfigProblem"
    assert "there are: x" in wrong["msg"]


def test_environment_variables(api: FakeApi, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("K8S_AUTH_HOST", api.url)
    monkeypatch.setenv("K8S_AUTH_API_KEY", "from-env")
    monkeypatch.setenv("K8S_AUTH_IMPERSONATE_GROUPS", "a,b")
    monkeypatch.setenv("K8S_AUTH_VERIFY_SSL", "no")
    monkeypatch.setenv("K8S_AUTH_PROXY_HEADERS_USER_AGENT", "agent")
    host = run(apply, definition=cm("c"))
    assert host.result["changed"] is True
    assert api.requests[0].headers["authorization"] == "Bearer from-env"
    assert host.params["impersonate_groups"] == ["a", "b"]
    assert host.params["validate_certs"] is False
    assert host.params["proxy_headers"]["user_agent"] == "agent"
