# Copyright: (c) 2026, the beekeeper.hivemq authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What hivemq_cluster does. This module util is private to the collection. It can change at any time."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from .._hivemq import names
from .._hivemq.change import Change, change
from .._hivemq.validate import errors as refusals
from .._hivemq.validate import validate, warnings
from .._kube import libs
from .._kube.apply import UNCHANGED, ApplyResult, Settings, apply_set
from .._kube.client import KubeClient
from .._kube.errors import DeadlineExceeded, KubeError, NeverReady
from .._kube.events import Explanation, event_line, event_list, pod_phase, pods_failure, recent_events
from .._kube.manifests import Manifest, normalise, prepare
from .._kube.ready import observed, readiness
from .._kube.removal import delete_set
from .._kube.wait import Check, Scope, Waker, Watcher, wait_until
from .cluster_info import endpoints, presentable
from .host import AUTH_ARGUMENTS, FIELD_MANAGER, TaskFailure, TaskHost, cluster_client, wait_arguments

ARGUMENT_SPEC: dict[str, Any] = {
    **AUTH_ARGUMENTS,
    **wait_arguments(900),
    "name": {"type": "str"},
    "namespace": {"type": "str"},
    "spec": {"type": "dict"},
    "definition": {"type": "dict"},
    "labels": {"type": "dict"},
    "annotations": {"type": "dict"},
    "create_namespace": {"type": "bool", "default": False},
    "namespace_labels": {"type": "dict"},
    "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
    "force_conflicts": {"type": "bool", "default": True},
    "field_manager": {"type": "str", "default": FIELD_MANAGER},
}
OPTIONS: dict[str, Any] = {
    "mutually_exclusive": [("spec", "definition")],
    "required_one_of": [("name", "definition")],
}

_STARTING = ("ContainerCreating", "PodInitializing", "Pending")
_EVENT_WORDS = {"Pulling": "Pulling image", "Pulled": "Image pulled", "Scheduled": "Scheduled"}


def missing_libraries() -> list[str]:
    """The requirements that this interpreter lacks."""
    return libs.missing()


def run(
    host: TaskHost,
    *,
    clock: Callable[[], float] = time.monotonic,
    make_waker: Callable[[KubeClient, Iterable[Scope]], Waker] = Watcher,
) -> dict[str, Any]:
    """Bring the cluster about, or remove it. See the module's documentation for the result."""
    libs.require()
    resource = normalise(_resource(host.params))
    if host.params["state"] == "present":
        _check(host, resource)
    manifest = prepare([(resource, "definition")], state=host.params["state"])[0]
    with cluster_client(host, host.params["field_manager"]) as client:
        job = _Job(host, client, manifest, clock, make_waker)
        return job.absent() if host.params["state"] == "absent" else job.present()


def _resource(params: Mapping[str, Any]) -> dict[str, Any]:
    """The HiveMQCluster the options mean."""
    given = params["definition"] or {}
    metadata = dict(given.get("metadata") or {})
    for option in ("name", "namespace"):
        wanted, there = params[option], metadata.get(option)
        if wanted and there and wanted != there:
            raise TaskFailure(
                f"{option} is {wanted}, but definition.metadata.{option} is {there}",
                next_step="Give it once, or twice the same.",
                code="BadOption",
            )
        metadata[option] = wanted or there
    if not metadata["name"]:
        raise TaskFailure(
            "The cluster has no name", next_step="Set name or definition.metadata.name.", code="BadOption"
        )
    metadata["namespace"] = metadata["namespace"] or "default"
    for option in ("labels", "annotations"):
        if params[option]:
            metadata[option] = {**(metadata.get(option) or {}), **_texts(params[option])}
    spec = given["spec"] if "spec" in given else params["spec"]
    return {
        "apiVersion": names.API_VERSION,
        "kind": names.KIND,
        **{key: value for key, value in given.items() if key != "status"},
        "metadata": metadata,
        "spec": {} if spec is None else spec,
    }


def _texts(values: Mapping[str, Any]) -> dict[str, str]:
    """Labels or annotations. Kubernetes takes text only, and YAML makes numbers of what looks like them."""
    return {str(key): str(value).lower() if isinstance(value, bool) else str(value) for key, value in values.items()}


def _check(host: TaskHost, resource: Mapping[str, Any]) -> None:
    """Refuse an unsound resource with all that is wrong with it, before anything is sent."""
    found = validate(resource)
    for finding in warnings(found):
        host.warn(str(finding))
    refused = refusals(found)
    if refused:
        metadata = resource["metadata"]
        subject = f"{names.KIND} {metadata['namespace']}/{metadata['name']}"
        count = "1 problem" if len(refused) == 1 else f"{len(refused)} problems"
        listed = "\n".join(f"  - {finding}" for finding in refused)
        raise TaskFailure(
            f"{subject} isn't sound, {count}:\n{listed}\n",
            next_step="Correct the spec; nothing was sent.",
            code="Invalid",
            subject=subject,
            violations=[
                {"rule": v.rule, "path": v.path, "problem": v.problem, "why": v.why, "remedy": v.remedy}
                for v in refused
            ],
        )


class _Job:
    """One run against one cluster."""

    def __init__(
        self,
        host: TaskHost,
        client: KubeClient,
        manifest: Manifest,
        clock: Callable[[], float],
        make_waker: Callable[[KubeClient, Iterable[Scope]], Waker],
    ) -> None:
        self.host = host
        self.client = client
        self.manifest = manifest
        self.namespace = manifest.namespace or "default"
        self.selector = names.selector_string(manifest.name)
        self.subject = f"{manifest.kind} {self.namespace}/{manifest.name}"
        self.clock = clock
        self.make_waker = make_waker
        self.live: dict[str, Any] | None = None
        self.result = ApplyResult()
        self.change: Change | None = None
        self.looked = False
        self.since: dict[str, tuple[str, float]] = {}

    # -- present ---------------------------------------------------------------------------------------------------

    def present(self) -> dict[str, Any]:
        settings = Settings(check=self.host.check_mode, force=self.host.params["force_conflicts"])
        apply_set(self.client, [*self.namespace_manifest(), self.manifest], settings, result=self.result)
        item = next(item for item in self.result.objects if item.kind == names.KIND)
        self.live = item.live
        self.host.progress(f"{self.subject} {f'would be {item.action}' if self.host.check_mode else item.action}")
        if item.before is not None and item.live is not None:
            self.change = change(item.before, item.live)
            if item.action != UNCHANGED:
                self.host.progress(self.change.sentence(planned=self.host.check_mode))
        if self.host.params["wait"] and not self.host.check_mode:
            self.wait(self.look_ready, f"{self.subject} to be ready")
        return self.outcome()

    def namespace_manifest(self) -> list[Manifest]:
        """The namespace, where the task is to see to it. Its other labels are left alone."""
        if not self.host.params["create_namespace"]:
            return []
        metadata: dict[str, Any] = {"name": self.namespace}
        if self.host.params["namespace_labels"]:
            metadata["labels"] = _texts(self.host.params["namespace_labels"])
        return prepare([({"apiVersion": "v1", "kind": "Namespace", "metadata": metadata}, "create_namespace")])

    def look_ready(self) -> Check:
        """One look at the resource, and at its pods while it isn't ready."""
        live = self.fresh()
        if live is None:
            raise NeverReady(f"{self.subject} was deleted by someone else while it was waited for")
        state = readiness(live)
        if state.failed:
            raise NeverReady(
                f"{self.subject} has failed: {(live.get('status') or {}).get('message') or 'no reason given'}"
            )
        if state.ready:
            return Check(True, f"{self.subject} is ready: {state.message}")
        if not self.looked_at(live):
            return Check(False, state.message)
        pods = self.client.list("v1", "Pod", self.namespace, label_selector=self.selector).items
        wanted = (live.get("spec") or {}).get("nodeCount", len(pods))
        ready = sum(1 for pod in pods if pod_phase(pod) == "Ready")
        head = f"{(live.get('status') or {}).get('state')}: {ready}/{wanted} brokers ready"
        phases = self.phases(pods)
        return Check(
            False,
            "; ".join([head, *(f"{name}: {phase}" for name, phase, _seconds in phases)]),
            "; ".join([head, *(f"{name}: {phase} ({seconds:.0f} s)" for name, phase, seconds in phases)]),
        )

    def phases(self, pods: Iterable[Mapping[str, Any]]) -> list[tuple[str, str, float]]:
        """Name, what it is at, and for how many seconds, of each pod that isn't ready."""
        now = self.clock()
        found: list[tuple[str, str, float]] = []
        events: list[dict[str, Any]] | None = None
        for pod in sorted(pods, key=lambda pod: str(pod["metadata"]["name"])):
            name, phase = str(pod["metadata"]["name"]), pod_phase(pod)
            if phase in _STARTING:
                if events is None:
                    events = event_list(self.client, self.namespace, kind="Pod")
                phase = _last_word(events, name) or phase
            if phase != "Ready":
                if self.since.get(name, ("", 0.0))[0] != phase:
                    self.since[name] = (phase, now)
                found.append((name, phase, now - self.since[name][1]))
        return found

    # -- absent ----------------------------------------------------------------------------------------------------

    def absent(self) -> dict[str, Any]:
        settings = Settings(check=self.host.check_mode, progress=self.host.progress)
        delete_set(self.client, [self.manifest], settings, allow_data_loss=True, result=self.result)
        existed = self.result.objects[0].live is not None
        if self.host.params["wait"] and not self.host.check_mode:
            self.wait(lambda: self.look_gone(existed), f"{self.subject} and its pods to be gone")
        self.live = None
        return self.outcome()

    def look_gone(self, existed: bool) -> Check:
        """One look at what is left. Without the resource only pods on their way out count: others aren't its."""
        live = self.client.get(names.API_VERSION, names.KIND, self.manifest.name, self.namespace) if existed else None
        pods = self.client.list("v1", "Pod", self.namespace, label_selector=self.selector).items
        left = [pod for pod in pods if existed or pod["metadata"].get("deletionTimestamp")]
        if live is None and not left:
            return Check(True, f"{self.subject} is gone")
        held = ((live or {}).get("metadata") or {}).get("finalizers") or []
        words = [f"held by {', '.join(held)}"] if held else []
        count = "1 broker" if len(left) == 1 else f"{len(left)} brokers"
        return Check(False, "; ".join([f"{self.subject} is being deleted, {count} left", *words]))

    # -- both ------------------------------------------------------------------------------------------------------

    def fresh(self) -> dict[str, Any] | None:
        """The resource: the first time as the apply returned it, then as it is now."""
        if self.looked:
            self.live = self.client.get(names.API_VERSION, names.KIND, self.manifest.name, self.namespace)
        self.looked = True
        return self.live

    def looked_at(self, live: Mapping[str, Any]) -> bool:
        """Whether an operator has seen the resource as it is now."""
        return bool((live.get("status") or {}).get("observedGeneration")) and observed(live)

    def wait(self, look: Callable[[], Check], what: str) -> None:
        if self.live is not None and readiness(self.live).ready:
            return
        scopes = [
            Scope(names.API_VERSION, names.KIND, self.namespace, name=self.manifest.name),
            Scope("v1", "Pod", self.namespace, label_selector=self.selector),
        ]
        waker = self.make_waker(self.client, scopes)
        try:
            wait_until(
                look,
                what=what,
                deadline_seconds=float(self.host.params["wait_timeout"]),
                waker=waker,
                progress=self.host.progress,
                clock=self.clock,
            )
        except KubeError as error:
            raise self.failure(error) from error
        finally:
            waker.close()

    def failure(self, error: KubeError) -> TaskFailure:
        """The error, with what the cluster says about it."""
        message, step = error.message, error.next_step
        waited = isinstance(error, DeadlineExceeded) and self.host.params["state"] == "present"
        if waited and self.live is not None and not self.looked_at(self.live):
            message = (
                f"No operator has looked at {self.subject} within {self.host.params['wait_timeout']} s, "
                "so nothing was brought about"
            )
            step = (
                "See whether it runs and watches this namespace: `kubectl get deployments,pods -A -l "
                "app.kubernetes.io/name=hivemq-operator`; the role hivemq_operator installs it."
            )
        elif isinstance(error, (DeadlineExceeded, NeverReady)):
            found = self.explain()
            message += found.text
            more = (
                f"More: `kubectl -n {self.namespace} describe {names.SHORT_NAME} {self.manifest.name}` and "
                f"`kubectl -n {self.namespace} get pods -l {self.selector}`."
            )
            step = f"{found.next_step or step} {more}".strip()
        return TaskFailure(message, next_step=step, code=error.code, subject=self.subject, **self.outcome())

    def explain(self) -> Explanation:
        """The events of the resource, and what its pods say."""
        lines = [
            f"event: {line}"
            for line in recent_events(self.client, self.namespace, self.manifest.name, self.manifest.kind)
        ]
        try:
            found = pods_failure(self.client, self.namespace, self.selector)
        except KubeError:
            found = Explanation()  # the operator's own words stand; these only explain
        lines += [found.text] if found.text else []
        return Explanation("\n" + "\n".join(lines) + "\n" if lines else "", found.next_step)

    def outcome(self) -> dict[str, Any]:
        live = self.live
        result: dict[str, Any] = {
            "changed": self.result.changed,
            "state": ((live or {}).get("status") or {}).get("state") or "",
            "endpoints": endpoints(live or {}),
            "cluster_resource": presentable(live) if live else None,
            "change": self.change.as_dict() if self.change else None,
        }
        if not self.host.diff:
            return result
        diffs: list[dict[str, str]] = list(self.result.diffs)
        if self.change and self.change.fields:
            diffs.append({"prepared": self.change.report(planned=self.host.check_mode)})
        return {**result, "diff": diffs}


def _last_word(events: Iterable[Mapping[str, Any]], pod: str) -> str:
    """What the last event about a pod says it is at; empty when there is none."""
    mine = [event for event in events if (event.get("involvedObject") or {}).get("name") == pod]
    if not mine:
        return ""
    reason = str(mine[-1].get("reason"))
    if mine[-1].get("type") == "Warning":
        return event_line(mine[-1]).partition(" ")[2][:200]
    return _EVENT_WORDS.get(reason, reason)
