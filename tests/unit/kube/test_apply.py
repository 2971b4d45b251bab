# Copyright: (c) 2026, the beekeeper.hivemq authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Applying sets: order, idempotence, call budget, prediction, prune, CRDs."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible_collections.beekeeper.hivemq.plugins.module_utils._kube import errors
from ansible_collections.beekeeper.hivemq.plugins.module_utils._kube.apply import (
    ApplyResult,
    Prune,
    Settings,
    apply_set,
    find_labelled,
    prunable_kinds,
    strays,
)
from ansible_collections.beekeeper.hivemq.plugins.module_utils._kube.client import KubeClient
from ansible_collections.beekeeper.hivemq.plugins.module_utils._kube.manifests import Manifest, from_definition, prepare
from ansible_collections.beekeeper.hivemq.plugins.module_utils._kube.removal import delete_set, prune_set

from ..fake_api import FakeApi
from ..fake_clock import FakeClock

SET = prepare(from_definition((Path(__file__).parent / "fixtures" / "applied.yaml").read_text()))
MARKER = "planted-marker-7f3a"
LABELS = {"app.kubernetes.io/part-of": "test"}


def manifests() -> list[Manifest]:
    return copy.deepcopy(SET)


def cm(name: str, namespace: str = "default", value: str = "1", **metadata: Any) -> dict[str, Any]:
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": name, "namespace": namespace, **metadata},
        "data": {"a": value},
    }


def one(obj: dict[str, Any]) -> list[Manifest]:
    return prepare([(obj, "definition")])


def actions(result: ApplyResult) -> dict[str, str]:
    return {f"{item.kind}/{item.name}": item.action for item in result.objects}


def test_from_nothing_and_again(api: FakeApi, client: KubeClient) -> None:
    first = apply_set(client, manifests(), Settings())
    assert set(actions(first).values()) == {"created"}
    assert first.summary == "13 created"
    assert len(first.diffs) == 13
    again = KubeClient(client_connection(client), field_manager=client.field_manager)
    api.requests.clear()
    second = apply_set(again, manifests(), Settings())
    assert second.summary == "13 unchanged"
    assert second.changed is False
    assert second.diffs == []
    # The budget: one request per unchanged object. No /version, no discovery, no write.
    assert again.calls == len(api.requests) == 13
    assert {seen.method for seen in api.requests} == {"GET"}
    assert not [seen.path for seen in api.requests if seen.path in ("/version", "/apis", "/api", "/api/v1")]


def client_connection(client: KubeClient) -> Any:
    from ansible_collections.beekeeper.hivemq.plugins.module_utils._kube.auth import connect

    return connect({"host": client.identity.host, "api_key": "x"})


def test_a_change_is_written_and_only_that(api: FakeApi, client: KubeClient) -> None:
    apply_set(client, manifests(), Settings())
    api.requests.clear()
    changed = manifests()
    for manifest in changed:
        if manifest.kind == "ConfigMap":
            manifest.obj["data"] = {"a": "new"}
    result = apply_set(client, changed, Settings())
    assert result.summary == "1 configured, 12 unchanged"
    assert api.calls("PATCH") == ["PATCH /api/v1/namespaces/kube-it/configmaps/cm"]
    live = api.find("ConfigMap", "cm", "kube-it")
    assert live is not None
    assert live["data"] == {"a": "new"}  # what we applied before and no longer want is gone


def test_unsure_is_applied_and_compared(api: FakeApi, client: KubeClient) -> None:
    """Somebody's client-side object: written once, and not called a change when nothing is different."""
    api.put(cm("c"))
    result = apply_set(client, one(cm("c")), Settings())
    assert api.calls("PATCH") == ["PATCH /api/v1/namespaces/default/configmaps/c"]
    assert result.summary == "1 unchanged"


def test_check_mode_sends_dry_runs_only(api: FakeApi, client: KubeClient) -> None:
    api.put(cm("c", value="old"))
    before = copy.deepcopy(api.objects)
    lines: list[str] = []
    result = apply_set(client, one(cm("c", value="new")), Settings(check=True, progress=lines.append))
    assert result.summary == "1 configured"
    assert lines == ["ConfigMap default/c would be configured"]
    assert api.calls("PATCH") == ["PATCH /api/v1/namespaces/default/configmaps/c?dryRun"]
    assert api.objects == before


def test_check_mode_on_an_empty_cluster(api: FakeApi, client: KubeClient) -> None:
    result = apply_set(client, manifests(), Settings(check=True))
    assert result.summary == "13 created"
    assert len(result.diffs) == 13
    assert [m for m in api.calls() if not m.startswith("GET") and "?dryRun" not in m] == []
    assert {item.kind for item in result.objects if not item.predicted} == {"Namespace", "CustomResourceDefinition"}
    assert {key[1] for key in api.objects} == {"namespaces"}
    assert len(api.objects) == 1


@pytest.mark.parametrize(
    "obj",
    [
        cm("c", namespace="nowhere"),
        {"apiVersion": "hivemq.com/v1", "kind": "HiveMQCluster", "metadata": {"name": "x", "namespace": "default"}},
        {"apiVersion": "none.example.com/v1", "kind": "Nothing", "metadata": {"name": "x", "namespace": "default"}},
    ],
)
def test_check_mode_predicts_what_has_no_place_yet(api: FakeApi, client: KubeClient, obj: dict[str, Any]) -> None:
    result = apply_set(client, one(obj), Settings(check=True))
    assert [(item.action, item.predicted) for item in result.objects] == [("created", True)]
    assert yaml.safe_load(result.diffs[0]["after"]) == obj
    with pytest.raises(errors.NotFound):
        apply_set(client, one(obj), Settings())


def test_check_mode_with_a_crd_that_is_about_to_change(api: FakeApi, client: KubeClient) -> None:
    apply_set(client, manifests(), Settings())
    changed = manifests()
    for manifest in changed:
        if manifest.kind == "CustomResourceDefinition":
            manifest.obj["spec"]["names"]["shortNames"] = ["w"]
        if manifest.kind == "Widget":
            manifest.obj["spec"]["fresh"] = True
    refused = {"kind": "Status", "message": "failed to create typed patch object (x): .spec.fresh: field not declared"}
    api.fail("PATCH", "/widgets/", 500, refused)
    result = apply_set(client, changed, Settings(check=True))
    assert result.summary == "2 configured, 11 unchanged"
    assert "fresh: true" in result.diffs[-1]["after"]
    assert "a: 1" in result.diffs[-1]["after"]  # the rest is still there


def test_other_refusals_fail_in_check_mode_too(api: FakeApi, client: KubeClient) -> None:
    api.fail("PATCH", "/configmaps/", 422)
    with pytest.raises(errors.Invalid):
        apply_set(client, one(cm("c")), Settings(check=True))


def test_crd_is_waited_for_until_it_is_served(api: FakeApi, client: KubeClient, clock: FakeClock) -> None:
    api.serve_crds = False
    lines: list[str] = []

    def serve() -> None:
        crd = api.find("CustomResourceDefinition", "widgets.kube-it.example.com")
        assert crd is not None
        api.serve(crd)

    clock.at(7, serve)
    settings = Settings(progress=lines.append, clock=clock, waker=clock)
    assert apply_set(client, manifests(), settings).summary == "13 created"
    assert "the API server doesn't serve Widget of kube-it.example.com/v1 yet" in lines
    assert clock.now == 7
    assert lines.index("widgets.kube-it.example.com established and served") < lines.index("Widget kube-it/w created")


def test_crd_that_is_never_served(api: FakeApi, client: KubeClient, clock: FakeClock) -> None:
    api.serve_crds = False
    result = ApplyResult()
    with pytest.raises(errors.DeadlineExceeded, match=r"the API server to serve widgets\.kube-it"):
        apply_set(client, manifests(), Settings(clock=clock, waker=clock, wait_timeout=30), result=result)
    assert actions(result) == {
        "Namespace/kube-it": "created",
        "CustomResourceDefinition/widgets.kube-it.example.com": "created",
    }


def test_an_object_on_its_way_out_is_waited_for(api: FakeApi, client: KubeClient, clock: FakeClock) -> None:
    api.put(cm("c", deletionTimestamp="2026-01-01T00:00:00Z", finalizers=["x/y"]))
    clock.at(9, lambda: api.remove("ConfigMap", "c", "default"))
    result = apply_set(client, one(cm("c")), Settings(clock=clock, waker=clock))
    assert result.summary == "1 created"
    assert api.find("ConfigMap", "c", "default")
    assert clock.now == 9


def test_conflicts(api: FakeApi, client: KubeClient) -> None:
    other = KubeClient(client_connection(client), field_manager="other")
    other.apply(cm("c", value="theirs"))
    with pytest.raises(errors.Conflict, match=r"another field manager owns \.data\.a"):
        apply_set(client, one(cm("c")), Settings(force=False))
    assert apply_set(client, one(cm("c")), Settings()).summary == "1 configured"
    assert apply_set(client, one(cm("c")), Settings()).summary == "1 unchanged"


def test_secrets_never_show(api: FakeApi, client: KubeClient) -> None:
    def secret(value: str) -> list[Manifest]:
        return one({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s"}, "stringData": {"p": value}})

    created = apply_set(client, secret(MARKER), Settings())
    api.fail("PATCH", "/secrets/", 422, {"kind": "Status", "message": f"bad value {MARKER}-2 in data"})
    with pytest.raises(errors.Invalid) as refused:
        apply_set(client, secret(f"{MARKER}-2"), Settings())
    changed = apply_set(client, secret(f"{MARKER}-3"), Settings())
    shown = json.dumps([created.diffs, changed.diffs, [item.as_dict() for item in changed.objects]]) + str(
        refused.value
    )
    live = api.find("Secret", "s", "default")
    assert live is not None
    assert MARKER not in shown
    assert live["data"]["p"] not in shown
    assert "*** (changed)" in shown
    assert "bad value *** in data" in shown


def test_wait_uses_what_was_seen(api: FakeApi, client: KubeClient, clock: FakeClock) -> None:
    api.put({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p", "namespace": "default"}})
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p", "namespace": "default", "labels": {"a": "b"}}}
    clock.at(6, lambda: api.put({**pod, "status": {"phase": "Succeeded"}}))
    lines: list[str] = []
    apply_set(client, one(pod) + one(cm("c")), Settings(wait=True, clock=clock, waker=clock, progress=lines.append))
    assert lines[-2:] == ["Pod default/p: Pending", "2 objects ready"]


# -- prune -----------------------------------------------------------------------------------------------------------


def test_prune_takes_only_labelled_strays(api: FakeApi, client: KubeClient) -> None:
    api.put(cm("stray", labels=LABELS))
    api.put(cm("kept", labels=LABELS))
    api.put(cm("unlabelled"))
    api.put(cm("elsewhere", namespace="other", labels=LABELS))
    api.put(cm("controlled", labels=LABELS, ownerReferences=[{"controller": True, "uid": "u"}]))
    api.put(
        {
            "apiVersion": "v1",
            "kind": "Secret",
            "metadata": {"name": "otherkind", "namespace": "default", "labels": LABELS},
        }
    )
    prune = Prune(
        "app.kubernetes.io/part-of=test", (("v1", "ConfigMap"), ("none.example.com/v1", "Gone")), ("default",)
    )
    wanted = one(cm("kept", labels=LABELS))
    for check in (True, False):
        result = ApplyResult()
        labelled = find_labelled(client, prune)
        settings = Settings(check=check)
        apply_set(client, wanted, settings, seen=labelled, result=result)
        prune_set(client, strays(labelled, wanted), settings, allow_data_loss=False, result=result)
        assert actions(result) == {"ConfigMap/kept": "unchanged", "ConfigMap/stray": "pruned"}
        assert (api.find("ConfigMap", "stray", "default") is None) is not check
    names = {obj["metadata"]["name"] for obj in api.objects.values()}
    assert names == {"default", "kept", "unlabelled", "elsewhere", "controlled", "otherkind"}


def test_prune_saves_the_gets(api: FakeApi, client: KubeClient) -> None:
    wanted = prepare([(cm(f"c{n}", labels=LABELS), "x") for n in range(5)])
    apply_set(client, wanted, Settings())
    api.requests.clear()
    prune = Prune("app.kubernetes.io/part-of=test", prunable_kinds(wanted))
    assert apply_set(client, wanted, Settings(), seen=find_labelled(client, prune)).summary == "5 unchanged"
    assert api.calls() == ["GET /api/v1/configmaps"]


def test_what_is_pruned_unasked() -> None:
    kinds = {kind for _version, kind in prunable_kinds(manifests())}
    assert not kinds & {"Namespace", "CustomResourceDefinition"}
    assert {"Role", "RoleBinding", "ClusterRole", "ClusterRoleBinding", "Deployment", "Secret"} <= kinds


# -- removal ---------------------------------------------------------------------------------------------------------


def absent() -> list[Manifest]:
    return prepare(from_definition([m.obj for m in SET]), state="absent")


def test_removal_in_reverse_and_again(api: FakeApi, client: KubeClient) -> None:
    apply_set(client, manifests(), Settings())
    api.requests.clear()
    result = delete_set(client, absent(), Settings(), allow_data_loss=True)
    assert set(actions(result).values()) == {"deleted"}
    assert result.objects[0].kind == "Widget"
    assert [item.kind for item in result.objects][-2:] == ["CustomResourceDefinition", "Namespace"]
    assert all(seen.body.get("preconditions") for seen in api.requests if seen.method == "DELETE")
    assert delete_set(client, absent(), Settings(), allow_data_loss=False).summary == "13 unchanged"


def test_removal_in_check_mode(api: FakeApi, client: KubeClient) -> None:
    apply_set(client, manifests(), Settings())
    before = copy.deepcopy(api.objects)
    assert delete_set(client, absent(), Settings(check=True), allow_data_loss=True).summary == "13 deleted"
    assert api.objects == before


def bare_crd() -> list[Manifest]:
    """As little of it as a deletion needs: the guard must go by the live one."""
    name = {"name": "widgets.kube-it.example.com"}
    obj = {"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition", "metadata": name}
    return prepare([(obj, "x"), (cm("c"), "y")], state="absent")


@pytest.mark.parametrize("check", [True, False])
def test_crd_guard(api: FakeApi, client: KubeClient, check: bool) -> None:
    apply_set(client, manifests(), Settings())
    api.put(cm("c"))
    extra = {"apiVersion": "kube-it.example.com/v1", "kind": "Widget", "metadata": {"name": "w2", "namespace": "far"}}
    api.put(extra)
    before = copy.deepcopy(api.objects)
    with pytest.raises(errors.DataLossRefused) as caught:
        delete_set(client, bare_crd(), Settings(check=check), allow_data_loss=False)
    assert "would delete 2 Widget and all that belongs to them: far/w2, kube-it/w" in caught.value.message
    assert "allow_data_loss" in caught.value.next_step
    assert api.objects == before  # nothing else of the set went either
    assert api.calls("DELETE") == []
    assert delete_set(client, bare_crd(), Settings(), allow_data_loss=True).summary == "2 deleted"


def test_crd_guard_holds_for_prune(api: FakeApi, client: KubeClient) -> None:
    apply_set(client, manifests(), Settings())
    crd = api.find("CustomResourceDefinition", "widgets.kube-it.example.com")
    assert crd is not None
    with pytest.raises(errors.DataLossRefused, match="kube-it/w"):
        prune_set(client, [crd], Settings(), allow_data_loss=False, result=ApplyResult())


def test_crd_guard_fails_closed(api: FakeApi, client: KubeClient) -> None:
    apply_set(client, manifests(), Settings())
    api.fail("GET", "/widgets$", 403)
    with pytest.raises(errors.Forbidden):
        delete_set(client, bare_crd(), Settings(), allow_data_loss=False)
    crd = api.find("CustomResourceDefinition", "widgets.kube-it.example.com")
    assert crd is not None
    crd["spec"]["versions"][0]["served"] = False
    with pytest.raises(errors.DataLossRefused, match="can't be seen"):
        delete_set(client, bare_crd(), Settings(), allow_data_loss=False)


def test_crd_without_instances_goes(api: FakeApi, client: KubeClient) -> None:
    apply_set(client, manifests(), Settings())
    api.remove("Widget", "w", "kube-it")
    assert delete_set(client, bare_crd(), Settings(), allow_data_loss=False).summary == "1 deleted, 1 unchanged"


def test_wait_until_gone(api: FakeApi, client: KubeClient, clock: FakeClock) -> None:
    api.put(cm("c", finalizers=["x/y"]))
    clock.at(12, lambda: api.remove("ConfigMap", "c", "default"))
    settings = Settings(wait=True, clock=clock, waker=clock)
    assert delete_set(client, one(cm("c")), settings, allow_data_loss=False).summary == "1 deleted"
    assert clock.now == 12
