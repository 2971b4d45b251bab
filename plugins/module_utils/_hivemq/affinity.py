# Copyright: (c) 2026, the beekeeper.hivemq authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The affinity of the broker pods: a text, in which a template stands for the cluster's name."""

from __future__ import annotations

import functools
import re
from typing import Any

from . import _passed_on, names, simple_yaml
from ._schema_workload import affinity as affinity_schema
from .structure import structural_problems
from .violation import Violation

_EXPRESSION = re.compile(r"\{\{([^{}]{0,200})\}\}")
# Stands for a value while the text is read, so that a name such as 1.0 stays text and none can add structure.
_MARK = re.compile("\ue000(\\d+)\ue001")


class AffinityError(ValueError):
    """A text that is no affinity; `str()` says why."""


def default(cluster: str) -> dict[str, Any]:
    """Soft anti-affinity, with the vendor's weights."""

    def term(weight: int, labels: dict[str, str]) -> dict[str, Any]:
        return {
            "weight": weight,
            "podAffinityTerm": {"labelSelector": {"matchLabels": labels}, "topologyKey": "kubernetes.io/hostname"},
        }

    terms = [
        term(60, {names.CLUSTER_LABEL: cluster}),  # a node should hold one broker of a cluster,
        term(30, {names.APP_LABEL: names.APP}),  # and rather no broker of another one
    ]
    return {"podAntiAffinity": {"preferredDuringSchedulingIgnoredDuringExecution": terms}}


def parse(text: str, *, name: str, namespace: str) -> dict[str, Any]:
    """The affinity that `text` means for this cluster; for a blank text the default. Raises AffinityError."""
    if not text.strip():
        return default(name)
    value = _read(text, name, namespace)
    if not isinstance(value, dict):
        raise AffinityError("is no map of nodeAffinity, podAffinity and podAntiAffinity")
    return value


def tidied(text: str, *, name: str, namespace: str) -> dict[str, Any]:
    """`parse` in the form in which the API server keeps it."""
    found: dict[str, Any] = _passed_on.tidy(parse(text, name=name, namespace=namespace))
    return found


@functools.lru_cache(maxsize=64)
def _parsed(text: str) -> Any:
    return simple_yaml.parse(text)


def _read(text: str, name: str, namespace: str) -> Any:
    if len(text) > simple_yaml.MAX_CHARACTERS:
        raise AffinityError(f"is longer than {simple_yaml.MAX_CHARACTERS} characters")
    if "\ue000" in text or "\ue001" in text:
        raise AffinityError("has a character that is not allowed here")
    known = {"spec.name": name, "spec.namespace": namespace}
    values: list[str] = []

    def mark(match: re.Match[str]) -> str:
        expression = match.group(1).strip()
        value = known.get(expression)
        if value is None:
            raise AffinityError(
                f"has the expression {{{{ {expression[:60]} }}}}, and only {{{{ spec.name }}}} and "
                "{{ spec.namespace }} are known"
            )
        values.append(value)
        return f"\ue000{len(values) - 1}\ue001"

    marked = _EXPRESSION.sub(mark, text)
    if "{%" in marked or "{{" in marked:
        raise AffinityError("has a template statement, and only {{ spec.name }} and {{ spec.namespace }} are known")

    def filled(value: Any) -> Any:
        if isinstance(value, dict):
            return {filled(key): filled(item) for key, item in value.items()}
        if isinstance(value, list):
            return [filled(item) for item in value]
        return _MARK.sub(lambda match: values[int(match.group(1))], value) if isinstance(value, str) else value

    try:
        return filled(_parsed(marked))
    except simple_yaml.YamlError as error:
        raise AffinityError(str(error)) from None


@functools.cache
def _schema() -> dict[str, Any]:
    return affinity_schema()


def problems(text: str, *, name: str, namespace: str) -> list[Violation]:
    """What is wrong with a text, each with its place inside."""
    try:
        value = parse(text, name=name, namespace=namespace)
    except AffinityError as error:
        remedy = "write it like podAntiAffinity in the documentation of Kubernetes, in plain YAML or in JSON"
        return [Violation("affinity", "spec.affinity", str(error), "no pod could be made", remedy)]
    return structural_problems(_schema(), value, "spec.affinity")
