# Copyright: (c) 2026, the beekeeper.hivemq authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A set of manifests, applied together: ordered, idempotent, and predictable before anything exists.

An object that is as we applied it costs one GET and nothing else. In check mode the API server computes each change
(``dryRun=All``); what depends on a Namespace or a CRD that isn't there yet is predicted without it.

This module util is private to the collection and must not import Ansible.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

from . import errors, paths
from .client import KubeClient
from .diff import MASK, clean, describe, diff
from .errors import KubeError
from .manifests import Manifest, rank, secret_values
from .ownership import is_applied
from .wait import Check, Scope, Target, Waker, Watcher, wait_for, wait_until

THREADS = 8
CREATED, CONFIGURED, UNCHANGED, DELETED, PRUNED = "created", "configured", "unchanged", "deleted", "pruned"
# A claim may wait for its first pod, which nobody may have asked for yet: not a thing to wait for after an apply.
_NOT_WAITED_FOR = frozenset({"PersistentVolumeClaim"})
_NEVER_PRUNED_UNASKED = frozenset(
    {"Namespace", "CustomResourceDefinition", "PersistentVolume", "PersistentVolumeClaim", "HiveMQCluster"}
)
_RBAC_KINDS = ("ClusterRole", "ClusterRoleBinding", "Role", "RoleBinding")


@dataclass
class ObjectResult:
    """What happened (in check mode: would happen) to one object.

    ``action``: created, configured, unchanged, deleted or pruned. ``predicted``: computed here, not by the API server,
    because its Namespace or CRD doesn't exist yet. ``waited``: it is known to be ready. ``live``: as last seen.
    ``before``: as it was, None if it is new.
    """

    api_version: str
    kind: str
    namespace: str | None
    name: str
    action: str
    diff: dict[str, str] | None = None
    predicted: bool = False
    waited: bool = False
    live: dict[str, Any] | None = field(default=None, repr=False)
    before: dict[str, Any] | None = field(default=None, repr=False)

    def as_dict(self) -> dict[str, Any]:
        """The entry in a module's result."""
        return {
            "api_version": self.api_version,
            "kind": self.kind,
            "namespace": self.namespace,
            "name": self.name,
            "action": self.action,
            "predicted": self.predicted,
        }


@dataclass
class ApplyResult:
    """What happened to a set, object by object, in the order in which it happened."""

    objects: list[ObjectResult] = field(default_factory=list)

    @property
    def changed(self) -> bool:
        """Whether anything was (or would be) changed."""
        return any(item.action != UNCHANGED for item in self.objects)

    @property
    def diffs(self) -> list[dict[str, str]]:
        """Ansible's diff: one entry for each object that changes."""
        return [item.diff for item in self.objects if item.diff]

    @property
    def summary(self) -> str:
        """For example ``2 created, 1 configured, 9 unchanged``."""
        counts = [
            f"{count} {action}"
            for action in (CREATED, CONFIGURED, DELETED, PRUNED, UNCHANGED)
            if (count := sum(1 for item in self.objects if item.action == action))
        ]
        return ", ".join(counts) or "nothing to do"


@dataclass(frozen=True)
class Prune:
    """Which objects of a label selector are removed when they're not in the set.

    ``kinds``: (apiVersion, kind) pairs. ``namespaces``: where to look; empty for all of them.
    """

    label_selector: str
    kinds: tuple[tuple[str, str], ...]
    namespaces: tuple[str, ...] = ()


def _silent(_line: str) -> None:
    """Progress nobody wants to see."""


@dataclass
class Settings:
    """How to go about it. ``wait_timeout`` in seconds; ``clock`` and ``waker`` are there for tests."""

    check: bool = False
    force: bool = True
    wait: bool = False
    wait_timeout: float = 300.0
    progress: Callable[[str], None] = _silent
    clock: Callable[[], float] = time.monotonic
    waker: Waker | None = None

    def wait_for(self, client: KubeClient, targets: Sequence[Target]) -> None:
        """``wait.wait_for`` with these settings."""
        wait_for(client, targets, self.wait_timeout, self.progress, waker=self.waker, clock=self.clock)


def apply_set(
    client: KubeClient,
    manifests: Sequence[Manifest],
    settings: Settings,
    *,
    seen: Sequence[dict[str, Any]] = (),
    result: ApplyResult | None = None,
) -> ApplyResult:
    """Apply ``manifests`` (as ``manifests.prepare`` returns them), in order, and wait if the settings say so.

    ``seen``: live objects that a list just returned; they save their GETs. ``result`` is filled as it goes, so that a
    caller sees after an error what was done before it.
    """
    result = result if result is not None else ApplyResult()
    run = _Run(client, settings, result)
    resolved = resolve(client, manifests)
    run.apply(resolved, fetch(client, resolved, seen))
    if settings.wait and not settings.check:
        settings.wait_for(
            client,
            [
                Target(item.api_version, item.kind, item.name, item.namespace, seen=item.live)
                for item in result.objects
                if item.kind not in _NOT_WAITED_FOR and not item.waited
            ],
        )
    return result


def resolve(client: KubeClient, manifests: Sequence[Manifest]) -> list[Manifest]:
    """Settle the namespace of kinds that only the API server knows; a kind it doesn't know keeps the manifest's."""
    for manifest in manifests:
        if manifest.kind == "CustomResourceDefinition":
            client.learn(manifest.obj)
    for manifest in manifests:
        if paths.known(manifest.api_version, manifest.kind):
            continue
        try:
            resource = client.resource(manifest.api_version, manifest.kind)
        except errors.NotFound:
            continue
        if resource.namespaced:
            manifest.obj["metadata"].setdefault("namespace", "default")
        else:
            manifest.obj["metadata"].pop("namespace", None)
    return list(manifests)


def fetch(
    client: KubeClient, manifests: Sequence[Manifest], seen: Sequence[dict[str, Any]] = ()
) -> list[dict[str, Any] | None]:
    """The live objects (None where there is none), several requests at once; none for those ``seen`` already."""
    known = {(obj["apiVersion"], Manifest(obj, "").key): obj for obj in seen}

    def get(manifest: Manifest) -> dict[str, Any] | None:
        found = known.get((manifest.api_version, manifest.key))
        if found is not None:
            return found
        return client.get(manifest.api_version, manifest.kind, manifest.name, manifest.namespace)

    if len(manifests) <= 1:
        return [get(manifest) for manifest in manifests]
    with ThreadPoolExecutor(max_workers=min(THREADS, len(manifests))) as pool:
        return list(pool.map(get, manifests))


class _Run:
    """One run of ``apply_set``: what it has learnt so far about Namespaces and CRDs of the set."""

    def __init__(self, client: KubeClient, settings: Settings, result: ApplyResult) -> None:
        self.client = client
        self.settings = settings
        self.result = result
        self.new_namespaces: set[str] = set()
        self.new_kinds: set[tuple[str, str]] = set()
        self.changed_kinds: set[tuple[str, str]] = set()
        self.unready_crds: list[ObjectResult] = []

    def apply(self, manifests: Sequence[Manifest], found: Sequence[dict[str, Any] | None]) -> None:
        for manifest, live in zip(manifests, found, strict=True):
            if manifest.kind != "CustomResourceDefinition":
                self.wait_for_crds()
            item = self.apply_one(manifest, live)
            self.result.objects.append(item)
            self.note(manifest, item)
            if item.action != UNCHANGED:
                verb = f"would be {item.action}" if self.settings.check else item.action
                self.settings.progress(f"{describe(manifest.obj)} {verb}")
        self.wait_for_crds()

    def apply_one(self, manifest: Manifest, live: dict[str, Any] | None) -> ObjectResult:
        item = ObjectResult(
            manifest.api_version, manifest.kind, manifest.namespace, manifest.name, UNCHANGED, live=live, before=live
        )
        if live is not None and is_applied(live, manifest.obj, self.client.field_manager):
            return item
        if live is not None and (live.get("metadata") or {}).get("deletionTimestamp"):
            self.wait_until_gone(manifest, live)
            live = item.before = None
        with redacted(manifest.obj):
            after = self.predict(manifest, live) if self.settings.check else self.write(manifest)
        item.predicted = after is None
        item.live = after
        shown = merged(live, manifest.obj) if after is None else after
        if live is None:
            item.action = CREATED
        elif clean(live) != clean(shown):
            item.action = CONFIGURED
        if item.action != UNCHANGED:
            item.diff = diff(live, shown)
        return item

    def wait_until_gone(self, manifest: Manifest, live: dict[str, Any]) -> None:
        """An object that is being deleted would vanish with what is applied to it: wait until it is gone."""
        if not self.settings.check:
            target = Target(manifest.api_version, manifest.kind, manifest.name, manifest.namespace, True, live)
            self.settings.wait_for(self.client, [target])

    def write(self, manifest: Manifest) -> dict[str, Any]:
        return self.client.apply(manifest.obj, force=self.settings.force)

    def predict(self, manifest: Manifest, live: dict[str, Any] | None) -> dict[str, Any] | None:
        """The object after a dry run, or None where only a prediction of our own is possible."""
        kind = (manifest.api_version, manifest.kind)
        if manifest.namespace in self.new_namespaces or kind in self.new_kinds:
            return None
        try:
            return self.client.apply(manifest.obj, dry_run=True, force=self.settings.force)
        except errors.NotFound as error:
            if error.missing in ("namespace", "kind") and live is None:
                return None
            raise
        except errors.Invalid:
            if kind in self.changed_kinds:  # judged by the schema that this set is about to replace
                return None
            raise

    def note(self, manifest: Manifest, item: ObjectResult) -> None:
        """Remember what later objects of the set depend on."""
        if manifest.kind == "Namespace" and item.action == CREATED:
            self.new_namespaces.add(manifest.name)
        if manifest.kind == "CustomResourceDefinition":
            kinds = {(resource.api_version, resource.kind) for resource in paths.from_crd(manifest.obj)}
            if item.action == CREATED:
                self.new_kinds |= kinds
            elif item.action == CONFIGURED:
                self.changed_kinds |= kinds
            if item.action != UNCHANGED and not self.settings.check:
                self.unready_crds.append(item)

    def wait_for_crds(self) -> None:
        """Until the CRDs just written are established, and the API server serves them too (a moment later)."""
        if not self.unready_crds:
            return
        crds, self.unready_crds = self.unready_crds, []
        self.settings.wait_for(
            self.client, [Target(crd.api_version, crd.kind, crd.name, seen=crd.live) for crd in crds]
        )
        for crd in crds:
            crd.waited = True
        kinds = [
            (f"{spec['group']}/{version['name']}", spec["names"]["kind"])
            for crd in crds
            for spec in [(crd.live or {}).get("spec") or {}]
            for version in spec.get("versions") or []
            if version.get("served")
        ]

        def look() -> Check:
            for api_version, kind in list(kinds):
                if not self.client.serves(api_version, kind):
                    return Check(False, f"the API server doesn't serve {kind} of {api_version} yet")
                kinds.remove((api_version, kind))
            return Check(True, f"{', '.join(crd.name for crd in crds)} established and served")

        scopes = [Scope(crd.api_version, crd.kind, name=crd.name) for crd in crds]
        waker = self.settings.waker or Watcher(self.client, scopes)
        try:
            wait_until(
                look,
                what=f"the API server to serve {', '.join(crd.name for crd in crds)}",
                deadline_seconds=self.settings.wait_timeout,
                waker=waker,
                progress=self.settings.progress,
                clock=self.settings.clock,
            )
        finally:
            if self.settings.waker is None:
                waker.close()


class redacted:  # noqa: N801 - used like a function
    """Keeps the values of a Secret out of the words of an API server that quotes them."""

    def __init__(self, obj: Mapping[str, Any]) -> None:
        self.values = sorted(secret_values(obj), key=len, reverse=True)

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: Any, error: BaseException | None, trace: Any) -> None:
        if isinstance(error, KubeError):
            for value in self.values:
                error.message = error.message.replace(value, MASK)
            error.args = (error.message,)


def merged(live: Mapping[str, Any] | None, desired: Mapping[str, Any]) -> dict[str, Any]:
    """A prediction without the API server: ``desired`` laid over ``live``, lists replaced as a whole."""
    result = dict(live or {})
    for key, value in desired.items():
        before = result.get(key)
        result[key] = merged(before, value) if isinstance(value, Mapping) and isinstance(before, Mapping) else value
    return result


def find_labelled(client: KubeClient, prune: Prune) -> list[dict[str, Any]]:
    """All objects with the label, of the kinds and in the namespaces of ``prune``. Several requests at once."""

    def listed(scope: tuple[str, str, str | None]) -> list[dict[str, Any]]:
        try:
            return client.list(*scope, label_selector=prune.label_selector).items
        except errors.NotFound:
            return []  # a kind that isn't installed has no objects

    scopes: list[tuple[str, str, str | None]] = []
    for api_version, kind in prune.kinds:
        try:
            namespaced = client.resource(api_version, kind).namespaced
        except errors.NotFound:
            continue
        namespaces = prune.namespaces if namespaced and prune.namespaces else (None,)
        scopes += [(api_version, kind, namespace) for namespace in namespaces]
    with ThreadPoolExecutor(max_workers=THREADS) as pool:
        return [obj for found in pool.map(listed, scopes) for obj in found]


def strays(labelled: Sequence[dict[str, Any]], manifests: Sequence[Manifest]) -> list[dict[str, Any]]:
    """Those of ``labelled`` that aren't in the set, in the order in which to delete them.

    Objects that another object controls are left to the garbage collector: they inherit labels without being anybody's.
    """
    kept = {manifest.key for manifest in manifests}
    found: dict[tuple[str, str, str, str], dict[str, Any]] = {}
    for obj in labelled:
        key = Manifest(obj, "").key
        controlled = any(owner.get("controller") for owner in obj["metadata"].get("ownerReferences") or [])
        if key not in kept and not controlled:
            found[key] = obj
    return sorted(found.values(), key=rank, reverse=True)


def prunable_kinds(manifests: Sequence[Manifest]) -> tuple[tuple[str, str], ...]:
    """The kinds to prune when nobody says which: those of the set, with all RBAC kinds if it has one of them.

    Kinds that hold data or other objects are left out: they are only pruned when they're named.
    """
    kinds = {(m.api_version, m.kind) for m in manifests if m.kind not in _NEVER_PRUNED_UNASKED}
    if any(kind in _RBAC_KINDS for _version, kind in kinds):
        kinds |= {("rbac.authorization.k8s.io/v1", kind) for kind in _RBAC_KINDS}
    return tuple(sorted(kinds))
