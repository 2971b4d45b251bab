# Copyright: (c) 2026, the beekeeper.hivemq authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Affinity: a text with a template, as the vendor's chart writes it."""

from __future__ import annotations

import json
from typing import Any

import pytest
from ansible_collections.beekeeper.hivemq.plugins.module_utils._hivemq import affinity

# In the form of the chart's values: block YAML, the name unquoted, other values in quotes.
AS_IN_THE_CHART = """
podAntiAffinity:
  preferredDuringSchedulingIgnoredDuringExecution:
    - weight: 60
      podAffinityTerm:
        labelSelector:
          matchExpressions:
            - key: hivemq-cluster
              operator: In
              values:
                - {{ spec.name }}
        topologyKey: "kubernetes.io/hostname"
"""


def parse(text: str, name: str = "hive") -> dict[str, Any]:
    assert affinity.problems(text, name=name, namespace="mq") == []
    return affinity.tidied(text, name=name, namespace="mq")


def problem(text: str) -> tuple[str, str]:
    (only,) = affinity.problems(text, name="hive", namespace="mq")
    return only.path, only.problem


# A number would be refused by Kubernetes, and these names are sound names of clusters.
@pytest.mark.parametrize("name", ["hive", "1", "true", "0755", "null"])
def test_the_name_stays_text(name: str) -> None:
    (term,) = parse(AS_IN_THE_CHART, name)["podAntiAffinity"]["preferredDuringSchedulingIgnoredDuringExecution"]
    selector = term["podAffinityTerm"]["labelSelector"]
    assert selector == {"matchExpressions": [{"key": "hivemq-cluster", "operator": "In", "values": [name]}]}
    assert term["weight"] == 60


def test_json() -> None:
    node = {
        "requiredDuringSchedulingIgnoredDuringExecution": {
            "nodeSelectorTerms": [
                {
                    "matchExpressions": [
                        {"key": "pool", "operator": "In", "values": ["{{spec.name}}-{{ spec.namespace }}"]}
                    ]
                }
            ]
        }
    }
    found = parse(json.dumps({"nodeAffinity": node}))
    terms = found["nodeAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"]["nodeSelectorTerms"]
    assert terms[0]["matchExpressions"][0]["values"] == ["hive-mq"]


@pytest.mark.parametrize("text", ["", " \n"])
def test_a_blank_text_is_the_default(text: str) -> None:
    terms = parse(text)["podAntiAffinity"]["preferredDuringSchedulingIgnoredDuringExecution"]
    assert [item["weight"] for item in terms] == [60, 30]


def test_none_at_all() -> None:
    assert parse("{}") == {}


def test_an_empty_selector_is_kept() -> None:
    text = "podAffinity: {requiredDuringSchedulingIgnoredDuringExecution: [{topologyKey: zone, labelSelector: {}}]}"
    (term,) = parse(text)["podAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"]
    assert term == {"topologyKey": "zone", "labelSelector": {}}, "it selects all pods, an absent one none"


@pytest.mark.parametrize(
    ("text", "path", "part"),
    [
        ("{{ spec.memory }}: 1", "spec.affinity", "{{ spec.memory }}"),
        ("{% for a in b %}", "spec.affinity", "template statement"),
        ("{{ spec.name }", "spec.affinity", "template statement"),
        ("- podAffinity", "spec.affinity", "is no map"),
        ("podAffinity: *x", "spec.affinity", "line 1 has an alias"),
        ("podAffinity: \ue0000\ue001", "spec.affinity", "character"),
        ("podAffinity: []", "spec.affinity.podAffinity", "must be an object"),
        ("hostAffinity: {}", "spec.affinity.hostAffinity", "not a known field"),
        (AS_IN_THE_CHART.replace("60", "101"), None, "at most 100"),
        (AS_IN_THE_CHART.replace("topologyKey", "topologykey"), None, ""),
    ],
)
def test_refused(text: str, path: str | None, part: str) -> None:
    found = affinity.problems(text, name="hive", namespace="mq")
    assert found
    if path is not None:
        assert [item.path for item in found] == [path]
    assert any(part in item.problem for item in found)
