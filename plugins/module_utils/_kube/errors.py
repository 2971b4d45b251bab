# Copyright: (c) 2026, the beekeeper.hivemq authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# ruff: noqa: N818, ARG001 - the class names are the API's own reasons; the builders share one signature
"""Errors of an API server (or of the way to it), each one clear sentence and a next step.

This module util is private to the collection and must not import Ansible.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Request:
    """What was asked of the API server, in Kubernetes' own words. ``plural`` is the resource name in the URL."""

    verb: str
    api_version: str
    kind: str
    plural: str = ""
    namespace: str | None = None
    name: str | None = None

    def subject(self) -> str:
        """For example ``Deployment hivemq/hivemq-operator``, or ``Deployments in namespace hivemq``."""
        if self.name:
            return f"{self.kind} {self.namespace}/{self.name}" if self.namespace else f"{self.kind} {self.name}"
        where = f"in namespace {self.namespace}" if self.namespace else "in all namespaces"
        return f"{self.plural or self.kind} {where}"

    def resource(self) -> str:
        """The resource as RBAC and kubectl write it: ``deployments.apps``, ``pods``."""
        group = self.api_version.partition("/")[0] if "/" in self.api_version else ""
        plural = self.plural or self.kind.lower()
        return f"{plural}.{group}" if group else plural


class KubeError(Exception):
    """Anything that went wrong between us and an API server.

    ``message``: what went wrong with which object. ``next_step``: what a person can do about it.
    ``status``: the HTTP status, or None when there was no answer. ``reason``: the API server's reason, or our own word.
    """

    code = "Error"

    def __init__(
        self,
        message: str,
        *,
        next_step: str = "",
        status: int | None = None,
        reason: str = "",
        request: Request | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message.rstrip(". ")
        self.next_step = next_step
        self.status = status
        self.reason = reason
        self.request = request

    def __str__(self) -> str:
        return f"{self.message}. {self.next_step}".strip()


class MissingLibrary(KubeError):
    """A Python package isn't there."""

    code = "MissingLibrary"


class ConfigProblem(KubeError):
    """Kubeconfig, context or options don't say how to reach an API server."""

    code = "ConfigProblem"


class InvalidManifest(KubeError):
    """A manifest was refused before anything was sent."""

    code = "InvalidManifest"


class Unreachable(KubeError):
    """No answer: refused, reset, TLS failure or timeout."""

    code = "Unreachable"


class Unauthorized(KubeError):
    """401."""

    code = "Unauthorized"


class Forbidden(KubeError):
    """403."""

    code = "Forbidden"


class NotFound(KubeError):
    """404. ``missing`` says what isn't there: ``object``, ``namespace`` or ``kind``."""

    code = "NotFound"
    missing = "object"


class Conflict(KubeError):
    """409: another field manager, a changed resourceVersion, or the object exists already."""

    code = "Conflict"


class WatchExpired(KubeError):
    """410: list again, then watch from there."""

    code = "WatchExpired"


class Invalid(KubeError):
    """422 (or 400): the API server doesn't accept the object. ``causes``: (field path, message) pairs."""

    code = "Invalid"
    causes: tuple[tuple[str, str], ...] = ()


class TooManyRequests(KubeError):
    """429."""

    code = "TooManyRequests"


class ServerError(KubeError):
    """5xx."""

    code = "ServerError"


class DeadlineExceeded(KubeError):
    """A wait ended without what it waited for. ``pending``: the targets (``wait.Target``) that weren't there."""

    code = "DeadlineExceeded"
    pending: list[Any] = []


class NeverReady(KubeError):
    """What is waited for has failed for good: waiting longer would change nothing. ``pending`` as above."""

    code = "NeverReady"
    pending: list[Any] = []


class DataLossRefused(KubeError):
    """Removing this would remove data; it needs an explicit word."""

    code = "DataLossRefused"


def parse_status(body: bytes | str) -> dict[str, Any]:
    """The ``Status`` object in an answer, or ``{"message": text}`` when the body is something else."""
    text = body.decode("utf-8", "replace") if isinstance(body, bytes) else body
    try:
        parsed = json.loads(text)
    except ValueError:
        return {"message": text.strip()[:500]}
    return parsed if isinstance(parsed, dict) else {"message": text.strip()[:500]}


def from_response(status: int, body: bytes | str | Mapping[str, Any], request: Request) -> KubeError:
    """The error that an answer of the API server means. ``body`` is the raw body or an already parsed ``Status``."""
    answer = dict(body) if isinstance(body, Mapping) else parse_status(body)
    build = _BUILDERS.get(status)
    words = str(answer.get("message") or "").strip()
    # The API server answers 500 to a server-side apply that doesn't fit the schema; it is the manifest's fault.
    if "failed to create typed patch object" in words or "failed to create manager for existing fields" in words:
        build = _invalid
    if build is None:
        build = _server_error if status >= 500 else _other
    error = build(answer, words, request)
    error.status = status
    error.reason = error.reason or str(answer.get("reason") or "")
    error.request = request
    return error


def _unauthorized(answer: dict[str, Any], words: str, request: Request) -> KubeError:
    return Unauthorized(
        f"The API server doesn't know who is asking (401) for {request.subject()}",
        next_step="The token or client certificate is missing, wrong or expired. "
        "Get a fresh one; `kubectl auth whoami` with the same kubeconfig and context shows whether it works.",
    )


def _forbidden(answer: dict[str, Any], words: str, request: Request) -> KubeError:
    causes = _causes(answer)
    if "being terminated" in words or any(cause.get("reason") == "NamespaceTerminating" for cause in causes):
        return Forbidden(
            f"Namespace {request.namespace or ''} is being deleted, so {request.subject()} can't be created",
            next_step=f"Wait until it is gone (`kubectl wait --for=delete namespace/{request.namespace} "
            "--timeout=120s`) and run again.",
        )
    if "cannot " not in words:  # an admission plugin or a quota, not RBAC: a role would change nothing
        return Forbidden(
            f"The API server refuses to {request.verb} {request.subject()} (403): {words}",
            next_step="This is a policy of the cluster (quota, Pod Security or an admission webhook); "
            "change the object so that it complies, or ask who runs the cluster.",
        )
    where = f" -n {request.namespace}" if request.namespace else ""
    kind = "role" if request.namespace else "clusterrole"
    verbs = "create,patch" if request.verb == "patch" else request.verb
    return Forbidden(
        f"Not allowed (403) to {request.verb} {request.subject()}: {words}",
        next_step=f"Ask for it, for example: `kubectl create {kind} beekeeper-{request.verb}"
        f" --verb={verbs} --resource={request.resource()}{where}` and a {kind}binding for that user. "
        f"`kubectl auth can-i {request.verb} {request.resource()}{where}` must then say yes.",
    )


def _not_found(answer: dict[str, Any], words: str, request: Request) -> KubeError:
    details = answer.get("details") or {}
    error: NotFound
    if details.get("kind") == "namespaces" and request.kind != "Namespace":
        error = NotFound(
            f"Namespace {details.get('name')} doesn't exist, so {request.subject()} can't be in it",
            next_step=f"Create it first: `kubectl create namespace {details.get('name')}`, "
            "or put the Namespace into the same set of manifests.",
        )
        error.missing = "namespace"
    elif details.get("name") or details.get("uid"):
        error = NotFound(
            f"{request.subject()} doesn't exist",
            next_step=f"`kubectl get {request.resource()} -A` lists those that do.",
        )
    else:
        error = kind_not_installed(request)
    return error


def kind_not_installed(request: Request) -> NotFound:
    """The kind itself isn't known to this API server."""
    error = NotFound(
        f"The cluster doesn't know the kind {request.kind} of {request.api_version}",
        next_step="Install its CustomResourceDefinition first (put it into the same set of manifests, or run the role "
        f"that installs it). `kubectl api-resources | grep {request.kind}` must then show it.",
        status=404,
        reason="KindNotInstalled",
        request=request,
    )
    error.missing = "kind"
    return error


def _conflict(answer: dict[str, Any], words: str, request: Request) -> KubeError:
    fields = [
        f"{cause.get('field')} ({str(cause.get('message') or '').replace('conflict with', 'owned by').strip()})"
        for cause in _causes(answer)
        if cause.get("reason") == "FieldManagerConflict"
    ]
    if fields:
        return Conflict(
            f"{request.subject()}: another field manager owns {'; '.join(fields)}",
            next_step="Leave these fields to it, or take them over with force_conflicts: true.",
        )
    if answer.get("reason") == "AlreadyExists":
        return Conflict(f"{request.subject()} exists already", next_step="Apply it instead of creating it.")
    return Conflict(
        f"{request.subject()} was changed by someone else at the same time: {words}",
        next_step="Run again; it starts from the new state.",
    )


def _invalid(answer: dict[str, Any], words: str, request: Request) -> KubeError:
    causes = tuple(
        (str(cause.get("field") or "").strip(), str(cause.get("message") or "").strip()) for cause in _causes(answer)
    )
    if causes:
        listed = "; ".join(f"{field}: {text}" if field and field != "<nil>" else text for field, text in causes)
    else:
        listed = words.partition("failed to create typed patch object")[2].partition("): ")[2] or words
    error = Invalid(
        f"The API server doesn't accept {request.subject()}: {listed}",
        next_step=f"Correct the named field; `kubectl explain {request.plural or request.kind}` shows what is allowed.",
    )
    error.causes = causes
    return error


def _expired(answer: dict[str, Any], words: str, request: Request) -> KubeError:
    return WatchExpired(f"The watch of {request.subject()} is too old: {words}", next_step="List again and go on.")


def _too_many(answer: dict[str, Any], words: str, request: Request) -> KubeError:
    return TooManyRequests(
        f"The API server is too busy (429) to {request.verb} {request.subject()}, even after waiting",
        next_step="Run again later, or see which client floods it: `kubectl get --raw /metrics | grep flowcontrol`.",
    )


def _server_error(answer: dict[str, Any], words: str, request: Request) -> KubeError:
    if "webhook" in words:
        return ServerError(
            f"An admission webhook failed on {request.subject()}: {words}",
            next_step="See whether the pod behind that webhook runs: `kubectl get validatingwebhookconfigurations,"
            "mutatingwebhookconfigurations` names its Service.",
        )
    return ServerError(
        f"The API server failed to {request.verb} {request.subject()}: {words or 'no explanation given'}",
        next_step="Run again; if it stays, read the API server's log: "
        "`kubectl -n kube-system logs -l component=kube-apiserver --tail=50`.",
    )


def _other(answer: dict[str, Any], words: str, request: Request) -> KubeError:
    return KubeError(
        f"The API server answered {answer.get('code') or 'unexpectedly'} to {request.verb} {request.subject()}: "
        f"{words or 'no explanation given'}",
        next_step="Check that the host option or the kubeconfig's server is a Kubernetes API server.",
    )


def _causes(answer: Mapping[str, Any]) -> list[dict[str, Any]]:
    causes = (answer.get("details") or {}).get("causes") or []
    return [cause for cause in causes if isinstance(cause, dict)]


_BUILDERS = {
    400: _invalid,
    401: _unauthorized,
    403: _forbidden,
    404: _not_found,
    409: _conflict,
    410: _expired,
    415: _invalid,
    422: _invalid,
    429: _too_many,
}
