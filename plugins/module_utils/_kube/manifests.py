# Copyright: (c) 2026, the beekeeper.hivemq authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Manifests as people write them, made sound and put in order before anything is sent.

This module util is private to the collection and must not import Ansible.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from . import libs, paths
from .errors import InvalidManifest

# Kinds in the order they are applied, other kinds with the last line; then custom resources, then webhooks. Deletion
# goes the other way round.
_ORDER: tuple[tuple[str, ...], ...] = (
    ("Namespace",),
    ("CustomResourceDefinition",),
    ("PriorityClass", "StorageClass", "IngressClass"),
    ("ResourceQuota", "LimitRange", "NetworkPolicy"),
    ("ServiceAccount",),
    ("Secret",),
    ("ConfigMap",),
    ("PersistentVolume", "PersistentVolumeClaim"),
    ("ClusterRole", "Role"),
    ("ClusterRoleBinding", "RoleBinding"),
    ("Service", "EndpointSlice"),
    ("PodDisruptionBudget",),
    ("Deployment", "StatefulSet", "DaemonSet", "Pod", "Job", "CronJob", "ReplicaSet"),
    ("HorizontalPodAutoscaler", "Ingress"),
)
_RANK = {kind: rank for rank, kinds in enumerate(_ORDER) for kind in kinds}
_WEBHOOKS = frozenset({"MutatingWebhookConfiguration", "ValidatingWebhookConfiguration"})
_SERVER_METADATA = ("managedFields", "resourceVersion", "uid", "generation", "creationTimestamp", "selfLink")


@dataclass(frozen=True)
class Manifest:
    """One object to apply or delete, and where it came from (for messages)."""

    obj: dict[str, Any]
    source: str

    @property
    def api_version(self) -> str:
        """For example ``apps/v1``."""
        return str(self.obj["apiVersion"])

    @property
    def kind(self) -> str:
        """For example ``Deployment``."""
        return str(self.obj["kind"])

    @property
    def name(self) -> str:
        """``metadata.name``."""
        return str(self.obj["metadata"]["name"])

    @property
    def namespace(self) -> str | None:
        """``metadata.namespace``; None for an object in no namespace."""
        namespace = self.obj["metadata"].get("namespace")
        return None if namespace is None else str(namespace)

    @property
    def key(self) -> tuple[str, str, str, str]:
        """What makes two manifests the same object: group (any version), kind, namespace, name."""
        return (paths.group_of(self.api_version), self.kind, self.namespace or "", self.name)


def from_yaml(text: str, source: str) -> list[tuple[Any, str]]:
    """The documents of a YAML or JSON text, empty ones left out, each with ``source`` and its number."""
    try:
        documents = list(libs.yaml.load_all(text, Loader=_loader()))
    except libs.yaml.YAMLError as error:
        raise InvalidManifest(
            f"{source} isn't valid YAML: {' '.join(str(error).split())}", next_step="Correct it; nothing was sent."
        ) from error
    return [(document, f"{source}, document {number}") for number, document in enumerate(documents, 1) if document]


def from_definition(definition: Any, source: str = "definition") -> list[tuple[Any, str]]:
    """The same of what a user gives as ``definition``: a mapping, YAML text, or a list of them."""
    if definition is None:
        return []
    if isinstance(definition, str):
        return from_yaml(definition, source)
    if isinstance(definition, Mapping):
        return [(definition, source)]
    if isinstance(definition, Sequence):
        found: list[tuple[Any, str]] = []
        for index, item in enumerate(definition):
            where = f"{source}[{index}]"
            found += from_yaml(item, where) if isinstance(item, str) else [(item, where)]
        return found
    raise InvalidManifest(
        f"{source} is a {type(definition).__name__}", next_step="Give a manifest, a list of manifests, or YAML text."
    )


def prepare(raw: Iterable[tuple[Any, str]], *, namespace: str | None = None, state: str = "present") -> list[Manifest]:
    """Check and normalise manifests, in the order they are to be applied (for ``state`` absent: to be deleted).

    ``List`` kinds are unpacked. ``namespace`` is for namespaced objects that name none. Raises ``InvalidManifest`` for
    the first one that is malformed, and for an object that is there twice; nothing has been sent then.
    """
    manifests: list[Manifest] = []
    namespaced = _scopes(raw := list(raw))
    for obj, source in raw:
        for item, where in _unpack(obj, source):
            manifests.append(Manifest(_check(item, where, namespace, namespaced), where))
    seen: dict[tuple[str, str, str, str], str] = {}
    for manifest in manifests:
        if manifest.key in seen:
            raise InvalidManifest(
                f"{manifest.kind} {manifest.name} is there twice: in {seen[manifest.key]} and in {manifest.source}",
                next_step="Remove one of them; nothing was sent.",
            )
        seen[manifest.key] = manifest.source
    ordered = sorted(manifests, key=lambda m: rank(m.obj))
    return ordered[::-1] if state == "absent" else ordered


def normalise(obj: Mapping[str, Any]) -> dict[str, Any]:
    """Plain JSON types, no status, nothing of the API server's, Secret ``stringData`` as ``data``.

    Nulls go too in Kubernetes' own kinds, where null means "not given"; custom resources keep theirs.
    """
    result: dict[str, Any] = json.loads(json.dumps(obj, default=_to_json))
    result.pop("status", None)
    metadata = result.get("metadata")
    if isinstance(metadata, dict):
        for name in _SERVER_METADATA:
            metadata.pop(name, None)
        result["metadata"] = _without_nulls(metadata)
    if paths.is_builtin(str(result.get("apiVersion"))):
        result = _without_nulls(result)
    if result.get("kind") == "Secret" and result.get("apiVersion") == "v1":
        _encode_secret(result)
    return result


def secret_values(obj: Mapping[str, Any]) -> set[str]:
    """The values in a normalised Secret, encoded and decoded, that are long enough to be told apart in a text."""
    values: set[str] = set()
    if obj.get("kind") != "Secret":
        return values
    for value in (obj.get("data") or {}).values():
        values.add(str(value))
        try:
            values.add(base64.b64decode(str(value)).decode())
        except (binascii.Error, UnicodeDecodeError):
            continue
    return {value for value in values if len(value.strip()) >= 6}


def _unpack(obj: Any, source: str) -> Iterable[tuple[Any, str]]:
    if isinstance(obj, Mapping) and str(obj.get("kind")).endswith("List") and isinstance(obj.get("items"), list):
        return [(item, f"{source}, item {index}") for index, item in enumerate(obj["items"])]
    return [(obj, source)]


def _scopes(raw: Sequence[tuple[Any, str]]) -> dict[tuple[str, str], bool]:
    """Kinds that CRDs of the set itself define, and whether they're namespaced."""
    scopes: dict[tuple[str, str], bool] = {}
    for obj, _source in raw:
        if isinstance(obj, Mapping) and obj.get("kind") == "CustomResourceDefinition":
            scopes.update({(r.api_version, r.kind): r.namespaced for r in paths.from_crd(obj)})
    return scopes


def _check(obj: Any, source: str, namespace: str | None, scopes: Mapping[tuple[str, str], bool]) -> dict[str, Any]:
    if not isinstance(obj, Mapping):
        raise InvalidManifest(
            f"{source} isn't a manifest but a {type(obj).__name__}", next_step="Correct it; nothing was sent."
        )
    metadata = obj.get("metadata")
    metadata = metadata if isinstance(metadata, Mapping) else {}
    absent = [
        label
        for label, value in (
            ("apiVersion", obj.get("apiVersion")),
            ("kind", obj.get("kind")),
            ("metadata.name", metadata.get("name")),
        )
        if not (isinstance(value, str) and value)
    ]
    if absent:
        what = " ".join(str(part) for part in (obj.get("kind"), metadata.get("name")) if part)
        raise InvalidManifest(
            f"{source}{f' ({what})' if what else ''} has no {' and no '.join(absent)}",
            next_step="Every manifest needs apiVersion, kind and metadata.name as text; nothing was sent.",
        )
    result = normalise(obj)
    known = paths.known(result["apiVersion"], result["kind"])
    scope = known.namespaced if known else scopes.get((result["apiVersion"], result["kind"]))
    if scope is False:
        result["metadata"].pop("namespace", None)
    elif scope is True and not result["metadata"].get("namespace"):
        result["metadata"]["namespace"] = namespace or "default"
    elif scope is None and namespace:
        # Unknown kind: the caller's discovery decides; keep the default at hand without claiming it.
        result["metadata"].setdefault("namespace", namespace)
    return result


def rank(obj: Mapping[str, Any]) -> int:
    """Where an object stands in the order of applying; deletion goes from the highest to the lowest."""
    kind = str(obj.get("kind"))
    if kind in _WEBHOOKS:
        return len(_ORDER) + 1
    if not paths.is_builtin(str(obj.get("apiVersion"))):
        return len(_ORDER)
    return _RANK.get(kind, len(_ORDER) - 1)


def _encode_secret(secret: dict[str, Any]) -> None:
    """Send ``data`` only: the API server turns ``stringData`` into it, but then doesn't know who applied what."""
    data = dict(secret.get("data") or {})
    for key, value in data.items():
        try:
            data[key] = base64.b64encode(base64.b64decode("".join(str(value).split()), validate=True)).decode()
        except (binascii.Error, ValueError) as error:
            raise InvalidManifest(
                f"Secret {(secret.get('metadata') or {}).get('name')}: data.{key} isn't base64",
                next_step="Encode it, or put the plain value into stringData; nothing was sent.",
            ) from error
    for key, value in (secret.pop("stringData", None) or {}).items():
        data[key] = base64.b64encode(str(value).encode()).decode()
    if data:
        secret["data"] = data


def _without_nulls(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_nulls(item) for key, item in value.items() if item is not None}
    if isinstance(value, list):
        return [_without_nulls(item) for item in value]
    return value


def _to_json(value: Any) -> Any:
    if hasattr(value, "isoformat"):  # an unquoted date in YAML; the API knows dates as text only
        return value.isoformat()
    return str(value)


def _loader() -> Any:
    """A safe YAML loader that leaves unquoted dates as text, as the API server does."""
    if not _loaders:
        base = getattr(libs.yaml, "CSafeLoader", libs.yaml.SafeLoader)
        resolvers = {
            first: [(tag, regexp) for tag, regexp in pairs if tag != "tag:yaml.org,2002:timestamp"]
            for first, pairs in base.yaml_implicit_resolvers.items()
        }
        _loaders.append(type("ManifestLoader", (base,), {"yaml_implicit_resolvers": resolvers}))
    return _loaders[0]


_loaders: list[Any] = []
