# Copyright: (c) 2026, the beekeeper.hivemq authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The reconciler's way to the API server: a FAKE of `KubeClient`, with faults, and a referee at every write."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from ansible_collections.beekeeper.hivemq.plugins.module_utils._hivemq.objects import objects
from ansible_collections.beekeeper.hivemq.plugins.module_utils._hivemq.spec import parse
from ansible_collections.beekeeper.hivemq.plugins.module_utils._hivemq.validate import errors, validate
from ansible_collections.beekeeper.hivemq.plugins.module_utils._kube.client import ListResult
from ansible_collections.beekeeper.hivemq.plugins.module_utils._kube.errors import Conflict, NotFound
from beekeeper_operator.cache import Key
from simulated_api import OPERATOR, Api, Name, labels, name_of, owners
from simulated_faults import Faults, demand
from simulated_fields import clone

CLUSTER = ("hivemq.com/v1", "HiveMQCluster")
Items = list[dict[str, Any]]


def mine(item: Mapping[str, Any], resource: Mapping[str, Any]) -> bool:
    """Whether an object may be written for this cluster: its own, or nobody's and handed over by its label."""
    if resource["metadata"]["uid"] in owners(item):
        return True
    return not owners(item) and labels(item).get("hivemq-cluster") == resource["metadata"]["name"]


def wanted(resource: Mapping[str, Any]) -> list[dict[str, Any]] | None:
    """What a cluster means; None when its spec is refused."""
    return None if errors(validate(resource)) else objects(parse(resource))


@dataclass
class Session:
    """One reconcile: its cluster, the HiveMQCluster as it was read, and how much others had changed when it began."""

    key: Key
    others: int
    resource: dict[str, Any] | None = None
    desired: list[dict[str, Any]] | None = None


@dataclass
class WorkerClient:
    """As `KubeClient`, for reconciles. `meanwhile` is called before each call, with what it is about to write."""

    api: Api
    faults: Faults
    meanwhile: Callable[[Name | None], None]
    sessions: list[Session] = field(default_factory=list)
    calls: int = 0
    writes: int = 0

    def get(self, api_version: str, kind: str, name: str, namespace: str | None = None) -> dict[str, Any] | None:
        self._before()
        found = self.api.read(Name(api_version, kind, namespace or "", name))
        session = self.sessions[-1]
        if (api_version, kind) == CLUSTER:
            demand((namespace, name) == session.key, f"{session.key} reads another cluster")
            session.resource = clone(found)
            session.desired = wanted(found) if found else None
        self.faults.moment()
        return found

    def list(
        self, api_version: str, kind: str, namespace: str | None = None, label_selector: str | None = None
    ) -> ListResult:
        self._before()
        pairs = [part.split("=") for part in (label_selector or "").split(",")]
        found = self.api.items(api_version, kind, namespace)
        items = [item for item in found if all(labels(item).get(label) == value for label, value in pairs)]
        return ListResult(items, str(self.api.version))

    def apply(self, obj: Mapping[str, Any], *, force: bool = True, subresource: str | None = None) -> dict[str, Any]:
        self._before(name_of(obj))
        live = self.api.read(name_of(obj))
        version = self.api.version
        if subresource:
            after = self.api.apply(obj, force=force, status=True)
            self._judge_status(obj, after)
        else:
            after = self.api.apply(obj, force=force, status=False)
            self._judge(live, obj)
        return self._written(version, after)

    def merge_patch(
        self, api_version: str, kind: str, name: str, namespace: str | None, body: Mapping[str, Any]
    ) -> dict[str, Any]:
        target = Name(api_version, kind, namespace or "", name)
        self._before(target)
        version = self.api.version
        live = self.api.read(target)
        if live is None:
            raise NotFound(f"{target} doesn't exist", status=404)
        expected = body["metadata"].get("resourceVersion", live["metadata"]["resourceVersion"])
        if expected != live["metadata"]["resourceVersion"]:
            raise Conflict(f"{target} has changed", status=409)
        after = self.api.update(target, lambda item: _lay(item, body), OPERATOR)
        self._judge(live, None)
        return self._written(version, after)

    def create(self, obj: Mapping[str, Any]) -> dict[str, Any]:
        self._before()
        demand(obj["kind"] == "Event", f"creates a {obj['kind']}")
        self.writes += 1
        self.faults.strike(self.faults.after, answered=True)
        return dict(obj)

    def delete(
        self,
        api_version: str,
        kind: str,
        name: str,
        namespace: str | None = None,
        *,
        preconditions: Mapping[str, str] | None = None,
    ) -> bool:
        target = Name(api_version, kind, namespace or "", name)
        self._before(target)
        version = self.api.version
        live = self.api.read(target)
        done = self.api.delete(target, OPERATOR, preconditions=preconditions)
        if live is not None:
            resource, desired = self._basis(target)
            demand(resource["metadata"]["uid"] in owners(live), f"deletes another owner's {target}")
            managers = [entry["manager"] for entry in live["metadata"].get("managedFields", [])]
            demand(OPERATOR in managers, f"deletes {target}, which it hasn't made")
            demand(target not in map(name_of, desired), f"deletes {target}, which is asked for")
            demand(kind in {"Service", "ConfigMap", "ServiceAccount"}, f"deletes a {kind}")
            self._written(version, live)
        return done

    # -- the referee -----------------------------------------------------------------------------------------------

    def _before(self, target: Name | None = None) -> None:
        self.calls += 1
        self.faults.moment()
        self.meanwhile(target)
        self.faults.strike(self.faults.before, answered=False)

    def _basis(self, target: Name) -> tuple[dict[str, Any], Items]:
        """What this reconcile has read of its cluster; raises when that asks for no write at all."""
        session = self.sessions[-1]
        demand(session.resource, f"writes {target} for a cluster that isn't there")
        assert session.resource is not None
        demand(not session.resource["metadata"].get("deletionTimestamp"), f"writes {target} of a cluster being deleted")
        demand(session.desired is not None, f"writes {target} for a spec that is refused")
        return session.resource, session.desired or []

    def _judge(self, live: Mapping[str, Any] | None, body: Mapping[str, Any] | None) -> None:
        target = name_of(live or body or {})
        resource, desired = self._basis(target)
        asked = next((item for item in desired if name_of(item) == target), None)
        demand(asked is not None, f"writes {target}, which the spec doesn't ask for")
        if body is not None and asked is not None:
            metadata = {key: value for key, value in body["metadata"].items() if key != "uid"}
            demand({**body, "metadata": metadata} == asked, f"applies to {target} what the spec doesn't ask for")
        demand(live is None or mine(live, resource), f"writes {target}, which isn't its own")
        if target.kind == "StatefulSet" and self.api.others == self.sessions[-1].others:
            # What brokers mount and run as; and no brokers are begun that nobody can reach.
            for item in desired:
                there = self.api.read(name_of(item))
                needed = item["kind"] != "Service" or live is None
                demand(
                    not needed or (there is not None and mine(there, resource)),
                    f"writes {target} without {name_of(item)}",
                )

    def _judge_status(self, body: Mapping[str, Any], live: Mapping[str, Any]) -> None:
        read = self.sessions[-1].resource
        demand(read, "writes the status of a cluster that isn't there")
        assert read is not None
        demand(name_of(body) == name_of(read), f"writes the status of another cluster, {name_of(body)}")
        demand(live["metadata"]["uid"] == read["metadata"]["uid"], "writes the status of a predecessor")
        claimed, known = body["status"]["observedGeneration"], read["metadata"]["generation"]
        demand(claimed == known, f"claims to have seen generation {claimed}, has read {known}")

    def _written(self, version: int, after: dict[str, Any]) -> dict[str, Any]:
        self.writes += 1
        disturbed = self.api.others != self.sessions[-1].others
        demand(disturbed or self.api.version != version, f"writes {name_of(after)} though nothing differs")
        self.faults.moment()
        self.faults.strike(self.faults.after, answered=True)
        return after


def _lay(item: dict[str, Any], patch: Mapping[str, Any]) -> None:
    for key, value in patch.items():
        if isinstance(value, Mapping) and isinstance(item.get(key), dict):
            _lay(item[key], value)
        elif key != "resourceVersion":
            item[key] = clone(value)
