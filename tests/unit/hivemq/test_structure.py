# Copyright: (c) 2026, the beekeeper.hivemq authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The schema walker: where a value differs from its schema, and what to do about it."""

from __future__ import annotations

from typing import Any

import jsonschema
import pytest
from ansible_collections.beekeeper.hivemq.plugins.module_utils._hivemq.crd import resource_schema
from ansible_collections.beekeeper.hivemq.plugins.module_utils._hivemq.structure import (
    MAX_PROBLEMS,
    structural_problems,
)
from hypothesis import given
from hypothesis import strategies as st

SPEC = resource_schema()["properties"]["spec"]
STATUS = resource_schema()["properties"]["status"]


NESTED: Any = []
for _level in range(60):
    NESTED = [NESTED]


def one(spec: Any) -> Any:
    (problem,) = structural_problems(SPEC, spec, "spec")
    return problem


@pytest.mark.parametrize(
    ("spec", "rule", "path", "remedy"),
    [
        ({"nodeCount": "3"}, "type", "spec.nodeCount", "remove the quotes: 3"),
        ({"nodeCount": 3.0}, "type", "spec.nodeCount", "whole number"),
        ({"nodeCount": True}, "type", "spec.nodeCount", ""),
        ({"nodeCount": None}, "type", "spec.nodeCount", "leave the field out"),
        ({"nodeCount": 0}, "minimum", "spec.nodeCount", "1 or more"),
        ({"nodeCount": 2**31}, "maximum", "spec.nodeCount", "or less"),
        ({"nodeCount": 10**5000}, "maximum", "spec.nodeCount", "or less"),
        ({"cpu": 0.5}, "type", "spec.cpu", 'string: "0.5"'),
        ({"cpu": True}, "type", "spec.cpu", ""),
        ({"hivemqVersion": 2025.4}, "type", "spec.hivemqVersion", 'in quotes: "2025.4"'),
        ({"podLabels": {"a": True}}, "type", "spec.podLabels.a", 'in quotes: "true"'),
        ({"podLabels": {"example.com/a": 1}}, "type", "spec.podLabels[example.com/a]", "in quotes"),
        ({"podLabels": {1: "a"}}, "type", "spec.podLabels[1]", "quotes"),
        ({"memoryLimitRatio": "1"}, "type", "spec.memoryLimitRatio", "remove the quotes: 1"),
        ({"memoryLimitRatio": 0.5}, "minimum", "spec.memoryLimitRatio", "1 or more"),
        ({"memoryLimitRatio": float("nan")}, "type", "spec.memoryLimitRatio", "number"),
        ({"logLevel": "debug"}, "enum", "spec.logLevel", "write DEBUG"),
        ({"logLevel": "WARN"}, "enum", "spec.logLevel", "one of INFO, DEBUG, TRACE"),
        ({"image": ""}, "length", "spec.image", "value"),
        ({"image": "a\x00"}, "type", "spec.image", "remove"),
        ({"clusterOverloadProtection": "yes"}, "type", "spec.clusterOverloadProtection", "without quotes"),
        ({"ports": {"name": "mqtt"}}, "type", "spec.ports", "list"),
        ({"ports": [{"name": "mqtt"}]}, "required", "spec.ports[0].port", "add `port`"),
        ({"ports": [{"name": "mqtt", "port": 70000}]}, "maximum", "spec.ports[0].port", "65535"),
        (
            {"ports": [{"name": "mqtt", "port": 1883}, {"name": "mqtt", "port": 1884}]},
            "duplicate", "spec.ports[1]", "remove one",
        ),
        ({"nodecount": 3}, "unknown-field", "spec.nodecount", "did you mean `nodeCount`"),
        ({"hivemqVerison": "1"}, "unknown-field", "spec.hivemqVerison", "`hivemqVersion`"),
        ({"ports": [{"name": "m", "port": 1, "exposed": True}]}, "unknown-field", "spec.ports[0].exposed", "`expose`"),
        ({"zzz": 1}, "unknown-field", "spec.zzz", "known here"),
        ({"sidecars": [{"image": "a"}]}, "required", "spec.sidecars[0].name", "add `name`"),
        ({"sidecars": [{"name": "a", "tty": "\x00"}]}, "type", "spec.sidecars[0].tty", "remove"),
        ({"sidecars": [{"name": "a", "new": {1: "a"}}]}, "type", "spec.sidecars[0].new[1]", "quotes"),
        ({"sidecars": [{"name": "a", "new": [float("nan")]}]}, "type", "spec.sidecars[0].new[0]", "number"),
        ({"sidecars": [{"name": "a", "new": NESTED}]}, "depth", "spec.sidecars[0].new", "remove"),
        ([], "type", "spec", ""),
        (None, "type", "spec", "leave"),
    ],
)  # fmt: skip
def test_problem_has_place_and_remedy(spec: Any, rule: str, path: str, remedy: str) -> None:
    problem = one(spec)
    assert (problem.rule, problem.path, problem.severity) == (rule, path, "error")
    assert remedy in problem.remedy
    assert problem.problem


@pytest.mark.parametrize(
    "spec",
    [
        {},
        {"nodeCount": 1, "cpu": 4, "memory": "8Gi", "cpuLimitRatio": 1, "memoryLimitRatio": 1.5},
        {"mqtt": {"sessionExpiryInterval": 4294967295, "messageExpiryMaxInterval": 4294967296}},
        {"configMaps": [{"name": "a", "path": "/a"}, {"name": "a", "path": "/b"}]},
        {"env": [{"name": "A", "valueFrom": {"secretKeyRef": {"name": "s", "key": "k"}}}]},
        {"sidecars": [{"name": "a", "restartPolicy": "Always", "lifecycle": {"preStop": {"exec": {"command": []}}}}]},
    ],
)
def test_sound(spec: Any) -> None:
    assert structural_problems(SPEC, spec, "spec") == []


def test_time() -> None:
    def problems(time: str) -> list[str]:
        condition = {"type": "Ready", "status": "True", "lastTransitionTime": time}
        return [item.rule for item in structural_problems(STATUS, {"conditions": [condition]}, "status")]

    assert problems("2026-01-31T12:00:00Z") == []
    assert problems("yesterday") == ["format"]


def test_the_number_of_problems_is_bounded() -> None:
    assert len(structural_problems(SPEC, {f"field{number}": 1 for number in range(5000)}, "spec")) == MAX_PROBLEMS


anything = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 70000) | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=10,
)
port = st.fixed_dictionaries(
    {}, optional={"name": st.text(max_size=3) | anything, "port": st.integers(0, 70000) | anything,
                  "expose": st.booleans() | anything, "patch": st.lists(st.text(max_size=3)) | anything}
)  # fmt: skip
SPECS = st.fixed_dictionaries(
    {},
    optional={
        "nodeCount": st.integers(-1, 5) | anything,
        "cpu": anything,
        "memoryLimitRatio": st.floats(0, 3) | anything,
        "podLabels": st.dictionaries(st.text(max_size=3), st.text(max_size=3)) | anything,
        "ports": st.lists(port, max_size=2) | anything,
        "logLevel": st.sampled_from(["INFO", "debug"]) | anything,
        "mqtt": st.fixed_dictionaries({}, optional={"maxQos": st.integers(-1, 4) | anything}) | anything,
    },
)
# Another implementation of the same rules. JSON Schema takes 3.0 for an integer and doesn't know Kubernetes' own words.
PLAIN = jsonschema.validators.extend(
    jsonschema.Draft202012Validator,
    type_checker=jsonschema.Draft202012Validator.TYPE_CHECKER.redefine(
        "integer", lambda _checker, value: isinstance(value, int) and not isinstance(value, bool)
    ),
)(SPEC)


@given(SPECS)
def test_agrees_with_an_independent_validator(spec: Any) -> None:
    problems = structural_problems(SPEC, spec, "spec")
    beyond = {"unknown-field", "duplicate"}
    strings = [item for item in problems if "no API server takes" in item.problem]
    if strings:
        return  # JSON Schema has no opinion on NUL and lone surrogates
    assert PLAIN.is_valid(spec) == all(item.rule in beyond for item in problems)
