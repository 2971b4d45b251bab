# Copyright: (c) 2026, the beekeeper.hivemq authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every answer of an API server, and every way to get none, is one clear error with a next step."""

from __future__ import annotations

import contextlib
import socket
import time
from collections.abc import Callable
from typing import Any

import pytest
from ansible_collections.beekeeper.hivemq.plugins.module_utils._kube import client as client_module
from ansible_collections.beekeeper.hivemq.plugins.module_utils._kube import errors
from ansible_collections.beekeeper.hivemq.plugins.module_utils._kube.auth import connect
from ansible_collections.beekeeper.hivemq.plugins.module_utils._kube.client import KubeClient

from ..fake_api import FakeApi, status

POD = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p", "namespace": "default"}}
RBAC = 'pods is forbidden: User "joe" cannot list resource "pods" in API group "" in the namespace "default"'
CAUSES = {
    "causes": [{"field": "spec.containers[0].image", "message": "Required value", "reason": "FieldValueRequired"}]
}
OWNED = {"causes": [{"reason": "FieldManagerConflict", "field": ".spec.x", "message": 'conflict with "helm"'}]}
TYPED = "failed to create typed patch object (default/p; v1, Kind=Pod): .spec.foo: field not declared in schema"


def list_pods(client: KubeClient) -> Any:
    return client.list("v1", "Pod", "default")


def apply_pod(client: KubeClient) -> Any:
    return client.apply(POD)


@pytest.mark.parametrize(
    ("call", "code", "body", "kind", "words", "step"),
    [
        (list_pods, 401, status(401, "Unauthorized", "Unauthorized"), errors.Unauthorized, ["401"], "token"),
        (
            list_pods,
            403,
            status(403, "Forbidden", RBAC),
            errors.Forbidden,
            ["list pods in namespace default", '"joe"'],
            "kubectl create role beekeeper-list --verb=list --resource=pods -n default",
        ),
        (
            apply_pod,
            403,
            status(403, "Forbidden", "pods is forbidden: exceeded quota: q"),
            errors.Forbidden,
            ["patch Pod default/p", "exceeded quota"],
            "policy",
        ),
        (
            apply_pod,
            403,
            status(403, "Forbidden", "namespace default is being terminated"),
            errors.Forbidden,
            ["Namespace default is being deleted"],
            "kubectl wait --for=delete namespace/default",
        ),
        (
            list_pods,
            404,
            "404 page not found\n",
            errors.NotFound,
            ["doesn't know the kind Pod of v1"],
            "CustomResource",
        ),
        (
            apply_pod,
            404,
            status(404, "NotFound", "no", {"name": "default", "kind": "namespaces"}),
            errors.NotFound,
            ["Namespace default doesn't exist", "Pod default/p"],
            "kubectl create namespace default",
        ),
        (apply_pod, 409, status(409, "Conflict", "x", OWNED), errors.Conflict, ['.spec.x (owned by "helm")'], "force"),
        (apply_pod, 409, status(409, "AlreadyExists", "x"), errors.Conflict, ["exists already"], "Apply"),
        (apply_pod, 409, status(409, "Conflict", "modified"), errors.Conflict, ["same time: modified"], "Run again"),
        (
            apply_pod,
            422,
            status(422, "Invalid", "long", CAUSES),
            errors.Invalid,
            ["Pod default/p: spec.containers[0].image: Required value"],
            "kubectl explain pods",
        ),
        (apply_pod, 500, status(500, "", TYPED), errors.Invalid, [".spec.foo: field not declared"], "explain"),
        (apply_pod, 400, status(400, "BadRequest", "bad JSON"), errors.Invalid, ["bad JSON"], "Correct"),
        (apply_pod, 500, status(500, "InternalError", "etcd"), errors.ServerError, ["etcd"], "kube-apiserver"),
        (
            apply_pod,
            500,
            status(500, "", 'failed calling webhook "x": refused'),
            errors.ServerError,
            ["admission webhook failed on Pod default/p"],
            "webhookconfigurations",
        ),
        (apply_pod, 418, "teapot", errors.KubeError, ["teapot"], "host option"),
    ],
)
def test_answers(
    api: FakeApi,
    client: KubeClient,
    call: Callable[[KubeClient], Any],
    code: int,
    body: Any,
    kind: type[errors.KubeError],
    words: list[str],
    step: str,
) -> None:
    """Each answer becomes its own class, with what went wrong on which object, in one line."""
    api.fail("*", "/pods", code, body)
    with pytest.raises(kind) as caught:
        call(client)
    assert type(caught.value) is kind
    assert caught.value.status == code
    assert [word for word in words if word not in caught.value.message] == []
    assert step in caught.value.next_step
    assert str(caught.value) == f"{caught.value.message}. {caught.value.next_step}"
    assert "\n" not in str(caught.value)


def test_missing_what_is_told_apart(api: FakeApi, client: KubeClient) -> None:
    with pytest.raises(errors.NotFound) as kind:
        client.apply({**POD, "apiVersion": "hivemq.com/v1", "kind": "HiveMQCluster"})
    with pytest.raises(errors.NotFound) as namespace:
        client.apply({**POD, "metadata": {"name": "p", "namespace": "nowhere"}})
    api.fail("GET", "/log", 404, status(404, "NotFound", 'pods "p" not found', {"name": "p", "kind": "pods"}))
    with pytest.raises(errors.NotFound) as thing:
        client.logs("p", "default")
    assert [caught.value.missing for caught in (kind, namespace, thing)] == ["kind", "namespace", "object"]


def test_busy_is_waited_for_as_long_as_the_server_asks(api: FakeApi, client: KubeClient, slept: list[float]) -> None:
    api.fail("PATCH", "/pods", 429, times=1, Retry_After="3")
    api.fail("PATCH", "/pods", 429, times=1, Retry_After="3600")
    assert client.apply(POD)["metadata"]["name"] == "p"
    assert slept == [3.0, 5.0]  # never longer than bounded
    assert client.calls == 3


def test_busy_for_too_long(api: FakeApi, client: KubeClient, slept: list[float]) -> None:
    api.fail("PATCH", "/pods", 429, times=99)
    with pytest.raises(errors.TooManyRequests, match="429"):
        client.apply(POD)
    assert len(slept) == 3


def test_unavailable_is_repeated_for_reads_only(api: FakeApi, client: KubeClient) -> None:
    api.put(POD)
    api.fail("GET", "/pods", 503, times=2)
    assert client.get("v1", "Pod", "p", "default")
    api.fail("PATCH", "/pods", 503, times=1)
    with pytest.raises(errors.ServerError):
        client.apply(POD)


def test_reset_is_repeated_unless_it_would_create_twice(api: FakeApi, client: KubeClient) -> None:
    api.fail("PATCH", "/pods", 0)
    assert client.apply(POD)["metadata"]["name"] == "p"
    api.fail("POST", "/pods", 0)
    with pytest.raises(errors.Unreachable, match="can't be reached to create pods in namespace default") as caught:
        client.create(POD)
    assert api.calls("POST") == ["POST /api/v1/namespaces/default/pods"]
    assert "/livez" in caught.value.next_step


def test_silence(api: FakeApi) -> None:
    client = KubeClient(connect({"host": api.url, "api_key": "x"}), field_manager="t", timeout=0.2)
    api.fail("GET", "/pods", -1, times=9)
    with pytest.raises(errors.Unreachable, match="it timed out") as caught:
        list_pods(client)
    assert "firewall" in caught.value.next_step


def test_nobody_there_is_told_at_once() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{taken.getsockname()[1]}"
        client = KubeClient(connect({"host": url, "api_key": "x"}), field_manager="t")
        started = time.monotonic()
        with pytest.raises(errors.Unreachable, match="Connection refused") as caught:
            list_pods(client)
    assert time.monotonic() - started < 5
    assert url in str(caught.value)


def test_an_address_that_swallows_everything_is_given_up_after_two_tries(monkeypatch: pytest.MonkeyPatch) -> None:
    """A full queue of connections answers nothing, like a firewall. With the real 4 s it takes under 10."""
    monkeypatch.setattr(client_module, "CONNECT_TIMEOUT", 0.3)
    with socket.socket() as full, contextlib.ExitStack() as stack:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        for _number in range(3):
            waiting = stack.enter_context(socket.socket())
            waiting.setblocking(False)
            waiting.connect_ex(full.getsockname())
        url = f"http://127.0.0.1:{full.getsockname()[1]}"
        client = KubeClient(connect({"host": url, "api_key": "x"}), field_manager="t")
        started = time.monotonic()
        with pytest.raises(errors.Unreachable, match="it timed out"):
            list_pods(client)
    assert 0.5 < time.monotonic() - started < 0.3 * 2 + 1


def test_not_tls(api: FakeApi) -> None:
    url = api.url.replace("http:", "https:")
    client = KubeClient(connect({"host": url, "api_key": "x"}), field_manager="t")
    with pytest.raises(errors.Unreachable) as caught:
        list_pods(client)
    assert "ca_cert" in caught.value.next_step


def test_not_a_kubernetes(api: FakeApi, client: KubeClient) -> None:
    api.fail("GET", "/pods", 200, "<html>Welcome</html>")
    with pytest.raises(errors.KubeError, match="isn't JSON") as caught:
        list_pods(client)
    assert "host option" in caught.value.next_step
