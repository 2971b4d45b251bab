# Copyright: (c) 2026, the beekeeper.hivemq authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What holds for the change between any two resources: generated ones, sound, broken and hostile."""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest
from ansible_collections.beekeeper.hivemq.plugins.module_utils._hivemq.change import change
from ansible_collections.beekeeper.hivemq.plugins.module_utils._hivemq.objects import objects
from ansible_collections.beekeeper.hivemq.plugins.module_utils._hivemq.spec import parse
from ansible_collections.beekeeper.hivemq.plugins.module_utils._hivemq.validate import errors, validate
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from .test_properties import HOSTILE, sound_specs, values

Resource = dict[str, Any]
SLOW = settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@st.composite
def pairs(draw: st.DrawFn) -> tuple[Resource, Resource]:
    """Two resources of which the second took some fields from a third."""
    first, other = draw(sound_specs()), draw(sound_specs())
    taken = draw(st.sets(st.sampled_from(sorted({*first, *other}) or ["cpu"]), max_size=4))
    second = {key: value for key, value in first.items() if key not in taken}
    second |= {key: value for key, value in other.items() if key in taken}
    return tuple({"metadata": {"name": "hive", "uid": "u"}, "spec": spec} for spec in (first, second))  # type: ignore[return-value]


def judged_by_objects(before: Resource, after: Resource) -> set[str]:
    """What the objects alone say, worked out another way: object by object, part by part."""
    old, new = (
        {(item["kind"], item["metadata"]["name"]): item for item in objects(parse(side))} for side in (before, after)
    )
    (key,) = (item for item in old if item[0] in ("Deployment", "StatefulSet", "DaemonSet"))
    if key not in new:
        return {"refused"}
    one, two = copy.deepcopy(old.pop(key)), copy.deepcopy(new.pop(key))
    effects: set[str] = set()
    replicas = one["spec"].pop("replicas", 1), two["spec"].pop("replicas", 1)
    if replicas[0] != replicas[1]:
        effects.add("scale_up" if replicas[0] < replicas[1] else "scale_down")
    if one["spec"].pop("template") != two["spec"].pop("template"):
        effects.add("rolling")
    fixed = {"selector", "serviceName", "podManagementPolicy", "volumeClaimTemplates"}
    for field in {*one["spec"], *two["spec"]}:
        if one["spec"].get(field) != two["spec"].get(field):
            effects.add("refused" if field in fixed else "live")
    if one["metadata"] != two["metadata"]:
        effects.add("live")
    for item in {*old, *new}:
        if old.get(item) != new.get(item):
            effects.add("services" if item[0] == "Service" else "live")
    return effects


@SLOW
@given(pairs())
def test_the_effects_are_what_the_objects_say(pair: tuple[Resource, Resource]) -> None:
    before, after = pair
    kept = copy.deepcopy(pair)
    found = change(before, after)
    assert pair == kept, "the input stays as it was"
    if errors(validate(after)) or errors(validate(before)):
        assert found.effects in (("refused",), ("unknown",))
        return
    expected = judged_by_objects(before, after)
    if expected == {"refused"}:  # and whatever else comes with another controller
        expected |= set(found.effects)
    assert set(found.effects) == expected
    assert {effect for field in found.fields for effect in field.effects} == expected, "the fields explain all of it"
    if "refused" not in expected:
        assert (found.cost.restarts != 0) == ("rolling" in expected)
        assert (found.cost.clients_moved != 0) == bool(expected & {"rolling", "scale_down"})
    assert (found.effect == "none") == (not expected)
    assert json.loads(json.dumps(found.as_dict())) == found.as_dict()
    back = change(after, before)
    turned = {"scale_up": "scale_down", "scale_down": "scale_up"}
    assert set(back.effects) == {turned.get(effect, effect) for effect in expected}


@SLOW
@given(sound_specs())
def test_equal_specs_are_no_change(spec: dict[str, Any]) -> None:
    one: Resource = {"metadata": {"name": "hive"}, "spec": spec}
    backwards = json.loads(json.dumps(one), object_pairs_hook=lambda items: dict(reversed(items)))
    for found in (change(one, copy.deepcopy(one)), change(one, backwards)):
        assert (found.effect, found.fields, found.objects) == ("none", (), ())


@given(values, values)
def test_any_two_values_are_judged(before: Any, after: Any) -> None:
    metadata = [item.get("metadata") if isinstance(item, dict) else None for item in (before, after)]
    assume(not any(isinstance(item, dict) for item in metadata))  # else they may be two clusters, an error of its own
    found = change(before, after)
    assert found.effect in ("refused", "unknown")
    json.dumps(found.as_dict())
    found.sentence().encode()


@pytest.mark.parametrize("number", range(len(HOSTILE)))
def test_a_hostile_value_is_refused_or_harmless(number: int) -> None:
    hostile = HOSTILE[number]
    name = hostile["metadata"]["name"] if "metadata" in hostile else None
    for before, after in ((hostile, hostile), ({"metadata": {"name": name}, "spec": {}}, hostile)):
        found = change(before, after)
        json.dumps(found.as_dict()).encode()
        found.sentence().encode()
        for field in found.fields:
            str(field).encode()
