# Copyright: (c) 2026, the beekeeper.hivemq authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Readiness: never of the state before the change."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.beekeeper.hivemq.plugins.module_utils._kube.ready import readiness


def make(kind: str, status: dict[str, Any] | None = None, generation: int = 2, **spec: Any) -> dict[str, Any]:
    return {"kind": kind, "metadata": {"name": "x", "generation": generation}, "spec": spec, "status": status or {}}


def conditions(*items: tuple[str, str], **more: Any) -> dict[str, Any]:
    return {
        "conditions": [{"type": kind, "status": value, "message": f"{kind} is {value}"} for kind, value in items],
        **more,
    }


DONE = {"observedGeneration": 2, "replicas": 3, "updatedReplicas": 3, "readyReplicas": 3, "availableReplicas": 3}
SET = {"desiredNumberScheduled": 3, "updatedNumberScheduled": 3, "numberAvailable": 3, "observedGeneration": 2}
STUCK = {"type": "Progressing", "status": "False", "reason": "ProgressDeadlineExceeded", "message": "timed out"}
RUNNING = {"state": "Running", "message": "3 brokers ready", "observedGeneration": 2}


@pytest.mark.parametrize(
    ("obj", "ready", "words"),
    [
        (make("Deployment", DONE, replicas=3), True, "3/3 available, 3 updated"),
        (make("Deployment", {**DONE, "observedGeneration": 1}, replicas=3), False, "not looked at yet"),
        (make("Deployment", {**DONE, "updatedReplicas": 2}, replicas=3), False, "3/3 available, 2 updated"),
        (make("Deployment", {**DONE, "replicas": 4}, replicas=3), False, "3/3 available, 3 updated"),
        (make("Deployment", {**DONE, "availableReplicas": 2}, replicas=3), False, "2/3 available"),
        (make("Deployment", {"observedGeneration": 2}, replicas=0), True, "0/0"),
        (make("Deployment", {"observedGeneration": 2}), False, "0/1"),
        (make("StatefulSet", DONE, replicas=3), True, "3/3 ready, 3 updated"),
        (make("StatefulSet", {**DONE, "observedGeneration": 1}, replicas=3), False, "not looked at yet"),
        (make("StatefulSet", {**DONE, "readyReplicas": 2}, replicas=3), False, "2/3 ready"),
        (make("StatefulSet", {**DONE, "updatedReplicas": 1}, replicas=3), False, "1 updated"),
        (
            make("StatefulSet", {**DONE, "updatedReplicas": 1}, replicas=3, updateStrategy={"type": "OnDelete"}),
            True,
            "3/3 ready",
        ),
        (
            make(
                "StatefulSet",
                {**DONE, "updatedReplicas": 1},
                replicas=3,
                updateStrategy={"type": "RollingUpdate", "rollingUpdate": {"partition": 2}},
            ),
            True,
            "3/3 ready",
        ),
        (make("DaemonSet", SET), True, "3/3 available"),
        (make("DaemonSet", {**SET, "updatedNumberScheduled": 1}), False, "1 updated"),
        (make("DaemonSet", {**SET, "observedGeneration": 1}), False, "not looked at yet"),
        (make("CustomResourceDefinition", conditions(("Established", "True"))), True, "established"),
        (make("CustomResourceDefinition", conditions(("Established", "False"))), False, "not established yet"),
        (make("Pod", conditions(("Ready", "True"), phase="Running")), True, "Running"),
        (make("Pod", conditions(("Ready", "False"), phase="Running")), False, "Running"),
        (make("Pod", {"phase": "Succeeded"}), True, "Succeeded"),
        (make("Job", conditions(("Complete", "True"), succeeded=1)), True, "1 succeeded"),
        (make("Job", {"active": 1}), False, "1 active"),
        (make("PersistentVolumeClaim", {"phase": "Bound"}), True, "Bound"),
        (make("PersistentVolumeClaim", {"phase": "Pending"}), False, "Pending"),
        (make("Namespace", {"phase": "Active"}), True, "Active"),
        (make("ConfigMap"), True, "exists"),
        (make("HiveMQCluster", conditions(("Ready", "True"), **RUNNING)), True, "Running: 3 brokers ready"),
        (make("HiveMQCluster", conditions(("Ready", "False"), **RUNNING)), False, "Running"),
        (
            make("HiveMQCluster", conditions(("Ready", "True"), **{**RUNNING, "observedGeneration": 1})),
            False,
            "the operator hasn't looked at it yet",
        ),
        (make("HiveMQCluster"), False, "the operator hasn't looked at it yet"),
        (make("Other", conditions(("Ready", "True"))), True, "Ready is True"),
        (make("Other", conditions(("Ready", "False"))), False, "Ready is False"),
        (make("Other", conditions(("Available", "True"), observedGeneration=1)), False, "not looked at yet"),
        (make("Other", conditions(("Something", "False"))), True, "exists"),
    ],
)
def test_readiness(obj: dict[str, Any], ready: bool, words: str) -> None:
    found = readiness(obj)
    assert (found.ready, found.failed) == (ready, False)
    assert words in found.message


@pytest.mark.parametrize(
    ("obj", "words"),
    [
        (make("Deployment", {**DONE, "availableReplicas": 0, "conditions": [STUCK]}, replicas=3), "timed out"),
        (make("CustomResourceDefinition", conditions(("NamesAccepted", "False"))), "NamesAccepted is False"),
        (make("Pod", {"phase": "Failed"}), "failed"),
        (make("Job", conditions(("Failed", "True"))), "Failed is True"),
        (make("PersistentVolumeClaim", {"phase": "Lost"}), "Lost"),
        (make("HiveMQCluster", {"state": "Failed", "message": "bad image", "observedGeneration": 2}), "bad image"),
    ],
)
def test_failed_for_good(obj: dict[str, Any], words: str) -> None:
    found = readiness(obj)
    assert (found.ready, found.failed) == (False, True)
    assert words in found.message


def test_being_deleted_is_never_ready() -> None:
    obj = make("Deployment", DONE, replicas=3)
    obj["metadata"]["deletionTimestamp"] = "2026-01-01T00:00:00Z"
    assert readiness(obj).ready is False
