# Copyright: (c) 2026, the beekeeper.hivemq authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a change of a HiveMQCluster does to the brokers, and what it costs their clients.

The effect is never looked up in a table of fields: both resources are turned into objects, and the objects are
compared. The same is done for each changed field by itself, which tells what the field has to do with it.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from . import names
from ._compare import EFFECTS, Effect, ObjectChange, compare, controller, ordered, replicas, worst
from ._differences import MISSING, Difference, Path, differences, masked, path_text, replaced, word
from .objects import objects
from .spec import parse
from .structure import shown
from .validate import Violation, errors, validate

__all__ = ["EFFECTS", "Change", "Cost", "Effect", "FieldChange", "ObjectChange", "change", "reconnects_per_client"]

# A resource with more changes than this is another resource: they are told by whole fields.
MAX_FIELDS = 40
_MAX_NAMED = 4
_POD_TEMPLATE = "spec.template."
_CONFIG_HASH = f"{_POD_TEMPLATE}metadata.annotations[{names.CONFIG_HASH_ANNOTATION}]"


@dataclass(frozen=True)
class FieldChange:
    """One field that isn't the same. Secrets are masked in `before` and `after`; None: not given, so the default.

    `effects` are the field's share of the whole change's, from harmless to grave. `why`, `cost`: for people.
    """

    path: str
    before: Any
    after: Any
    effects: tuple[Effect, ...]
    why: str
    cost: str

    @property
    def effect(self) -> Effect:
        """The gravest effect."""
        return worst(self.effects)

    def __str__(self) -> str:
        """`spec.memory 4Gi → 8Gi`."""
        return f"{self.path} {word(self.before)} → {word(self.after)}"

    def as_dict(self) -> dict[str, Any]:
        """Plain values, for a task's result."""
        return {
            "path": self.path, "before": self.before, "after": self.after, "effect": self.effect,
            "effects": list(self.effects), "why": self.why, "cost": self.cost,
        }  # fmt: skip


@dataclass(frozen=True)
class Cost:
    """What brokers and clients have to bear. None: can't be told.

    `brokers`: their number before. `restarts`, `added`, `removed`: brokers. `clients_moved`: share of the clients (0 to
    1) that lose their connection at least once. `reconnects_per_client`: expected, over all clients. `outage`: there is
    a time in which no broker answers. `services_at_risk`: open connections through these may be cut by a load balancer.
    """

    brokers: int | None = 0
    restarts: int | None = 0
    added: int | None = 0
    removed: int | None = 0
    clients_moved: float | None = 0.0
    reconnects_per_client: float | None = 0.0
    outage: bool | None = False
    services_at_risk: tuple[str, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        """Plain values, for a task's result."""
        return {**dataclasses.asdict(self), "services_at_risk": list(self.services_at_risk)}


_UNKNOWN_COST = Cost(None, None, None, None, None, None, None)


@dataclass(frozen=True)
class Change:
    """The difference between two states of one cluster.

    `effects`: from harmless to grave, empty when nothing happens. `fields` explain, `objects` prove. `problems`: why
    the change is refused or can't be told.
    """

    effects: tuple[Effect, ...]
    fields: tuple[FieldChange, ...]
    objects: tuple[ObjectChange, ...]
    cost: Cost
    problems: tuple[str, ...] = ()

    @property
    def effect(self) -> Effect:
        """The gravest effect."""
        return worst(self.effects)

    def sentence(self, *, planned: bool = True) -> str:
        """One line: `would restart 3 brokers one after the other (...): spec.memory 4Gi → 8Gi`, or `restarts 3 ...`."""
        deeds = _deeds(self)
        if not planned:
            deeds = [_third_person(deed) for deed in deeds]
        text = " and ".join([", ".join(deeds[:-1]), deeds[-1]] if len(deeds) > 1 else deeds)
        if "refused" in self.effects or "unknown" in self.effects:
            reason = "; ".join(self.problems[:_MAX_NAMED])
            more = len(self.problems) - _MAX_NAMED
        else:
            concerned = [str(field) for field in self.fields if field.effects or not self.effects]
            reason, more = ", ".join(concerned[:_MAX_NAMED]), len(concerned) - _MAX_NAMED
        reason += f" and {more} more" if more > 0 else ""
        return f"{'would ' if planned else ''}{text}{': ' if reason else ''}{reason}"

    def report(self, *, planned: bool = True) -> str:
        """The sentence, and a line for each field with its effect, the reason and the cost."""
        lines = [f"  {field}: {field.effect}; {field.why}; {field.cost}" for field in self.fields]
        return "\n".join([self.sentence(planned=planned), *lines]) + "\n"

    def as_dict(self) -> dict[str, Any]:
        """Plain values, for a task's result."""
        return {
            "effect": self.effect,
            "effects": list(self.effects),
            "summary": self.sentence(),
            "fields": [item.as_dict() for item in self.fields],
            "objects": [item.as_dict() for item in self.objects],
            "cost": self.cost.as_dict(),
            "problems": list(self.problems),
        }


def reconnects_per_client(restarted: int, others: int) -> float:
    """How often a client reconnects on average while `restarted` brokers restart one after the other.

    Clients are spread evenly before; those of a broker that goes land evenly on `others` brokers, restarted ones and
    those still to restart. A client on the k-th broker then expects R_k = 1 + (R_(k+1) + ... + R_n) / others, and the
    average of that geometric series over all n brokers is what is returned. A lone broker's clients wait for it: 1.
    """
    if restarted <= 0:
        return 0.0
    if others <= 0:
        return 1.0
    return others / restarted * ((1 + 1 / others) ** restarted - 1)


def change(before: Mapping[str, Any], after: Mapping[str, Any]) -> Change:
    """What happens to a cluster when its resource goes from `before` to `after`.

    It is about the resources: that the brokers already are as `before` says is taken for granted. A resource without
    a namespace is in the other one's. Raises ValueError when the two are different clusters.
    """
    old, new = _documents(before, after)
    if any(old["metadata"][key] != new["metadata"][key] for key in ("namespace", "name")):
        raise ValueError(f"{_name(old)} and {_name(new)} are different clusters")
    refused = errors(validate(after))
    if refused:
        # The operator leaves everything as it is.
        return _not_done("refused", old, new, refused)
    unsound = errors(validate(before))
    if unsound:
        return _not_done("unknown", old, new, unsound)
    old_objects, new_objects = _render(old), _render(new)
    found = compare(old_objects, new_objects)
    effects = ordered(effect for item in found for effect in item.effects)
    cost = _cost(old_objects, new_objects, found)
    fields = _fields((old, old_objects), (new, new_objects), found, cost)
    return Change(effects, fields, tuple(found), cost, tuple(_problems(found)))


def _problems(found: Sequence[ObjectChange]) -> Iterator[str]:
    for item in found:
        what = f"{item.kind} {item.name}"
        if item.fixed and "refused" in item.effects:
            yield f"{what}: {', '.join(item.fixed)} can't be changed"
        elif item.fixed:
            yield f"what a change of {', '.join(item.fixed)} does to {what} is not known here"
        elif item.action == "removed" and "refused" in item.effects:
            yield f"{what} keeps the brokers, and another kind of controller needs the cluster to be made anew"


def _document(resource: Mapping[str, Any], namespace: str) -> dict[str, Any]:
    """What of a resource may matter for its objects: no status, no bookkeeping of the API server."""
    metadata = resource.get("metadata")
    given = metadata if isinstance(metadata, Mapping) else {}
    kept: dict[str, Any] = {"name": given.get("name"), "namespace": given.get("namespace") or namespace}
    for key in ("labels", "annotations"):
        values = given.get(key)
        items = values.items() if isinstance(values, Mapping) else ()
        # kubectl's copy of the whole resource would tell every change twice.
        kept[key] = {
            str(name): value
            for name, value in items
            if isinstance(value, str) and not str(name).startswith("kubectl.kubernetes.io/")
        }
    return {"metadata": kept, "spec": resource.get("spec")}


def _documents(before: Any, after: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    sides = [item if isinstance(item, Mapping) else {} for item in (before, after)]
    metadata = [item.get("metadata") for item in sides]
    given = [item.get("namespace") if isinstance(item, Mapping) else None for item in metadata]
    first, second = (name if isinstance(name, str) else "" for name in given)
    return _document(sides[0], second or "default"), _document(sides[1], first or "default")


def _name(document: Mapping[str, Any]) -> str:
    namespace, name = (shown(document["metadata"][key]).strip("'") for key in ("namespace", "name"))
    return f"{namespace}/{name}"


def _render(document: Mapping[str, Any]) -> list[dict[str, Any]]:
    return objects(parse(document))


def _differences(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[Difference]:
    """Where the documents differ; by whole fields of the spec when there are too many places.

    A group such as `mqtt` that only one of them has is compared with an empty one, setting by setting.
    """
    both = [dict(side["spec"]) if isinstance(side["spec"], Mapping) else {} for side in (old, new)]
    for mine, other in (both, both[::-1]):
        for key, value in other.items():
            if isinstance(value, Mapping) and key not in mine:
                mine[key] = {}
    meta = [{"metadata": {key: side["metadata"][key] for key in ("labels", "annotations")}} for side in (old, new)]
    found = [*differences(both[0], both[1], ("spec",)), *differences(meta[0], meta[1])]
    if len(found) <= MAX_FIELDS:
        return found
    whole = dict.fromkeys(item.path[:2] for item in found)
    return [Difference(path, _at(old, path), _at(new, path)) for path in whole]


def _at(document: Mapping[str, Any], path: Path) -> Any:
    value: Any = document
    for step in path:
        value = value.get(step, MISSING) if isinstance(value, Mapping) else MISSING
    return value


def _fields(
    before: tuple[dict[str, Any], list[dict[str, Any]]],
    after: tuple[dict[str, Any], list[dict[str, Any]]],
    found: list[ObjectChange],
    cost: Cost,
) -> tuple[FieldChange, ...]:
    """The changed fields, each with its share: what would not happen without it.

    What would happen without any one of them, because another does it too, is the share of each that does it alone;
    what none does alone is everybody's. What cancels out is nobody's. `before`, `after`: a resource and its objects.
    """
    (old, old_objects), (new, new_objects) = before, after
    whole = {effect for item in found for effect in item.effects}
    changed = _differences(old, new)
    if len(changed) == 1:
        return (_field(changed[0], found, whole, cost),)
    last = [_try(replaced(new, item.path, item.before), new_objects, back=True) if whole else [] for item in changed]
    unclaimed = whole - {effect for share in last for item in share for effect in item.effects}
    first = [_try(replaced(old, item.path, item.after), old_objects) if unclaimed else [] for item in changed]
    together = unclaimed - {effect for share in first for item in share for effect in item.effects}
    result = []
    for item, without, alone in zip(changed, last, first, strict=True):
        effects = {effect for change_ in without for effect in change_.effects} & whole
        effects |= {effect for change_ in alone for effect in change_.effects} & unclaimed
        result.append(_field(item, [*without, *alone], effects | together, cost))
    return tuple(result)


def _try(document: dict[str, Any], there: list[dict[str, Any]], *, back: bool = False) -> list[ObjectChange]:
    """What changes from `there` to the objects of `document`, or `back`; nothing when it can't have objects."""
    try:
        other = _render(document)
    except (ValueError, KeyError):
        return []  # half of a change need not make sense
    return compare(other, there) if back else compare(there, other)


def _field(item: Difference, share: Sequence[ObjectChange], effects: set[Effect], cost: Cost) -> FieldChange:
    before, after = masked(item)
    told = ordered(effects)
    return FieldChange(path_text(item.path), before, after, told, _why(worst(told), share), _price(told, cost))


def _why(effect: Effect, share: Sequence[ObjectChange]) -> str:
    if effect == "none":
        return "no object of the cluster changes by it"
    concerned = [item for item in share if effect in item.effects]
    if not concerned:
        return "only together with other fields"
    item = concerned[0]
    where = f"{item.kind} {item.name}"
    if effect == "rolling":
        inside = [path.removeprefix(_POD_TEMPLATE) for path in item.paths if path.startswith(_POD_TEMPLATE)]
        if _CONFIG_HASH in item.paths:
            rest = [path for path in inside if path != _CONFIG_HASH.removeprefix(_POD_TEMPLATE)]
            and_more = f", and {_listed(rest)}" if rest else ""
            return f"it changes config.xml, which a broker reads only when it starts{and_more}"
        return f"it changes {_listed(inside or item.paths)} of the pods, and pods can only be replaced"
    if effect in ("scale_up", "scale_down"):
        return f"it changes the number of brokers of {where}"
    if effect == "unknown":
        return f"it changes {_listed(item.fixed)} of {where}, a kind that is not known here"
    if effect == "refused" and item.fixed:
        return f"{_listed(item.fixed)} of {where} can't be changed once it exists"
    if effect == "refused":
        return "brokers stay with the kind of controller they have"
    if item.action != "changed":
        return f"{where} is {item.action}"
    end = "which brokers read while they run" if item.kind == "ConfigMap" else "for which no broker has to restart"
    return f"it changes {_listed(item.paths)} of {where}, {end}"


def _listed(paths: Sequence[str]) -> str:
    shown = ", ".join(paths[:_MAX_NAMED])
    return f"{shown} and {len(paths) - _MAX_NAMED} more" if len(paths) > _MAX_NAMED else shown


def _not_done(effect: Effect, old: dict[str, Any], new: dict[str, Any], found: list[Violation]) -> Change:
    """A change one side of which has no objects. The fields that differ are told, without a share in anything."""
    cost = Cost(brokers=None) if effect == "refused" else _UNKNOWN_COST
    why = "the resource isn't sound" if effect == "refused" else "the resource before isn't sound"
    fields: list[FieldChange] = []
    try:
        for item in _differences(old, new):
            before, after = masked(item)
            fields.append(FieldChange(path_text(item.path), before, after, (effect,), why, _price((effect,), cost)))
    except (RecursionError, ValueError):
        fields = []  # nested too deeply, or a number of thousands of digits: `found` says so
    start = "" if effect == "refused" else "the resource before isn't sound: "
    return Change((effect,), tuple(fields), (), cost, tuple(f"{start}{item}" for item in found))


def _cost(old_objects: list[dict[str, Any]], new_objects: list[dict[str, Any]], found: list[ObjectChange]) -> Cost:
    effects = {effect for item in found for effect in item.effects}
    at_risk = tuple(item.name for item in found if item.at_risk)
    old, new = controller(old_objects), controller(new_objects)
    if old is None or new is None:
        return _UNKNOWN_COST
    if "unknown" in effects:
        return dataclasses.replace(_UNKNOWN_COST, brokers=replicas(old), services_at_risk=at_risk)
    if "DaemonSet" in (old["kind"], new["kind"]):
        # It has as many brokers as there are nodes for them.
        if "refused" in effects or "rolling" not in effects:
            return Cost(brokers=None, services_at_risk=at_risk)
        return Cost(None, None, 0, 0, 1.0, None, None, at_risk)
    before, wanted = replicas(old), replicas(new)
    if "refused" in effects:
        return Cost(brokers=before, services_at_risk=at_risk)
    added, removed = max(0, wanted - before), max(0, before - wanted)
    share = removed / before
    if "rolling" not in effects:
        return Cost(before, 0, added, removed, round(share, 2), round(share, 2), False, at_risk)
    restarts = min(before, wanted)
    # A Deployment starts a new pod before it ends an old one, a StatefulSet the other way round.
    others = wanted - (0 if new["kind"] == "Deployment" else 1)
    expected = share + reconnects_per_client(restarts, others)
    return Cost(before, restarts, added, removed, 1.0, round(expected, 2), others == 0, at_risk)


def _brokers(number: int | None) -> str:
    return "every broker" if number is None else "1 broker" if number == 1 else f"{number} brokers"


def _share(cost: Cost) -> str:
    return f"{round(100 * (cost.removed or 0) / (cost.brokers or 1))} % of the clients"


def _price(effects: tuple[Effect, ...], cost: Cost) -> str:
    """What the effects of a field cost, in a sentence without an end."""
    held = {"rolling": cost.restarts == 0, "scale_up": cost.added == 0, "scale_down": cost.removed == 0}
    if any(held.get(effect) for effect in effects):
        return "nothing, as long as another field is refused"
    words = [text for effect in reversed(effects) if (text := _PRICES[effect](cost))]
    if effects and not {"rolling", "unknown"} & set(effects):
        words.append("no broker restarts")
    return "; ".join(words) or "nothing"


def _rolling_price(cost: Cost) -> str:
    if cost.restarts is None:
        return "every broker restarts, one after the other; every client reconnects at least once"
    if cost.outage:
        return "the only broker restarts; no client can connect until it is back"
    one = cost.restarts == 1
    text = f"{_brokers(cost.restarts)} restart{'s' if one else ', one after the other'}"
    return f"{text}; a client reconnects {cost.reconnects_per_client} times on average"


def _services_price(cost: Cost) -> str:
    if not cost.services_at_risk:
        return ""
    return f"a load balancer may cut open connections through {', '.join(cost.services_at_risk)}"


_PRICES = {
    "none": lambda _cost: "",
    "live": lambda _cost: "",
    "services": _services_price,
    "scale_up": lambda cost: f"{_brokers(cost.added)} more",
    "scale_down": lambda cost: f"{_brokers(cost.removed)} less; {_share(cost)} reconnect",
    "rolling": _rolling_price,
    "unknown": lambda _cost: "can't be told",
    "refused": lambda _cost: "it is refused",
}


def _third_person(deed: str) -> str:
    verb, _space, rest = deed.partition(" ")
    inflected = {"be": "is", "have": "has"}.get(verb, f"{verb}s")
    return f"{inflected} {rest}"


def _deeds(item: Change) -> list[str]:
    """What happens, each with its verb first: `restart 3 brokers ...`, the gravest first."""
    cost, effects = item.cost, item.effects
    if "refused" in effects:
        return ["be refused"]
    if "unknown" in effects:
        return ["have an effect that can't be told"]
    deeds = []
    if "rolling" in effects:
        if cost.outage:
            deeds.append("restart the only broker")
        elif cost.restarts == 1:
            deeds.append(f"restart 1 broker ({cost.reconnects_per_client} reconnects per client)")
        else:
            number = f" ({cost.reconnects_per_client} reconnects per client)" if cost.reconnects_per_client else ""
            deeds.append(f"restart {_brokers(cost.restarts)} one after the other{number}")
    if "scale_down" in effects:
        deeds.append(f"remove {_brokers(cost.removed)} of {cost.brokers} ({_share(cost)} reconnect)")
    if "scale_up" in effects:
        deeds.append(f"add {_brokers(cost.added)}")
    services = [found for found in item.objects if found.kind == "Service"]
    for verb, action in (("create", "created"), ("change", "changed"), ("remove", "removed")):
        concerned = [found.name for found in services if found.action == action]
        if concerned:
            deeds.append(f"{verb} the Service{'s' if len(concerned) > 1 else ''} {', '.join(concerned)}")
    if not deeds:
        deeds = ["restart no broker"] if effects else ["change nothing in the cluster"]
    return deeds
