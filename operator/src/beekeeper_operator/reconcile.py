# Copyright: (c) 2026, the beekeeper.hivemq authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Brings one cluster to what its HiveMQCluster says: read everything live, let `_hivemq` decide, apply what differs.

Nothing is remembered between two runs, so a run can be cut off at any point and the next one finishes its work.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from ansible_collections.beekeeper.hivemq.plugins.module_utils._hivemq.names import (
    API_VERSION,
    KIND,
    OPERATOR_FIELD_MANAGER,
    selector_string,
)
from ansible_collections.beekeeper.hivemq.plugins.module_utils._hivemq.objects import objects
from ansible_collections.beekeeper.hivemq.plugins.module_utils._hivemq.spec import Cluster, parse
from ansible_collections.beekeeper.hivemq.plugins.module_utils._hivemq.status import Observed, status
from ansible_collections.beekeeper.hivemq.plugins.module_utils._hivemq.validate import Violation, errors, validate
from ansible_collections.beekeeper.hivemq.plugins.module_utils._kube.client import KubeClient
from ansible_collections.beekeeper.hivemq.plugins.module_utils._kube.errors import (
    Conflict,
    Invalid,
    KubeError,
    NotFound,
    TooManyRequests,
    Unauthorized,
    Unreachable,
)
from ansible_collections.beekeeper.hivemq.plugins.module_utils._kube.ownership import is_applied

from .cache import CONTROLLERS, OPTIONAL, PODS, Key, Ref
from .claims import foreign, left_over, owned, status_differs
from .events import emit, event
from .logs import say
from .repair import forget_updates, replace_lists, updates_recorded

LOG = logging.getLogger(__name__)

SERVICE = ("v1", "Service")
# Left-overs of these kinds are removed. A controller never is: taking brokers away is no tidying up.
REMOVABLE = ("Service", "ConfigMap", "ServiceAccount", "PodDisruptionBudget", "ServiceMonitor")
# What pods mount or run as: without it, or with an outdated one, they must not be made.
NEEDED_BY_PODS = ("ServiceAccount", "ConfigMap")
# States that call for a person, hence a Warning rather than a Normal Event.
TROUBLED = ("Failed", "Degraded")


class Outcome(StrEnum):
    """How a reconcile ended."""

    OK = "ok"
    GONE = "gone"  # the HiveMQCluster is deleted or being deleted: owner references clean up
    INVALID = "invalid"  # refused by validation: only a change of the spec helps
    WAITING = "waiting"  # something has to disappear first
    FAILED = "failed"


@dataclass
class Result:
    """What one reconcile did. `writes` are (action, kind) pairs; the others are sentences for a person.

    `notices` tell what could not be made and which the brokers do without.
    """

    outcome: Outcome = Outcome.OK
    writes: list[tuple[str, str]] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    waiting: list[str] = field(default_factory=list)
    notices: list[str] = field(default_factory=list)
    missing_kind: bool = False

    @property
    def open_ends(self) -> int:
        """How many things are not yet as they should be."""
        return len(self.problems) + len(self.waiting)


class Reconciler:
    """Thread-safe as long as no key is reconciled twice at a time. `children` hints at what exists for a cluster."""

    def __init__(
        self,
        client: KubeClient,
        children: Callable[[Key], list[Ref]],
        *,
        instance: str,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._client, self._children, self._instance, self._now = client, children, instance, now

    def reconcile(self, key: Key) -> Result:
        """One pass. Raises KubeError when the API server can't be worked with now; all else ends in the status."""
        result = Result()
        resource = self._client.get(API_VERSION, KIND, key.name, key.namespace)
        if resource is None or resource["metadata"].get("deletionTimestamp"):
            result.outcome = Outcome.GONE
            return result
        violations = validate(resource)
        cluster: Cluster | None = None
        if errors(violations):
            result.outcome = Outcome.INVALID
            observed = self._observe(resource)
        else:
            cluster = parse(resource)
            observed = self._converge(resource, cluster, result)
        self._report(resource, cluster, observed, violations, result)
        return result

    def _converge(self, resource: dict[str, Any], cluster: Cluster, result: Result) -> Observed:
        # The controller comes last, and only when all that its pods mount and use is in place.
        desired = sorted(objects(cluster), key=lambda item: (item["apiVersion"], item["kind"]) in CONTROLLERS)
        controller: dict[str, Any] | None = None
        services: list[dict[str, Any]] = []
        hold = False  # what the pods mount or run as is missing or out of date
        for item in desired:
            kind = (item["apiVersion"], item["kind"])
            before = result.open_ends
            if kind in OPTIONAL:
                self._settle_optional(resource, item, result)
                continue
            live = self._settle(resource, item, result, hold=hold)
            hold = hold or (kind[1] in NEEDED_BY_PODS and result.open_ends > before)
            if live is not None and kind in CONTROLLERS:
                controller = live
            elif live is not None and kind == SERVICE:
                services.append(live)
        if not result.open_ends:
            self._tidy(resource, desired, result)
        if result.problems:
            result.outcome = Outcome.FAILED
        elif result.waiting:
            result.outcome = Outcome.WAITING
        # What is only waited for shows by itself: an object on its way out doesn't count as there.
        failure = "; ".join(result.problems) or None
        return Observed(
            controller=controller,
            services=services,
            pods=self._pods(resource),
            failure=failure,
            notices=result.notices,
        )

    def _settle_optional(self, resource: dict[str, Any], item: dict[str, Any], result: Result) -> None:
        """Makes an object that the brokers do without, if that is possible."""
        tried = Result(writes=result.writes)
        what = f"{item['kind']} {item['metadata']['name']}"
        try:
            self._settle(resource, item, tried, hold=False)
        except (Unreachable, Unauthorized, TooManyRequests, Conflict):
            raise
        except KubeError as error:
            tried.problems.append(str(error))
        if tried.missing_kind:
            result.notices.append(f"{what} is not made: no {item['kind']} is known here ({item['apiVersion']})")
        else:
            result.notices += [f"{what} is not made: {problem}" for problem in tried.problems + tried.waiting]

    def _settle(
        self, resource: dict[str, Any], item: dict[str, Any], result: Result, *, hold: bool
    ) -> dict[str, Any] | None:
        """Makes one object what it should be. Returns it as it is now; None when it doesn't exist or isn't ours."""
        metadata = item["metadata"]
        what = f"{item['kind']} {metadata['name']}"
        live = self._client.get(item["apiVersion"], item["kind"], metadata["name"], metadata["namespace"])
        if live is not None:
            stranger = foreign(live, resource)
            if stranger:
                result.problems.append(stranger)
                return None
            if live["metadata"].get("deletionTimestamp"):
                result.waiting.append(f"{what} is being deleted; it is made again when it is gone")
                return live
        # Without its Services a cluster isn't begun; one that is there already goes on without one of them.
        is_controller = (item["apiVersion"], item["kind"]) in CONTROLLERS
        if is_controller and live is None:
            other = self._other_controller(resource, item)
            if other is not None:
                result.problems.append(
                    f"The brokers run in {other[0]} {metadata['name']}, and the spec asks for a {item['kind']}: the "
                    "kind can't be changed while they run. Set controllerTemplate back, or move to a new HiveMQCluster"
                )
                return other[1]
        if is_controller and (hold or (live is None and result.open_ends)):
            return live
        settled = live is not None and is_applied(live, item, OPERATOR_FIELD_MANAGER)
        if live is not None and settled and not updates_recorded(live):
            return live
        try:
            applied = live if live is not None and settled else self._apply(live, item)
            applied = forget_updates(self._client, applied)
        except (Unreachable, Unauthorized, TooManyRequests, Conflict):
            raise  # about the API server or the moment, not about this object
        except KubeError as error:
            result.missing_kind = isinstance(error, NotFound) and live is None
            result.problems.append(str(error))
            return live
        self._wrote(result, resource, "created" if live is None else "changed", item)
        return applied

    def _other_controller(self, resource: dict[str, Any], item: dict[str, Any]) -> tuple[str, dict[str, Any]] | None:
        """The controller of another kind that keeps the brokers, and its kind. Two would each make all brokers."""
        metadata = item["metadata"]
        for api_version, kind in CONTROLLERS:
            if kind != item["kind"]:
                live = self._client.get(api_version, kind, metadata["name"], metadata["namespace"])
                if live is not None and not foreign(live, resource):
                    return kind, live
        return None

    def _apply(self, live: dict[str, Any] | None, item: dict[str, Any]) -> dict[str, Any]:
        if live is None:
            # Somebody else's may have come meanwhile. What it says otherwise is then a conflict, and not overwritten.
            return self._client.apply(item, force=False)
        # The uid makes this the object that was looked at, never a stranger's that has taken its name since.
        exactly = {**item, "metadata": {**item["metadata"], "uid": live["metadata"]["uid"]}}
        try:
            return self._client.apply(exactly)
        except Invalid as error:
            if "metadata.uid" in error.message:
                # How an API server says that it is another object by now. The next look judges that one.
                raise Conflict(
                    f"{item['kind']} {item['metadata']['name']} was replaced by another of its name", status=409
                ) from error
            repaired = replace_lists(self._client, live, exactly)
            if repaired is None:
                raise
            return repaired

    def _tidy(self, resource: dict[str, Any], desired: list[dict[str, Any]], result: Result) -> None:
        """Removes what an earlier spec asked for and this one doesn't."""
        metadata = resource["metadata"]
        wanted = {(item["apiVersion"], item["kind"], item["metadata"]["name"]) for item in desired}
        for ref in self._children(Key(metadata["namespace"], metadata["name"])):
            if ref.kind not in REMOVABLE or (ref.api_version, ref.kind, ref.name) in wanted:
                continue
            try:
                live = self._client.get(ref.api_version, ref.kind, ref.name, ref.namespace)
                if live is None or live["metadata"].get("deletionTimestamp") or not left_over(live, resource):
                    continue
                # Exactly the object looked at: one that took its name since then stays.
                exactly = {"uid": live["metadata"]["uid"], "resourceVersion": live["metadata"]["resourceVersion"]}
                if self._client.delete(ref.api_version, ref.kind, ref.name, ref.namespace, preconditions=exactly):
                    self._wrote(result, resource, "deleted", live)
            except (Unreachable, Unauthorized, TooManyRequests, Conflict):
                raise
            except KubeError as error:
                result.problems.append(str(error))

    def _observe(self, resource: dict[str, Any]) -> Observed:
        """What runs under a spec that is refused: it is left as it is, and the status goes on telling about it."""
        metadata = resource["metadata"]
        selector = selector_string(metadata["name"])
        # By their name: brokers run on, and count, when somebody has taken the label of what runs them.
        controllers = [self._client.get(*kind, metadata["name"], metadata["namespace"]) for kind in CONTROLLERS]
        services = self._client.list(*SERVICE, metadata["namespace"], selector).items
        return Observed(
            controller=next((item for item in controllers if item is not None and owned(item, resource)), None),
            services=[item for item in services if owned(item, resource)],
            pods=self._pods(resource),
            failure=None,
        )

    def _pods(self, resource: dict[str, Any]) -> list[dict[str, Any]]:
        metadata = resource["metadata"]
        return self._client.list(*PODS, metadata["namespace"], selector_string(metadata["name"])).items

    def _report(
        self,
        resource: dict[str, Any],
        cluster: Cluster | None,
        observed: Observed,
        violations: list[Violation],
        result: Result,
    ) -> None:
        """Writes the status if it differs, and an Event if the cluster has gone from one state to another."""
        now = self._now()
        metadata = resource["metadata"]
        before = resource.get("status") or {}
        after = status(cluster, resource, observed, violations, now.strftime("%Y-%m-%dT%H:%M:%SZ"))
        if not status_differs(resource, after):
            return
        body = {
            "apiVersion": API_VERSION,
            "kind": KIND,
            # The uid makes this the status of the resource that was read, never of a successor with its name.
            "metadata": {"name": metadata["name"], "namespace": metadata["namespace"], "uid": metadata["uid"]},
            "status": after,
        }
        try:
            self._client.apply(body, subresource="status")
        except NotFound:
            # Deleted meanwhile. What was just made for it has its uid as owner and goes the same way.
            result.outcome = Outcome.GONE
            return
        result.writes.append(("status", KIND))
        state, message = after.get("state", ""), after.get("message", "")
        told = (before.get("state"), before.get("message") if state == "Failed" else None)
        if (state, message if state == "Failed" else None) == told:
            return
        say(
            LOG,
            logging.WARNING if state in TROUBLED else logging.INFO,
            "state changed",
            namespace=metadata["namespace"],
            name=metadata["name"],
            before=before.get("state"),
            state=state,
            message=message,
        )
        emit(
            self._client,
            event(
                resource,
                reason=state or "Unknown",
                note=message or state,
                warning=state in TROUBLED,
                now=now,
                instance=self._instance,
            ),
        )

    def _wrote(self, result: Result, resource: dict[str, Any], action: str, item: Mapping[str, Any]) -> None:
        result.writes.append((action, item["kind"]))
        metadata = resource["metadata"]
        say(
            LOG,
            logging.INFO,
            action,
            namespace=metadata["namespace"],
            name=metadata["name"],
            generation=metadata.get("generation"),
            object=f"{item['kind']}/{item['metadata']['name']}",
        )
