# Copyright: (c) 2026, the beekeeper.hivemq authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Is a HiveMQCluster sound? One implementation for check mode, the operator and every other place that asks."""

from __future__ import annotations

import functools
from collections.abc import Iterator, Mapping
from typing import Any

from . import (
    _rules_config,
    _rules_mounts,
    _rules_pods,
    _rules_ports,
    _rules_security,
    _rules_services,
    _rules_workload,
    names,
)
from .crd import resource_schema
from .spec import Cluster, parse
from .structure import shown, structural_problems
from .violation import Violation, errors, warnings

__all__ = ["Violation", "errors", "validate", "warnings"]


@functools.cache
def _spec_schema() -> dict[str, Any]:
    schema: dict[str, Any] = resource_schema()["properties"]["spec"]
    return schema


def validate(resource: object) -> list[Violation]:
    """All findings about a resource: first its structure, and when that is sound, what it means.

    Takes any JSON value and never raises for one. A resource without a finding of severity "error" can be parsed, and
    its objects can be made. `status` and what the API server keeps in `metadata` are not looked at.
    """
    if not isinstance(resource, Mapping):
        return [Violation("type", "", f"the resource is {shown(resource)}, must be an object")]
    found = [*_identity(resource), *_structure(resource)]
    if errors(found):
        return found
    cluster = parse(resource)
    return [*found, *_semantics(cluster, resource["spec"])]


def _structure(resource: Mapping[str, Any]) -> list[Violation]:
    if "spec" not in resource:
        return [Violation("required", "spec", "is missing", "", "add `spec: {}` for a cluster of defaults")]
    return structural_problems(_spec_schema(), resource["spec"], "spec")


def _identity(resource: Mapping[str, Any]) -> Iterator[Violation]:
    for key, wanted in (("apiVersion", names.API_VERSION), ("kind", names.KIND)):
        if key in resource and resource[key] != wanted:
            yield Violation("identity", key, f"is {shown(resource[key])}, must be {wanted}", "", f"write {wanted}")
    for key in resource:
        if key not in ("apiVersion", "kind", "metadata", "spec", "status"):
            yield Violation("unknown-field", shown(key), "is not a known field", "", "did you mean it to be in spec?")
    metadata = resource.get("metadata")
    if not isinstance(metadata, Mapping):
        yield Violation("required", "metadata", "is missing or not an object", "", "add metadata with a name")
        return
    if not isinstance(metadata.get("name"), str) or not metadata["name"]:
        yield Violation("required", "metadata.name", "is missing or not a string", "", "give the cluster a name")
    if not isinstance(metadata.get("namespace", ""), str):
        yield Violation("type", "metadata.namespace", f"is {shown(metadata['namespace'])}, must be a string")


def _semantics(cluster: Cluster, spec: Mapping[str, Any]) -> Iterator[Violation]:
    ports = [*_rules_ports.name_rules(cluster), *_rules_ports.port_rules(cluster, spec)]
    yield from ports
    # What follows asks for the port mqtt by its name.
    if not errors(ports):
        yield from _rules_services.service_rules(cluster, spec)
        yield from _rules_config.config_rules(cluster, spec)
    yield from _rules_config.cluster_rules(cluster, spec)
    yield from _rules_pods.image_rules(cluster, spec)
    yield from _rules_pods.resource_rules(cluster)
    yield from _rules_pods.label_rules(cluster)
    yield from _rules_pods.env_rules(cluster)
    yield from _rules_pods.toleration_rules(cluster)
    yield from _rules_pods.security_rules(cluster)
    yield from _rules_pods.reference_rules(cluster)
    yield from _rules_mounts.mount_rules(cluster)
    yield from _rules_mounts.volume_rules(cluster)
    yield from _rules_mounts.claim_rules(cluster)
    yield from _rules_workload.controller_rules(cluster, spec)
    yield from _rules_workload.container_rules(cluster, spec)
    yield from _rules_workload.placement_rules(cluster)
    yield from _rules_workload.monitoring_rules(cluster, spec)
    yield from _rules_workload.budget_rules(cluster, spec)
    yield from _rules_security.secret_rules(cluster)
    yield from _rules_security.pod_rules(cluster)
    yield from _rules_security.license_rules(cluster, spec)
    yield from _rules_security.door_rules(cluster)
    yield from _rules_pods.extension_rules(cluster)
