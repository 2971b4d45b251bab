# Copyright: (c) 2026, the beekeeper.hivemq authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What must hold when faults have stopped and time has passed. Worked out from the API server's objects alone."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from beekeeper_operator.cache import CHILDREN
from simulated_api import OPERATOR, Api, labels, name_of, owners
from simulated_client import CLUSTER, mine, wanted
from simulated_faults import demand
from simulated_fields import leaves

REMOVED_WITH_THE_SPEC = {"Service", "ConfigMap", "ServiceAccount"}


def check(api: Api, deleted: set[str]) -> None:
    """Raises BrokenRuleError when a cluster isn't what its spec says, or its status isn't true."""
    clusters = api.items(*CLUSTER)
    for cluster in clusters:
        desired = wanted(cluster)
        if desired is not None:
            _check_objects(api, cluster, desired)
        _check_status(api, cluster, desired)
    for item in api.everything():
        demand(item["metadata"]["uid"] not in deleted, f"{name_of(item)} was deleted and is there")
        demand(not owners(item) & deleted, f"{name_of(item)} is there for a deleted cluster")


def holes(api: Api, cluster: Mapping[str, Any], desired: list[dict[str, Any]]) -> list[str]:
    """Names of objects that can't be made: something of somebody else has their names."""
    lives = (api.read(name_of(item)) for item in desired)
    return [live["metadata"]["name"] for live in lives if live and not mine(live, cluster)]


def _check_objects(api: Api, cluster: Mapping[str, Any], desired: list[dict[str, Any]]) -> None:
    taken = holes(api, cluster, desired)
    for item in desired:
        name = name_of(item)
        if name.name in taken or (taken and item["kind"] == "StatefulSet"):
            continue
        live = api.read(name)
        demand(live, f"{name} is missing")
        assert live is not None
        demand(mine(live, cluster) and cluster["metadata"]["uid"] in owners(live), f"{name} isn't the cluster's")
        now = leaves(live)
        for path, value in leaves(item).items():
            demand(path in now and now[path] == value, f"{name}: {'.'.join(path)} is {now.get(path)}, not {value}")
        ours = [m for m in live["metadata"]["managedFields"] if m["manager"] == OPERATOR]
        demand([m["operation"] for m in ours] == ["Apply"], f"{name}: its fields are recorded as {ours}")
        demand(_recorded(ours[0]["fieldsV1"]) == set(leaves(item)), f"{name}: other fields are recorded than applied")
    if taken:
        return
    asked = {name_of(item) for item in desired}
    for api_version, kind in CHILDREN:
        for live in api.items(api_version, kind, cluster["metadata"]["namespace"]):
            managers = [entry["manager"] for entry in live["metadata"].get("managedFields", [])]
            made = cluster["metadata"]["uid"] in owners(live) and OPERATOR in managers
            known = labels(live).get("hivemq-cluster") == cluster["metadata"]["name"]
            left = made and known and kind in REMOVED_WITH_THE_SPEC and name_of(live) not in asked
            demand(not left, f"{name_of(live)} is left over")


def _recorded(fields: Mapping[str, Any], at: tuple[str, ...] = ()) -> set[tuple[str, ...]]:
    found: set[tuple[str, ...]] = set()
    for part, below in fields.items():
        found |= _recorded(below, (*at, part)) if below else {(*at, part)}
    return found


def _check_status(api: Api, cluster: Mapping[str, Any], desired: list[dict[str, Any]] | None) -> None:
    name, metadata, status = name_of(cluster), cluster["metadata"], cluster.get("status") or {}
    where = f"status of {metadata['namespace']}/{metadata['name']}"
    demand(status.get("observedGeneration") == metadata["generation"], f"{where}: of another generation")
    conditions = {item["type"]: item for item in status["conditions"]}
    for condition in conditions.values():
        demand(condition["observedGeneration"] == metadata["generation"], f"{where}: {condition} of another generation")
    state, message = status["state"], status["message"]
    controllers = [
        item
        for item in api.items("apps/v1", "StatefulSet", name.namespace)
        if item["metadata"]["name"] == name.name
        # One of nobody's counts as soon as the spec may take it.
        and (metadata["uid"] in owners(item) or (desired is not None and mine(item, cluster)))
    ]
    now = controllers[0].get("status", {}) if controllers else {}
    expected = {"current": now.get("replicas", 0), "ready": now.get("readyReplicas", 0)}
    told = {key: status["nodes"][key] for key in expected}
    demand(told == expected and status["scale"] == expected["current"], f"{where}: {told}, there are {expected}")
    demand(conditions["Accepted"]["status"] == str(desired is not None), f"{where}: Accepted is wrong")
    demand(conditions["Ready"]["status"] == str(state == "Running"), f"{where}: Ready is wrong in state {state}")
    if desired is None:
        demand(state == "Failed" and "refused" in message, f"{where}: {state} ({message}) for a refused spec")
        return
    taken = holes(api, cluster, desired)
    if taken:
        named = all(hole in message for hole in taken)
        demand(state in {"Failed", "Degraded"} and named, f"{where}: {state} ({message}), {taken} are somebody else's")
        return
    asked = next(item["spec"]["replicas"] for item in desired if item["kind"] == "StatefulSet")
    running = expected["ready"] == asked == expected["current"]
    demand((state == "Running") == running, f"{where}: {state} ({message}) with {expected} of {asked}")
    balanced = {item["metadata"]["name"] for item in desired if item.get("spec", {}).get("type") == "LoadBalancer"}
    addresses = {f"hivemq-{name.name}-{port['name']}" for port in status.get("portStatus", [])}
    demand(addresses == balanced, f"{where}: addresses of {addresses}, not of {balanced}")
