# Copyright: (c) 2026, the beekeeper.hivemq authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which API server, which context, as whom; and what is said when that can't be told."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible_collections.beekeeper.hivemq.plugins.module_utils._kube import auth
from ansible_collections.beekeeper.hivemq.plugins.module_utils._kube.auth import connect, kubeconfig_secrets
from ansible_collections.beekeeper.hivemq.plugins.module_utils._kube.client import KubeClient
from ansible_collections.beekeeper.hivemq.plugins.module_utils._kube.errors import ConfigProblem

from ..fake_api import FakeApi

TOKEN = "kubeconfig-token-1234"


def jwt(subject: str) -> str:
    payload = base64.urlsafe_b64encode(json.dumps({"sub": subject}).encode()).decode().rstrip("=")
    return f"e30.{payload}.sig"


def kubeconfig(*urls: str) -> dict[str, Any]:
    names = [f"c{index}" for index in range(len(urls))]
    return {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "c0",
        "clusters": [{"name": n, "cluster": {"server": url}} for n, url in zip(names, urls, strict=True)],
        "users": [{"name": f"user-{n}", "user": {"token": TOKEN}} for n in names],
        "contexts": [{"name": n, "context": {"cluster": n, "user": f"user-{n}"}} for n in names],
    }


def used(params: dict[str, Any]) -> tuple[str, str, str]:
    found = connect(params).identity
    return found.host, found.context, found.user


def token_sent(api: FakeApi, params: dict[str, Any]) -> str | None:
    KubeClient(connect(params), field_manager="t").list("v1", "Pod")
    return api.requests[-1].headers.get("authorization")


def test_kubeconfig_file_and_context(api: FakeApi, tmp_path: Path) -> None:
    path = tmp_path / "config"
    path.write_text(yaml.safe_dump(kubeconfig(api.url, "https://second:6443")))
    assert used({"kubeconfig": str(path)}) == (api.url, "c0", "user-c0")
    assert used({"kubeconfig": str(path), "context": "c1"}) == ("https://second:6443", "c1", "user-c1")
    assert token_sent(api, {"kubeconfig": str(path)}) == f"Bearer {TOKEN}"


def test_kubeconfig_dictionary_is_left_as_it_is(api: FakeApi) -> None:
    given = kubeconfig(api.url)
    before = json.dumps(given)
    assert token_sent(api, {"kubeconfig": given}) == f"Bearer {TOKEN}"
    assert json.dumps(given) == before


def test_several_files(tmp_path: Path) -> None:
    first, second = kubeconfig("https://a:1"), kubeconfig("https://b:2", "https://c:3")
    for name, content in (("one", first), ("two", second)):
        (tmp_path / name).write_text(yaml.safe_dump(content))
    both = f"{tmp_path / 'one'}:{tmp_path / 'missing'}:{tmp_path / 'two'}"
    assert used({"kubeconfig": both})[0] == "https://a:1"
    assert used({"kubeconfig": both, "context": "c1"})[0] == "https://c:3"


def test_explicit_wins_over_everything(api: FakeApi, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "config"
    path.write_text(yaml.safe_dump(kubeconfig("https://second:6443")))
    monkeypatch.setenv("KUBECONFIG", str(path))
    assert used({"host": api.url, "api_key": jwt("system:serviceaccount:a:b")}) == (
        api.url,
        "",
        "system:serviceaccount:a:b",
    )
    assert token_sent(api, {"host": api.url, "api_key": "mine"}) == "Bearer mine"
    # An option overrides one thing of the kubeconfig, and leaves the rest.
    assert used({"kubeconfig": str(path), "host": api.url}) == (api.url, "c0", "user-c0")
    assert token_sent(api, {"kubeconfig": str(path), "host": api.url, "api_key": "mine"}) == "Bearer mine"


def test_in_cluster_before_the_default_kubeconfig(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "config"
    path.write_text(yaml.safe_dump(kubeconfig("https://second:6443")))
    monkeypatch.setenv("KUBECONFIG", str(path))
    assert used({})[0] == "https://second:6443"
    token = tmp_path / "token"
    token.write_text(jwt("system:serviceaccount:ns:op"))
    (tmp_path / "ca.crt").write_text("ca")
    from kubernetes.config import incluster_config

    monkeypatch.setattr(incluster_config, "SERVICE_TOKEN_FILENAME", str(token))
    monkeypatch.setattr(incluster_config, "SERVICE_CERT_FILENAME", str(tmp_path / "ca.crt"))
    loader = incluster_config.InClusterConfigLoader
    monkeypatch.setattr(
        auth.libs.kubernetes_config,
        "load_incluster_config",
        lambda client_configuration: loader(str(token), str(tmp_path / "ca.crt")).load_and_set(client_configuration),
    )
    monkeypatch.setattr(auth, "SERVICE_ACCOUNT_TOKEN", str(token))
    monkeypatch.setenv("KUBERNETES_SERVICE_HOST", "10.0.0.1")
    monkeypatch.setenv("KUBERNETES_SERVICE_PORT", "443")
    monkeypatch.setattr(auth.libs.kubernetes_client, "ApiClient", lambda configuration: configuration)
    assert used({}) == ("https://10.0.0.1:443", "in-cluster", "system:serviceaccount:ns:op")
    assert connect({}, in_cluster_ok=False).identity.host == "https://second:6443"


@pytest.mark.parametrize(
    ("content", "params", "words"),
    [
        (None, {"kubeconfig": "{path}"}, "There is no kubeconfig at {path}"),
        ("a: [", {"kubeconfig": "{path}"}, "The kubeconfig {path} can't be read"),
        ("just text", {"kubeconfig": "{path}"}, "{path} isn't a kubeconfig"),
        (
            yaml.safe_dump(kubeconfig("https://a", "https://b")),
            {"kubeconfig": "{path}", "context": "prod"},
            "{path} has no context prod; there are: c0, c1",
        ),
        (
            yaml.safe_dump({**kubeconfig("https://a"), "current-context": ""}),
            {"kubeconfig": "{path}"},
            "{path} has no current context; there are: c0",
        ),
        (
            yaml.safe_dump({**kubeconfig("https://a"), "users": []}),
            {"kubeconfig": "{path}"},
            "Context c0 of {path} names the user user-c0, which isn't in it",
        ),
        (None, {}, "There is no kubeconfig at ~/.kube/config"),
        (None, {"host": "10.0.0.1:6443", "api_key": "x"}, "host must be a URL, and 10.0.0.1:6443 is none"),
        (
            None,
            {"host": "https://a", "api_key": "x", "ca_cert": "{path}"},
            r"The file {path} \(ca_cert\) doesn't exist",
        ),
    ],
)
def test_what_cant_be_used(tmp_path: Path, content: str | None, params: dict[str, str], words: str) -> None:
    path = tmp_path / "config"
    if content is not None:
        path.write_text(content)
    with pytest.raises(ConfigProblem, match=words.format(path=path)) as caught:
        connect({key: value.format(path=path) for key, value in params.items()})
    assert caught.value.next_step
    assert TOKEN not in str(caught.value)


def test_secrets_of_a_kubeconfig() -> None:
    given = kubeconfig("https://a")
    exec_plugin = {"command": "x", "env": [{"name": "PASSWORD", "value": "from-env"}]}
    given["users"].append({"name": "u", "user": {"password": "pass-word", "exec": exec_plugin}})
    given["users"].append({"name": "v", "user": {"auth-provider": {"config": {"id-token": "id-t", "idp": "shown"}}}})
    assert set(kubeconfig_secrets(given)) == {TOKEN, "pass-word", "from-env", "id-t"}
    assert list(kubeconfig_secrets("/some/path")) == []


def test_names_are_those_of_kubernetes_core() -> None:
    # Installed where the whole of Ansible is, not where only its core is.
    theirs = pytest.importorskip("ansible_collections.kubernetes.core.plugins.module_utils.args_common")
    assert set(auth.AUTH_ARGS) == set(theirs.AUTH_ARG_SPEC)
    for name, spec in theirs.AUTH_ARG_SPEC.items():
        ours = auth.AUTH_ARGS[name]
        assert ours["type"] == spec.get("type", "str")
        assert ours.get("aliases", []) == spec.get("aliases", [])
        names = [name, *(option for option, argument in theirs.AUTH_ARG_MAP.items() if argument == name)]
        wanted = {f"K8S_AUTH_{option.upper()}" for option in names} if name != "proxy_headers" else set()
        assert set(ours.get("env", [])) == wanted
