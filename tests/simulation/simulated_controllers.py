# Copyright: (c) 2026, the beekeeper.hivemq authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an operator builds on: a SIMULATION of garbage collection, StatefulSets and addresses of load balancers."""

from __future__ import annotations

import json
import zlib
from collections.abc import Callable
from typing import Any

from simulated_api import FOREGROUND, ORPHAN, Api, Name, labels, name_of, owners

KUBERNETES = "kube-controller-manager"
HOLD = "example.com/hold"


class Controllers:
    """`sick` are the pods (namespace and name) that don't get ready."""

    def __init__(self, api: Api) -> None:
        self.api = api
        self.sick: set[tuple[str, str]] = set()

    def step(self) -> bool:
        """One thing that Kubernetes would do next. False when there is nothing to do."""
        return self._collect() or self._finish() or self._scale() or self._address()

    def _collect(self) -> bool:
        """Removes what belonged to something that is gone, and finishes deletions."""
        uids = self.api.uids() | {"node"}
        for item in self.api.everything():
            name, finalizers = name_of(item), item["metadata"].get("finalizers", [])
            if owners(item) and not owners(item) & uids and not item["metadata"].get("deletionTimestamp"):
                return self.api.delete(name, KUBERNETES)
            uid = item["metadata"]["uid"]
            below = [found for found in self.api.everything() if uid in owners(found)]
            if ORPHAN in finalizers:
                for found in below:
                    self.api.update(name_of(found), lambda item: item["metadata"].pop("ownerReferences"), KUBERNETES)
                    return True
                self.api.finalize(name, ORPHAN)
                return True
            if FOREGROUND in finalizers:
                rest = [found for found in below if not found["metadata"].get("deletionTimestamp")]
                if rest:
                    return self.api.delete(name_of(rest[0]), KUBERNETES)
                if not below:
                    self.api.finalize(name, FOREGROUND)
                    return True
        return False

    def _finish(self) -> bool:
        """Lets an object go whose deletion was held up."""
        for item in self.api.everything():
            if HOLD in item["metadata"].get("finalizers", []):
                self.api.finalize(name_of(item), HOLD)
                return True
        return False

    def _scale(self) -> bool:
        for item in self.api.items("apps/v1", "StatefulSet"):
            if item["metadata"].get("deletionTimestamp") or "containers" not in item["spec"]["template"]["spec"]:
                continue
            if self._pods(item):
                return True
        return False

    def _pods(self, controller: dict[str, Any]) -> bool:
        """One step towards the StatefulSet's pods, or its status brought up to date."""
        metadata, spec = controller["metadata"], controller["spec"]
        namespace = metadata["namespace"]
        revision = f"{zlib.crc32(json.dumps(spec['template'], sort_keys=True).encode()):x}"
        names = [f"{metadata['name']}-{number}" for number in range(spec["replicas"])]
        pods = [pod for pod in self.api.items("v1", "Pod", namespace) if metadata["uid"] in owners(pod)]
        known = {pod["metadata"]["name"] for pod in pods}
        current = [pod for pod in pods if labels(pod).get("controller-revision-hash") == revision]
        ready = [pod for pod in pods if _ready(pod)]
        for pod in pods:
            # One by one, as a rolling update goes: an outdated pod goes when all others are ready.
            outdated = pod not in current and len(ready) >= len(pods) - (pod not in ready)
            if pod["metadata"]["name"] not in names or outdated:
                return self.api.delete(name_of(pod), KUBERNETES)
        for name in names:
            if name not in known:
                if self.api.read(Name("v1", "Pod", namespace, name)) is None:
                    self.api.create(_pod(controller, name, revision), KUBERNETES)
                    return True
                return False  # an earlier StatefulSet's, still there
        for pod in pods:
            healthy = (namespace, pod["metadata"]["name"]) not in self.sick
            if healthy != _ready(pod):
                self.api.update(name_of(pod), _setter(_pod_status(healthy)), KUBERNETES, "status")
                return True
        status = {
            "observedGeneration": metadata["generation"],
            "replicas": len(pods),
            "readyReplicas": len(ready),
            "updatedReplicas": len(current),
            "currentRevision": revision,
            "updateRevision": revision,
        }
        if controller.get("status") == status:
            return False
        self.api.update(name_of(controller), _setter(status), KUBERNETES, "status")
        return True

    def _address(self) -> bool:
        """Gives a load balancer its address, and takes it when the Service is none any more."""
        for item in self.api.items("v1", "Service"):
            balanced = item["spec"]["type"] == "LoadBalancer"
            status = {"loadBalancer": {"ingress": [{"ip": "192.0.2.1"}]}} if balanced else {}
            if item.get("status", {}) != status:
                self.api.update(name_of(item), _setter(status), KUBERNETES, "status")
                return True
        return False


def _setter(status: dict[str, Any]) -> Callable[[dict[str, Any]], None]:
    return lambda item: item.update(status=status)


def _ready(pod: dict[str, Any]) -> bool:
    return bool(pod["status"] == _pod_status(healthy=True))


def _pod_status(healthy: bool) -> dict[str, Any]:
    value = "True" if healthy else "False"
    return {"phase": "Running", "conditions": [{"type": "Ready", "status": value}]}


def _pod(controller: dict[str, Any], name: str, revision: str) -> dict[str, Any]:
    template = controller["spec"]["template"]
    owner = {"apiVersion": "apps/v1", "kind": "StatefulSet", "name": controller["metadata"]["name"]}
    metadata = {
        "namespace": controller["metadata"]["namespace"],
        "name": name,
        "labels": {**template["metadata"]["labels"], "controller-revision-hash": revision},
        "ownerReferences": [owner | {"uid": controller["metadata"]["uid"], "controller": True}],
    }
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "status": _pod_status(healthy=False)}
