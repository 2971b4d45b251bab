# Copyright: (c) 2026, the beekeeper.hivemq authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What it does to a running cluster when its Kubernetes objects become others. Nothing but the objects is asked."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from ._differences import Difference, differences, path_text

Effect = Literal[
    "none", "live", "services", "scale_up", "scale_down", "rolling", "unknown", "refused"
]  # fmt: skip
# From harmless to grave.
EFFECTS: tuple[Effect, ...] = (
    "none", "live", "services", "scale_up", "scale_down", "rolling", "unknown", "refused"
)  # fmt: skip
CONTROLLERS = ("Deployment", "StatefulSet", "DaemonSet")
# What the API server lets be changed in a StatefulSet; in the other two only the selector is fixed.
_STATEFUL_SET_MUTABLE = frozenset(
    ("replicas", "ordinals", "template", "updateStrategy", "revisionHistoryLimit", "minReadySeconds",
     "persistentVolumeClaimRetentionPolicy")
)  # fmt: skip
_RESTARTING = ("template", "ordinals")
# A cloud may make a load balancer anew, or take nodes out of it, for a change of these.
_BALANCER_FIELDS = ("type", "externalTrafficPolicy", "healthCheckNodePort", "externalIPs", "ports", "selector")


@dataclass(frozen=True)
class ObjectChange:
    """One object that changes. `paths`: its fields that do; `fixed`: those of them that make it refused or unknown.

    `at_risk`: it carries connections that may be cut.
    """

    kind: str
    name: str
    action: Literal["created", "changed", "removed"]
    effects: tuple[Effect, ...]
    paths: tuple[str, ...] = ()
    at_risk: bool = False
    fixed: tuple[str, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        """Plain values, for a task's result."""
        return {
            "kind": self.kind, "name": self.name, "action": self.action, "effects": list(self.effects),
            "paths": list(self.paths),
        }  # fmt: skip


def ordered(effects: Iterable[Effect]) -> tuple[Effect, ...]:
    """Each effect once, from harmless to grave, without `none`."""
    found = set(effects)
    return tuple(effect for effect in EFFECTS if effect in found and effect != "none")


def worst(effects: Iterable[Effect]) -> Effect:
    """The gravest of them; `none` when there is none."""
    return next(reversed(ordered(effects)), "none")


def controller(items: Sequence[Mapping[str, Any]]) -> Mapping[str, Any] | None:
    """The object that makes the brokers' pods."""
    return next((item for item in items if _is_controller(item)), None)


def _is_controller(item: Mapping[str, Any]) -> bool:
    """Whether it makes pods: one of those of Kubernetes, or any other kind with a template of a pod."""
    return item["kind"] in CONTROLLERS or "template" in (item.get("spec") or {})


def compare(before: Sequence[Mapping[str, Any]], after: Sequence[Mapping[str, Any]]) -> list[ObjectChange]:
    """Every object that isn't the same in both lists (of `objects`), in their order. Empty: nothing happens."""
    old, new = ({(item["kind"], item["metadata"]["name"]): item for item in items} for items in (before, after))
    found: list[ObjectChange] = []
    for key in dict.fromkeys((*old, *new)):
        change = _compare_one(old.get(key), new.get(key))
        if change is not None:
            found.append(change)
    return found


def _compare_one(before: Mapping[str, Any] | None, after: Mapping[str, Any] | None) -> ObjectChange | None:
    either = after or before or {}
    kind, name = str(either["kind"]), str(either["metadata"]["name"])
    if before is None or after is None:
        # A controller never comes or goes by itself, but as one of another kind: that isn't done, its brokers stay.
        effect: Effect = "refused" if _is_controller(either) else "services" if kind == "Service" else "live"
        at_risk = kind == "Service" and after is None and not _headless(either)
        return ObjectChange(kind, name, "removed" if after is None else "created", (effect,), at_risk=at_risk)
    found = list(differences(before, after))
    if not found:
        return None
    paths = tuple(path_text(item.path) for item in found)
    if _is_controller(after):
        each = [_controller_effect(kind, item, before, after) for item in found]
        fixed = tuple(path for path, effect in zip(paths, each, strict=True) if effect in ("unknown", "refused"))
        return ObjectChange(kind, name, "changed", ordered(each), paths, fixed=fixed)
    effects: tuple[Effect, ...] = ("services",) if kind == "Service" else ("live",)
    at_risk = kind == "Service" and not _headless(after) and any(_touches_balancer(item) for item in found)
    return ObjectChange(kind, name, "changed", effects, paths, at_risk)


def _headless(service: Mapping[str, Any]) -> bool:
    return (service.get("spec") or {}).get("clusterIP") == "None"


def _touches_balancer(difference: Difference) -> bool:
    path = [str(step) for step in difference.path]
    if path[0] == "metadata":
        return path[1:2] == ["annotations"]
    return path[0] == "spec" and (len(path) == 1 or path[1] in _BALANCER_FIELDS or path[1].startswith("loadBalancer"))


def _controller_effect(
    kind: str, difference: Difference, before: Mapping[str, Any], after: Mapping[str, Any]
) -> Effect:
    path = difference.path
    if path[0] != "spec":
        return "live"
    field = str(path[1]) if len(path) > 1 else ""
    if field == "replicas":
        return "scale_up" if replicas(before) < replicas(after) else "scale_down"
    if field in _RESTARTING:
        return "rolling"
    if kind not in CONTROLLERS:
        return "unknown"
    fixed = field not in _STATEFUL_SET_MUTABLE if kind == "StatefulSet" else field in ("", "selector")
    return "refused" if fixed else "live"


def replicas(item: Mapping[str, Any]) -> int:
    """Number of pods a controller is to have. One that says nothing has one."""
    return int(item["spec"].get("replicas", 1))
