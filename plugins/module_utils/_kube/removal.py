# Copyright: (c) 2026, the beekeeper.hivemq authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Removing objects: in the order that lets controllers clean up, and never somebody's data by accident.

This module util is private to the collection and must not import Ansible.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from . import errors
from .apply import DELETED, PRUNED, UNCHANGED, ApplyResult, ObjectResult, Settings, fetch, resolve
from .client import KubeClient
from .diff import describe, diff
from .manifests import Manifest
from .wait import Target

_NAMED = 20


def delete_set(
    client: KubeClient,
    manifests: Sequence[Manifest],
    settings: Settings,
    *,
    allow_data_loss: bool,
    result: ApplyResult | None = None,
) -> ApplyResult:
    """Delete ``manifests`` (prepared with ``state="absent"``); what isn't there is fine.

    A CRD of which instances exist is refused (``DataLossRefused``), before anything is deleted and in check mode too,
    unless ``allow_data_loss``.
    """
    result = result if result is not None else ApplyResult()
    resolved = resolve(client, manifests)
    live = fetch(client, resolved)
    if not allow_data_loss:
        guard_crds(client, (obj for obj in live if obj is not None))
    for manifest, obj in zip(resolved, live, strict=True):
        if obj is None:
            result.objects.append(
                ObjectResult(manifest.api_version, manifest.kind, manifest.namespace, manifest.name, UNCHANGED)
            )
        else:
            result.objects.append(_delete(client, obj, manifest.api_version, DELETED, settings))
    _wait_gone(client, result, settings)
    return result


def prune_set(
    client: KubeClient,
    doomed: Sequence[dict[str, Any]],
    settings: Settings,
    *,
    allow_data_loss: bool,
    result: ApplyResult,
) -> None:
    """Delete ``doomed`` (see ``apply.strays``); the same guard holds for CRDs. Adds to ``result``."""
    if not allow_data_loss:
        guard_crds(client, doomed)
    for obj in doomed:
        result.objects.append(_delete(client, obj, str(obj["apiVersion"]), PRUNED, settings))
    _wait_gone(client, result, settings)


def guard_crds(client: KubeClient, objects: Iterable[Mapping[str, Any]]) -> None:
    """Raise ``DataLossRefused`` if one of ``objects`` is a CRD of which instances exist, in whatever namespace."""
    for crd in objects:
        if crd.get("kind") == "CustomResourceDefinition":
            _guard(client, crd)


def _guard(client: KubeClient, crd: Mapping[str, Any]) -> None:
    name = str(crd["metadata"]["name"])
    spec = crd.get("spec") or {}
    kind = str((spec.get("names") or {}).get("kind"))
    client.learn(crd)
    served = [str(v["name"]) for v in spec.get("versions") or [] if v.get("served")]
    step = "Delete them first, or say allow_data_loss: true if they may be lost."
    if not served:
        raise errors.DataLossRefused(
            f"No version of CustomResourceDefinition {name} is served, so whether any {kind} exists can't be seen",
            next_step="Say allow_data_loss: true if they may be lost.",
        )
    try:
        found = client.list(f"{spec['group']}/{served[0]}", kind).items
    except errors.NotFound:
        return
    if not found:
        return
    names = sorted(describe(item).partition(" ")[2] for item in found)
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    raise errors.DataLossRefused(
        f"Removing CustomResourceDefinition {name} would delete {len(names)} {kind} and all that belongs to them: "
        f"{', '.join(names[:_NAMED])}{more}",
        next_step=step,
    )


def _delete(
    client: KubeClient, obj: Mapping[str, Any], api_version: str, action: str, settings: Settings
) -> ObjectResult:
    metadata = obj["metadata"]
    kind, name, namespace = str(obj["kind"]), str(metadata["name"]), metadata.get("namespace")
    item = ObjectResult(api_version, kind, namespace, name, action, diff(obj, None), live=dict(obj))
    if metadata.get("deletionTimestamp"):
        # Somebody deleted it before; there is nothing to do but to wait for it.
        item.action, item.diff = UNCHANGED, None
        return item
    # The uid makes sure that it is still the object we looked at.
    preconditions = {"uid": str(metadata["uid"])} if metadata.get("uid") else None
    client.delete(api_version, kind, name, namespace, dry_run=settings.check, preconditions=preconditions)
    settings.progress(f"{describe(obj)} {f'would be {action}' if settings.check else action}")
    return item


def _wait_gone(client: KubeClient, result: ApplyResult, settings: Settings) -> None:
    if not settings.wait or settings.check:
        return
    gone = [
        Target(item.api_version, item.kind, item.name, item.namespace, gone=True)
        for item in result.objects
        if item.action in (DELETED, PRUNED)
        or (item.action == UNCHANGED and ((item.live or {}).get("metadata") or {}).get("deletionTimestamp"))
    ]
    if gone:
        settings.wait_for(client, gone)
