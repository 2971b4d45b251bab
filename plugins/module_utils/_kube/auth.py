# Copyright: (c) 2026, the beekeeper.hivemq authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How to reach an API server and who to be: the options and environment variables of ``kubernetes.core``, one to one.

This module util is private to the collection and must not import Ansible.
"""

from __future__ import annotations

import base64
import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from . import libs
from .errors import ConfigProblem, KubeError

SERVICE_ACCOUNT_TOKEN = "/var/run/secrets/kubernetes.io/serviceaccount/token"  # noqa: S105 - a path, not a secret
DEFAULT_KUBECONFIG = "~/.kube/config"
POOL_SIZE = 16

# Ansible option -> type, secrecy, aliases and environment variables, as plain data: the argument spec is made of it in
# ``_task/host.py`` (this package must not import Ansible). ``env`` lists the variables in the order they are tried.
AUTH_ARGS: dict[str, dict[str, Any]] = {
    "host": {"type": "str", "env": ["K8S_AUTH_HOST"]},
    "api_key": {"type": "str", "no_log": True, "env": ["K8S_AUTH_API_KEY"]},
    "kubeconfig": {"type": "raw", "no_log": False, "env": ["K8S_AUTH_KUBECONFIG"]},
    "context": {"type": "str", "env": ["K8S_AUTH_CONTEXT"]},
    "username": {"type": "str", "env": ["K8S_AUTH_USERNAME"]},
    "password": {"type": "str", "no_log": True, "env": ["K8S_AUTH_PASSWORD"]},
    "client_cert": {
        "type": "path",
        "aliases": ["cert_file"],
        "env": ["K8S_AUTH_CLIENT_CERT", "K8S_AUTH_CERT_FILE"],
    },
    "client_key": {
        "type": "path",
        "no_log": False,  # the path of a key, not the key
        "aliases": ["key_file"],
        "env": ["K8S_AUTH_CLIENT_KEY", "K8S_AUTH_KEY_FILE"],
    },
    "ca_cert": {
        "type": "path",
        "aliases": ["ssl_ca_cert"],
        "env": ["K8S_AUTH_CA_CERT", "K8S_AUTH_SSL_CA_CERT"],
    },
    "validate_certs": {
        "type": "bool",
        "aliases": ["verify_ssl"],
        "env": ["K8S_AUTH_VALIDATE_CERTS", "K8S_AUTH_VERIFY_SSL"],
    },
    "proxy": {"type": "str", "env": ["K8S_AUTH_PROXY"]},
    "no_proxy": {"type": "str", "env": ["K8S_AUTH_NO_PROXY"]},
    "proxy_headers": {
        "type": "dict",
        "options": {
            "proxy_basic_auth": {"type": "str", "no_log": True, "env": ["K8S_AUTH_PROXY_HEADERS_PROXY_BASIC_AUTH"]},
            "basic_auth": {"type": "str", "no_log": True, "env": ["K8S_AUTH_PROXY_HEADERS_BASIC_AUTH"]},
            "user_agent": {"type": "str", "env": ["K8S_AUTH_PROXY_HEADERS_USER_AGENT"]},
        },
    },
    "persist_config": {"type": "bool", "env": ["K8S_AUTH_PERSIST_CONFIG"]},
    "impersonate_user": {"type": "str", "env": ["K8S_AUTH_IMPERSONATE_USER"]},
    "impersonate_groups": {"type": "list", "elements": "str", "env": ["K8S_AUTH_IMPERSONATE_GROUPS"]},
}

_SECRET_KEYS = frozenset(
    {"token", "password", "client-key-data", "access-token", "id-token", "refresh-token", "client-secret"}
)


@dataclass(frozen=True)
class Identity:
    """Which API server, through which context, as whom. Empty strings where there is no such thing."""

    host: str
    context: str
    user: str

    def as_dict(self) -> dict[str, str]:
        """The ``cluster`` result of every module."""
        return {"host": self.host, "context": self.context, "user": self.user}


@dataclass(frozen=True)
class Connection:
    """A configured client and who it is. ``headers`` go with each request (impersonation, basic authentication)."""

    api_client: Any
    identity: Identity
    headers: tuple[tuple[str, str], ...] = ()


def kubeconfig_secrets(kubeconfig: Any) -> Iterator[str]:
    """The secret values in a kubeconfig given as a dictionary, so that they can be kept out of all output."""
    if isinstance(kubeconfig, Mapping):
        for key, value in kubeconfig.items():
            if key in _SECRET_KEYS and isinstance(value, str) and value:
                yield value
            elif key == "env" and isinstance(value, list):  # of an exec plugin; its values may be credentials
                yield from (str(item["value"]) for item in value if isinstance(item, Mapping) and item.get("value"))
            else:
                yield from kubeconfig_secrets(value)
    elif isinstance(kubeconfig, list):
        for item in kubeconfig:
            yield from kubeconfig_secrets(item)


def connect(params: Mapping[str, Any], *, in_cluster_ok: bool = True) -> Connection:
    """Make a connection of ``params`` (the names of ``AUTH_ARGS``). Nothing is sent yet.

    Order: host with credentials → kubeconfig or context → in-cluster service account (unless ``in_cluster_ok`` is
    false) → default kubeconfig (``KUBECONFIG`` or ``~/.kube/config``). Raises ``ConfigProblem`` or ``MissingLibrary``.
    """
    libs.require()
    configuration = libs.kubernetes_client.Configuration()
    host = str(params.get("host") or "").rstrip("/")
    explicit = bool(host) and bool(
        params.get("api_key")
        or (params.get("username") and params.get("password"))
        or (params.get("client_cert") and params.get("client_key"))
    )
    if explicit:
        context, user = "", _explicit_user(params)
    elif params.get("kubeconfig") or params.get("context"):
        context, user = _load_kubeconfig(configuration, params)
    elif in_cluster_ok and os.environ.get("KUBERNETES_SERVICE_HOST") and os.path.exists(SERVICE_ACCOUNT_TOKEN):
        context, user = _load_in_cluster(configuration)
    elif _default_paths() or not host:
        context, user = _load_kubeconfig(configuration, params)
    else:
        context, user = "", "anonymous"
    _override(configuration, params, host)
    headers = _headers(params)
    if params.get("api_key"):
        user = _explicit_user(params)
    if params.get("impersonate_user"):
        user = f"{params['impersonate_user']} (impersonated by {user})" if user else str(params["impersonate_user"])
    configuration.connection_pool_maxsize = POOL_SIZE
    _check_files(configuration)
    try:
        api_client = libs.kubernetes_client.ApiClient(configuration)
    except (OSError, ValueError) as error:
        raise ConfigProblem(
            f"The certificate, key or proxy settings can't be used: {error}",
            next_step="Check ca_cert, client_cert, client_key and proxy (or what the kubeconfig says of them).",
        ) from error
    return Connection(api_client, Identity(str(configuration.host), context, user), headers)


def _explicit_user(params: Mapping[str, Any]) -> str:
    if params.get("api_key"):
        return _token_subject(str(params["api_key"])) or "bearer token"
    if params.get("username"):
        return str(params["username"])
    return f"client certificate {params.get('client_cert')}"


def _token_subject(token: str) -> str:
    """The subject a JWT names (not verified: it is only shown), or an empty string."""
    parts = token.split(".")
    if len(parts) != 3:
        return ""
    try:
        payload = json.loads(base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)))
    except ValueError:
        return ""
    return str(payload.get("sub") or "") if isinstance(payload, dict) else ""


def _load_in_cluster(configuration: Any) -> tuple[str, str]:
    try:
        libs.kubernetes_config.load_incluster_config(client_configuration=configuration)
    except libs.kubernetes_config.ConfigException as error:
        raise ConfigProblem(
            f"The pod's service account can't be used: {error}",
            next_step="Check automountServiceAccountToken and serviceAccountName of the pod.",
        ) from error
    with open(SERVICE_ACCOUNT_TOKEN, encoding="utf-8") as token:
        return "in-cluster", _token_subject(token.read().strip()) or "service account of this pod"


def _default_paths() -> list[str]:
    """The default kubeconfig files that exist: those in KUBECONFIG, else ``~/.kube/config``."""
    return _existing(os.environ.get("KUBECONFIG") or DEFAULT_KUBECONFIG)


def _existing(paths: str) -> list[str]:
    return [p for p in (os.path.expanduser(part) for part in paths.split(os.pathsep) if part) if os.path.isfile(p)]


def _read_documents(kubeconfig: Any) -> tuple[list[Mapping[str, Any]], str]:
    """The kubeconfig document(s) and what to call them in messages."""
    if isinstance(kubeconfig, Mapping):
        return [kubeconfig], "the kubeconfig dictionary"
    wanted = str(kubeconfig or os.environ.get("KUBECONFIG") or DEFAULT_KUBECONFIG)
    found = _existing(wanted)
    if not found:
        raise ConfigProblem(
            f"There is no kubeconfig at {wanted}",
            next_step="Set kubeconfig (or K8S_AUTH_KUBECONFIG, or KUBECONFIG) to the file your cluster gave you, "
            "or give host and api_key.",
        )
    documents: list[Mapping[str, Any]] = []
    for name in found:
        try:
            with open(name, encoding="utf-8") as stream:
                document = libs.yaml.safe_load(stream)
        except (OSError, UnicodeDecodeError, libs.yaml.YAMLError) as error:
            raise ConfigProblem(
                f"The kubeconfig {name} can't be read: {' '.join(str(error).split())}",
                next_step="It must be a YAML file this user may read.",
            ) from error
        if not isinstance(document, Mapping) or not isinstance(document.get("clusters"), list):
            raise ConfigProblem(
                f"{name} isn't a kubeconfig: it has no list of clusters",
                next_step="Name the file that `kubectl config view` shows.",
            )
        documents.append(document)
    return documents, wanted


def _load_kubeconfig(configuration: Any, params: Mapping[str, Any]) -> tuple[str, str]:
    kubeconfig = params.get("kubeconfig")
    documents, called = _read_documents(kubeconfig)
    contexts: dict[str, Mapping[str, Any]] = {}
    for document in documents:
        for item in document.get("contexts") or []:
            if isinstance(item, Mapping) and item.get("name"):
                contexts.setdefault(str(item["name"]), item.get("context") or {})
    current = next((str(d["current-context"]) for d in documents if d.get("current-context")), "")
    context = str(params.get("context") or current)
    if context not in contexts:
        there = ", ".join(sorted(contexts)) or "none"
        what = f"has no context {context}" if context else "has no current context"
        raise ConfigProblem(
            f"{called} {what}; there are: {there}",
            next_step="Set context (or K8S_AUTH_CONTEXT) to one of these, or another kubeconfig.",
        )
    _check_references(contexts[context], documents, called, context)
    options: dict[str, Any] = {"context": context, "client_configuration": configuration}
    if params.get("persist_config") is not None:
        options["persist_config"] = bool(params["persist_config"])
    try:
        if isinstance(kubeconfig, Mapping):
            # The loader wants a plain dict and writes into it.
            options["config_dict"] = json.loads(json.dumps(kubeconfig))
            libs.kubernetes_config.load_kube_config_from_dict(**options)
        else:
            files = os.pathsep.join(_existing(called))
            libs.kubernetes_config.load_kube_config(config_file=files, **options)
    except (libs.kubernetes_config.ConfigException, OSError, TypeError, KeyError, ValueError) as error:
        raise ConfigProblem(
            f"Context {context} of {called} can't be used: {error}",
            next_step="Check its cluster, user and credential plugin: `kubectl --context "
            f"{context} auth whoami` must work.",
        ) from error
    return context, str(contexts[context].get("user") or "")


def _check_references(context: Mapping[str, Any], documents: list[Mapping[str, Any]], called: str, name: str) -> None:
    """The loader goes on as nobody when the user isn't there; better to say so."""
    for part in ("cluster", "user"):
        wanted = context.get(part)
        there = [item.get("name") for d in documents for item in d.get(f"{part}s") or [] if isinstance(item, Mapping)]
        if wanted and wanted not in there:
            raise ConfigProblem(
                f"Context {name} of {called} names the {part} {wanted}, which isn't in it",
                next_step=f"Correct the context, or add that {part}.",
            )


def _override(configuration: Any, params: Mapping[str, Any], host: str) -> None:
    """Explicit options win over what the kubeconfig says."""
    if host:
        if "://" not in host:
            raise ConfigProblem(
                f"host must be a URL, and {host} is none", next_step="Write it like https://10.0.0.1:6443."
            )
        configuration.host = host
    if params.get("api_key"):
        # Both spellings: clients up to 35 read the first one, newer ones the second.
        token = f"Bearer {params['api_key']}"
        configuration.api_key = {"authorization": token, "BearerToken": token}
        configuration.api_key_prefix = {}
        configuration.refresh_api_key_hook = None
    for option, attribute in (
        ("ca_cert", "ssl_ca_cert"),
        ("client_cert", "cert_file"),
        ("client_key", "key_file"),
        ("proxy", "proxy"),
        ("no_proxy", "no_proxy"),
    ):
        if params.get(option):
            setattr(configuration, attribute, str(params[option]))
    if params.get("validate_certs") is not None:
        configuration.verify_ssl = bool(params["validate_certs"])
    given = {key: value for key, value in (params.get("proxy_headers") or {}).items() if value}
    if given:
        configuration.proxy_headers = libs.urllib3.util.make_headers(**given)


def _headers(params: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    headers: list[tuple[str, str]] = []
    if params.get("username") and params.get("password") and not params.get("api_key"):
        basic = libs.urllib3.util.make_headers(basic_auth=f"{params['username']}:{params['password']}")
        headers += list(basic.items())
    if params.get("impersonate_user"):
        headers.append(("Impersonate-User", str(params["impersonate_user"])))
    headers += [("Impersonate-Group", str(group)) for group in params.get("impersonate_groups") or []]
    return tuple(headers)


def _check_files(configuration: Any) -> None:
    for option, attribute in (("ca_cert", "ssl_ca_cert"), ("client_cert", "cert_file"), ("client_key", "key_file")):
        name = getattr(configuration, attribute, None)
        if name and not os.path.isfile(name):
            error: KubeError = ConfigProblem(
                f"The file {name} ({option}) doesn't exist", next_step=f"Correct {option}, or the kubeconfig naming it."
            )
            raise error
