# Copyright: (c) 2026, the beekeeper.hivemq authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Users of clusters, and strangers that come into their way. A SIMULATION."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from random import Random
from typing import Any

from ansible_collections.beekeeper.hivemq.plugins.module_utils._kube.errors import KubeError
from beekeeper_operator.cache import CHILDREN, Key
from simulated_api import FOREGROUND, ORPHAN, Api, Name, labels, name_of, owners
from simulated_client import CLUSTER, mine, wanted
from simulated_controllers import HOLD, KUBERNETES, Controllers

KEYS = (Key("ns", "a"), Key("ns", "b"), Key("other", "a"))
USER, STRANGER = "kubectl-edit", "helm"
_MQTT = {"name": "mqtt", "port": 1883, "expose": True}
_BALANCED = '[{"op":"replace","path":"/spec/type","value":"LoadBalancer"}]'
VALID: tuple[dict[str, Any], ...] = (
    {},
    {"nodeCount": 2},
    {"nodeCount": 3, "logLevel": "DEBUG"},
    {"serviceAccountName": "theirs"},
    {"ports": [_MQTT, {"name": "ws", "port": 8000, "expose": True}]},
    {"ports": [{**_MQTT, "port": 1884}, {"name": "tls", "port": 8883, "expose": True}]},
    {"ports": [{**_MQTT, "patch": [_BALANCED]}]},
    {"env": [{"name": "A", "value": "1"}], "podLabels": {"team": "x"}, "labels": {"tier": "y"}},
)
REFUSED: tuple[dict[str, Any], ...] = (
    {"ports": [_MQTT, {"name": "x", "port": 1883}]},
    {"ports": [{"name": "x", "port": 1}]},
    {"configOverride": "<hivemq"},
    {"memory": "lots"},
    {"nodeCount": -1},
)


class World:
    """`act` does one thing at random. What they do to pods goes through `controllers`."""

    def __init__(self, api: Api, random: Random, controllers: Controllers) -> None:
        self.api, self.random, self.controllers = api, random, controllers
        self.deleted: set[str] = set()  # uids of deleted clusters
        self._actions: list[tuple[Callable[[], None], int]] = [
            (self._make, 5), (self._change_spec, 5), (self._refuse, 2), (self._mark, 1), (self._delete_cluster, 2),
            (self._forge_status, 1), (self._delete_child, 3), (self._hold_child, 1), (self._edit_child, 5),
            (self._disown_child, 1), (self._squat, 4), (self._replace_child, 2), (self._squatter_leaves, 2),
            (self._bystander, 1), (self._pod_falls_ill, 2), (self._pod_dies, 1),
        ]  # fmt: skip

    def act(self) -> None:
        """A user or a stranger does something."""
        actions, weights = zip(*self._actions, strict=True)
        with contextlib.suppress(KubeError):  # refused, as it may be: people read the message and give up
            self.random.choices(actions, weights)[0]()

    # -- users -----------------------------------------------------------------------------------------------------

    def make(self, key: Key, spec: dict[str, Any]) -> None:
        """Creates a cluster, or changes its spec."""
        full = {"nodeCount": 1, "image": "hivemq/hivemq-ce", "hivemqVersion": "2025.5", **spec}
        name = Name(*CLUSTER, *key)
        if self.api.read(name):
            self.api.update(name, lambda item: item.update(spec=full), USER)
        else:
            metadata = {"namespace": key.namespace, "name": key.name}
            item = {"apiVersion": name.api_version, "kind": name.kind, "metadata": metadata, "spec": full}
            self.api.create(item, USER)

    def _make(self) -> None:
        self.make(self.random.choice(KEYS), self.random.choice(VALID))

    def _change_spec(self) -> None:
        if cluster := self._cluster():
            self.make(Key(*name_of(cluster)[2:]), self.random.choice(VALID))

    def _refuse(self) -> None:
        if cluster := self._cluster():
            self.make(Key(*name_of(cluster)[2:]), self.random.choice(REFUSED))

    def _mark(self) -> None:
        if cluster := self._cluster():
            note = {"note": str(self.random.randrange(9))}
            self.api.update(name_of(cluster), lambda item: item["metadata"].update(annotations=note), USER)

    def _forge_status(self) -> None:
        """Somebody writes a status that isn't true."""
        if cluster := self._cluster():
            lie = {**cluster.get("status", {}), "state": "Running", "message": "fine", "scale": 7}
            self.api.update(name_of(cluster), lambda item: item.update(status=lie), USER, "status")

    def _delete_cluster(self) -> None:
        if cluster := self._cluster():
            self.deleted.add(cluster["metadata"]["uid"])
            self.api.delete(name_of(cluster), USER, self.random.choice(["", "", FOREGROUND, ORPHAN]))

    def _delete_child(self) -> None:
        if child := self._child():
            self.api.delete(name_of(child), USER)

    def _hold_child(self) -> None:
        """A child is deleted, and something holds it up for a while."""
        if child := self._child():
            self.api.delete(name_of(child), USER, HOLD)

    def _disown_child(self) -> None:
        # A stranger's would be handed over by that, and may have what can't be changed.
        if (child := self._child()) and "node" not in owners(child):
            strip = self.random.random() < 0.5

            def change(item: dict[str, Any]) -> None:
                item["metadata"].pop("ownerReferences", None)
                if strip:
                    item["metadata"].get("labels", {}).pop("hivemq-cluster", None)

            self.api.update(name_of(child), change, USER)

    def _edit_child(self) -> None:
        child = self._child()
        if child is None:
            return
        number = self.random.randrange(1000, 2000)

        def spec(item: dict[str, Any]) -> None:
            if item["kind"] == "Service":
                key, value = self.random.choice(
                    [("selector", {"app": "x"}), ("type", "NodePort"), ("ports", None), ("ports", None)]
                )
                if value is None:
                    item["spec"]["ports"][0]["port"] = number
                else:
                    item["spec"][key] = value
            elif item["kind"] == "ConfigMap":
                item["data"] = self.random.choice([{"config.xml": "<x/>"}, {**item.get("data", {}), "more": "1"}])
            elif item["kind"] == "StatefulSet":
                item["spec"]["replicas"] = self.random.randrange(5)
                item["spec"]["template"]["spec"]["priorityClassName"] = f"c{number}"
            else:
                item["automountServiceAccountToken"] = True

        def marks(item: dict[str, Any]) -> None:
            item["metadata"].setdefault("labels", {})["theirs"] = str(number)

        def unlabel(item: dict[str, Any]) -> None:
            item["metadata"].get("labels", {}).pop("hivemq-cluster", None)

        self.api.update(name_of(child), self.random.choice([spec, spec, marks, unlabel]), USER)

    # -- strangers -------------------------------------------------------------------------------------------------

    def _squat(self) -> None:
        """Somebody makes an object of their own that has a name a cluster asks for, or will."""
        key = self.random.choice(KEYS)
        kind = self.random.choice(["Service", "ConfigMap", "StatefulSet"])
        suffix = {"Service": self.random.choice(["-mqtt", "-cc", "-ws"]), "ConfigMap": "-config"}.get(kind, "")
        name = key.name if kind == "StatefulSet" else f"hivemq-{key.name}{suffix}"
        full = Name("apps/v1" if kind == "StatefulSet" else "v1", kind, key.namespace, name)
        if not self.api.read(full):
            self._take(full)

    def _replace_child(self) -> None:
        """A stranger puts an object of their own in the place of a cluster's."""
        if child := self._child():
            self.usurp(name_of(child))

    def usurp(self, full: Name) -> None:
        """A stranger has an object of this name from now on, if there is none that stays; a cluster is made anew."""
        cluster = self.api.read(full) if full.kind == CLUSTER[1] else None
        if cluster and not cluster["metadata"].get("finalizers"):
            self.deleted.add(cluster["metadata"]["uid"])
            self.api.delete(full, USER)
            self.make(Key(full.namespace, full.name), self.random.choice(VALID))
        if full.kind in {"Service", "ConfigMap", "StatefulSet"}:
            self.api.delete(full, STRANGER)
            if not self.api.read(full):
                self._take(full)

    def _take(self, full: Name) -> None:
        """Makes a stranger's object of this name. What it says differs from what a cluster says."""
        kind = full.kind
        metadata: dict[str, Any] = {"namespace": full.namespace, "name": full.name}
        if self.random.random() < 0.5:
            other = {"apiVersion": "v1", "kind": "Node", "name": "n", "uid": "node", "controller": True}
            metadata["ownerReferences"] = [other]
        cluster = full.name if kind == "StatefulSet" else full.name.split("-")[1]
        # What belongs to somebody isn't handed over by a label.
        label = self.random.choice(["c", cluster if "ownerReferences" in metadata else "c", ""])
        metadata["labels"] = {"app": "theirs", **({"hivemq-cluster": label} if label else {})}
        spec: dict[str, Any] = {"selector": {"app": "theirs"}, "ports": [{"name": "p", "port": 1}]}
        if kind == "StatefulSet":
            spec = {"serviceName": "x", "selector": {"matchLabels": {"app": "x"}}, "template": {"spec": {}}}
        body = {"data": {"config.xml": "theirs"}} if kind == "ConfigMap" else {"spec": spec}
        self.api.create({"apiVersion": full.api_version, "kind": kind, "metadata": metadata, **body}, STRANGER)

    def squatters(self) -> list[dict[str, Any]]:
        """Objects in the way: with a name that a cluster asks for, and not its own."""
        found = []
        for cluster in self.api.items(*CLUSTER):
            lives = (self.api.read(name_of(item)) for item in wanted(cluster) or [])
            found += [live for live in lives if live and not mine(live, cluster)]
        return found

    def clear(self, item: dict[str, Any]) -> None:
        """The stranger takes the object away, or (a ConfigMap of nobody) hands it over."""
        if item["kind"] == "ConfigMap" and not owners(item) and self.random.random() < 0.5:
            cluster = item["metadata"]["name"].split("-")[1]
            handed = {**labels(item), "hivemq-cluster": cluster}
            self.api.update(name_of(item), lambda item: item["metadata"].update(labels=handed), STRANGER)
        else:
            self.api.delete(name_of(item), STRANGER)

    def _squatter_leaves(self) -> None:
        if found := self.squatters():
            self.clear(self.random.choice(found))

    def _bystander(self) -> None:
        """Somebody adds an object that goes with a cluster, and has its label and owner."""
        if (child := self._child()) and child["kind"] == "ConfigMap":
            metadata = {**child["metadata"], "name": f"extra-{self.random.randrange(3)}"}
            metadata = {
                key: value
                for key, value in metadata.items()
                if key in {"name", "namespace", "labels", "ownerReferences"}
            }
            if not self.api.read(Name("v1", "ConfigMap", metadata["namespace"], metadata["name"])):
                self.api.create({**child, "metadata": metadata}, STRANGER)

    # -- pods ------------------------------------------------------------------------------------------------------

    def _pod_falls_ill(self) -> None:
        if pod := self._any(self.api.items("v1", "Pod")):
            self.controllers.sick.add((pod["metadata"]["namespace"], pod["metadata"]["name"]))

    def _pod_dies(self) -> None:
        if pod := self._any(self.api.items("v1", "Pod")):
            self.api.delete(name_of(pod), KUBERNETES)

    # -- choices ---------------------------------------------------------------------------------------------------

    def _any(self, items: list[dict[str, Any]]) -> dict[str, Any] | None:
        return self.random.choice(items) if items else None

    def _cluster(self) -> dict[str, Any] | None:
        return self._any(self.api.items(*CLUSTER))

    def _child(self) -> dict[str, Any] | None:
        """An object of a cluster, whoever's it is by now."""
        return self._any(
            [item for kind in CHILDREN for item in self.api.items(*kind) if "hivemq-cluster" in labels(item)]
        )
