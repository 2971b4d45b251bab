# Copyright: (c) 2026, the beekeeper.hivemq authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Controllers, volumes and containers that a resource brings with it, as they go to the API server."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.beekeeper.hivemq.plugins.module_utils._hivemq import _pod, config_xml
from ansible_collections.beekeeper.hivemq.plugins.module_utils._hivemq.objects import objects
from ansible_collections.beekeeper.hivemq.plugins.module_utils._hivemq.spec import Extension, parse
from ansible_collections.beekeeper.hivemq.plugins.module_utils._hivemq.validate import errors, validate
from workload_cases import SIDE, claim, mounted

Make = Callable[..., dict[str, Any]]
KINDS = {
    "cluster-stateful-set.yaml": "StatefulSet",
    "cluster-deployment.yaml": "Deployment",
    "cluster-daemon-set.yaml": "DaemonSet",
}


def controller(resource: dict[str, Any]) -> dict[str, Any]:
    assert errors(validate(resource)) == []
    (found,) = [item for item in objects(parse(resource)) if item["kind"] in KINDS.values()]
    return found


def pod(resource: dict[str, Any]) -> dict[str, Any]:
    return controller(resource)["spec"]["template"]["spec"]  # type: ignore[no-any-return]


def named(items: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    found = {item["name"]: item for item in items}
    assert len(found) == len(items), "names are unique"
    return found


@pytest.mark.parametrize(("template", "kind"), [*KINDS.items(), ("", "StatefulSet"), (None, "StatefulSet")])
def test_the_kind_of_the_controller(resource: Make, template: str | None, kind: str) -> None:
    spec = {} if template is None else {"controllerTemplate": template}
    found = controller(resource(labels={"team": "a"}, **spec))
    assert (found["apiVersion"], found["kind"], found["metadata"]["name"]) == ("apps/v1", kind, "hive")
    assert found["metadata"]["labels"] == {"team": "a", "app": "hivemq", "hivemq-cluster": "hive"}
    assert found["spec"]["selector"]["matchLabels"].items() <= found["spec"]["template"]["metadata"]["labels"].items()
    assert found["spec"]["template"] == controller(resource())["spec"]["template"], "the pods are the same"


def test_a_deployment_adds_a_broker_before_it_takes_one_away(resource: Make) -> None:
    spec = controller(resource(controllerTemplate="cluster-deployment.yaml", nodeCount=5))["spec"]
    assert spec["replicas"] == 5
    assert spec["strategy"] == {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1, "maxUnavailable": 0}}
    assert spec["minReadySeconds"] == 30
    assert spec["progressDeadlineSeconds"] > _pod.TERMINATION_GRACE_SECONDS
    assert not {"serviceName", "podManagementPolicy", "volumeClaimTemplates"} & spec.keys()


def test_a_daemon_set_has_no_count(resource: Make) -> None:
    spec = controller(resource(controllerTemplate="cluster-daemon-set.yaml"))["spec"]
    assert "replicas" not in spec
    assert spec["updateStrategy"]["rollingUpdate"]["maxUnavailable"] == 1


def test_claims_replace_empty_folders(resource: Make) -> None:
    given = claim(storageClassName="", volumeMode=None)
    given["metadata"] |= {"creationTimestamp": "2026-01-01T00:00:00Z", "annotations": {"a": ""}}
    given["status"] = {"phase": "Bound"}
    found = controller(resource(volumeClaimTemplates=[given, claim("log")]))
    first, second = found["spec"]["volumeClaimTemplates"]
    assert first == {
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "metadata": {"name": "data", "annotations": {"a": ""}},
        "spec": {
            "volumeMode": "Filesystem",
            "accessModes": ["ReadWriteOnce"],
            "resources": {"requests": {"storage": "100Gi"}},
            "storageClassName": "",  # not absent: no StorageClass, instead of the default one
        },
    }
    assert second["metadata"]["name"] == "log"
    template = found["spec"]["template"]["spec"]
    assert not {"data", "log"} & named(template["volumes"]).keys(), "the StatefulSet adds them"
    mounts = {item["mountPath"]: item["name"] for item in template["containers"][0]["volumeMounts"]}
    assert mounts["/opt/hivemq/data"] == "data"


def test_claims_of_another_controller_are_not_used(resource: Make) -> None:
    found = controller(resource(controllerTemplate="cluster-deployment.yaml", volumeClaimTemplates=[claim()]))
    assert "volumeClaimTemplates" not in found["spec"]
    assert named(found["spec"]["template"]["spec"]["volumes"])["data"] == {"name": "data", "emptyDir": {}}


def test_additional_volumes_and_mounts(resource: Make) -> None:
    spec = pod(
        resource(
            additionalVolumes=[
                {"name": "nothing"},
                {"name": "memory", "emptyDir": {"medium": "Memory", "sizeLimit": "0.5Gi"}},
                {"name": "shares", "nfs": {"server": "nfs.example.com", "path": "/x"}},
            ],
            additionalVolumeMounts=[
                {**mounted("shares", "/mnt/shares"), "readOnly": True, "subPath": ""},
                mounted("tools", "/mnt/tools"),
            ],
            configMaps=[{"name": "tools", "path": "none"}],
            initialization=[{"name": "prepare", "args": ["true"]}],
        )
    )
    volumes = named(spec["volumes"])
    assert volumes["nothing"] == {"name": "nothing", "emptyDir": {}}
    assert volumes["memory"]["emptyDir"] == {"medium": "Memory", "sizeLimit": "512Mi"}
    assert volumes["shares"]["nfs"] == {"server": "nfs.example.com", "path": "/x"}
    for container in (spec["containers"][0], spec["initContainers"][-1]):
        mounts = {item["mountPath"]: item for item in container["volumeMounts"]}
        assert mounts["/mnt/shares"] == {"name": "shares", "mountPath": "/mnt/shares", "readOnly": True}
        assert mounts["/mnt/tools"]["name"] == "configmap-tools", "by the name the vendor's pods know it by"


def test_containers_are_taken_as_they_are(resource: Make) -> None:
    given = {
        **SIDE,
        "command": ["run", ""],
        "env": [{"name": "EMPTY", "value": ""}],
        "ports": [{"containerPort": 9000}, {"containerPort": 53, "protocol": "UDP"}],
        "resources": {"requests": {"cpu": "0.5", "memory": 1024}, "limits": {}},
        "lifecycle": {"preStop": {"exec": {"command": ["stop"]}}},
        "volumeMounts": [{**mounted("heap-dumps", "/dumps"), "readOnly": False}],
        "readinessProbe": {"tcpSocket": {"port": 9000}, "initialDelaySeconds": 0, "successThreshold": 1},
        "tty": False,
        "workingDir": "",
    }
    spec = pod(resource(sidecars=[given], initContainers=[{**given, "name": "first"}]))
    assert [item["name"] for item in spec["containers"]] == ["hivemq", "side"]
    assert [item["name"] for item in spec["initContainers"]] == ["extensions", "first"]
    assert spec["containers"][1] == {
        "name": "side",
        "image": "side:1",
        "command": ["run", ""],
        "env": [{"name": "EMPTY"}],
        "ports": [{"containerPort": 9000, "protocol": "TCP"}, {"containerPort": 53, "protocol": "UDP"}],
        "resources": {"requests": {"cpu": "500m", "memory": "1024"}},
        "lifecycle": {"preStop": {"exec": {"command": ["stop"]}}},
        "volumeMounts": [{"name": "dumps", "mountPath": "/dumps"}],
        "readinessProbe": {"tcpSocket": {"port": 9000}, "successThreshold": 1},
    }


def test_the_resource_itself_is_not_changed(resource: Make) -> None:
    given = resource(
        sidecars=[{**SIDE, "ports": [{"containerPort": 1}], "volumeMounts": [mounted("heap-dumps", "/d")]}]
    )
    controller(given)
    assert given["spec"]["sidecars"][0]["ports"] == [{"containerPort": 1}]
    assert given["spec"]["sidecars"][0]["volumeMounts"] == [mounted("heap-dumps", "/d")]


def test_steps_of_initialization(resource: Make) -> None:
    steps = [{"name": "one", "args": ["echo 1"]}, {"name": "two", "image": "mine:1", "command": ["/run"]}]
    spec = pod(resource(initialization=steps, initContainers=[SIDE], env=[{"name": "A", "value": "1"}]))
    extensions, theirs, one, two = spec["initContainers"]
    assert (extensions["name"], theirs["name"]) == ("extensions", "side")
    assert (one["image"], one["command"], one["args"]) == ("busybox", ["/bin/sh", "-c"], ["echo 1"])
    assert (two["image"], two["command"], "args" in two) == ("mine:1", ["/run"], False)
    broker = spec["containers"][0]
    assert one["env"] == broker["env"]
    assert one["volumeMounts"] == broker["volumeMounts"]
    assert one["securityContext"] == broker["securityContext"]
    assert one["resources"]["requests"] == {"cpu": "20m", "memory": "32Mi"}, "a pod needs no more room because of it"
    (mirrored,) = pod(resource(initialization=[{"name": "one"}], initBusyboxImage="r:5000/busybox:1"))[
        "initContainers"
    ][1:]
    assert mirrored["image"] == "r:5000/busybox:1"


def test_placement(resource: Make) -> None:
    constraint = {"maxSkew": 1, "topologyKey": "zone", "whenUnsatisfiable": "ScheduleAnyway"}
    spec = pod(
        resource(
            affinity="{}",
            topologySpreadConstraints=[constraint, {**constraint, "topologyKey": "b", "labelSelector": {}}],
        )
    )
    assert "affinity" not in spec
    own, everything = spec["topologySpreadConstraints"]
    assert own == {**constraint, "labelSelector": {"matchLabels": {"app": "hivemq", "hivemq-cluster": "hive"}}}
    assert everything["labelSelector"] == {}


def test_rest_api(resource: Make) -> None:
    text = "<rest-api><enabled>true</enabled></rest-api>"

    def rendered(**spec: Any) -> str:
        return config_xml.render(parse(resource(restApiConfiguration=text, **spec)).spec)

    assert config_xml.inspect(rendered()).texts("hivemq", "rest-api", "enabled") == ["true"]
    override = "<hivemq><!--REST-API-CONFIGURATION--></hivemq>"
    assert config_xml.inspect(rendered(configOverride=override)).texts("hivemq", "rest-api", "enabled") == ["true"]
    assert "rest-api" not in rendered(image="hivemq/hivemq-ce", hivemqVersion="2025.5")
    assert "rest-api" not in config_xml.render(parse(resource()).spec)


def test_monitoring_adds_a_port_with_a_service(resource: Make) -> None:
    on = {"monitoring": {"enablePrometheus": True}}
    made = {(item["kind"], item["metadata"]["name"]): item for item in objects(parse(resource(**on)))}
    service = made["Service", "hivemq-hive-metrics"]
    assert service["spec"]["ports"] == [{"name": "metrics", "port": 9399, "protocol": "TCP", "targetPort": "metrics"}]
    assert service["metadata"]["annotations"] == {"prometheus.io/scrape": "true"}
    ports = [{"name": "mqtt", "port": 1883}, {"name": "metrics", "port": 9400}]
    broker = pod(resource(ports=ports, **on))["containers"][0]
    assert named(broker["ports"])["metrics"]["containerPort"] == 9400
    assert {"name": "HIVEMQ_ENABLE_PROMETHEUS", "value": "true"} in broker["env"]
    off = {(item["kind"], item["metadata"]["name"]) for item in objects(parse(resource()))}
    assert ("Service", "hivemq-hive-metrics") not in off


@pytest.fixture
def image(tmp_path: Path) -> Path:
    (tmp_path / "opt/hivemq/extensions/one").mkdir(parents=True)
    (tmp_path / "opt/hivemq/extensions/hivemq-prometheus-extension").mkdir()
    (tmp_path / "opt/hivemq/extensions/hivemq-prometheus-extension/DISABLED").touch()
    (tmp_path / "beekeeper/extensions").mkdir(parents=True)
    return tmp_path


def run(image: Path, *extensions: Extension, monitoring: bool = False) -> subprocess.CompletedProcess[str]:
    script = _pod.extensions_script(extensions, monitoring=monitoring)
    for folder in ("/opt/hivemq", "/beekeeper"):
        script = script.replace(folder, f"{image}{folder}")
    return subprocess.run(["/bin/sh", "-c", script], capture_output=True, text=True, check=False)


def test_the_initialization_of_an_extension_runs_in_its_folder(image: Path) -> None:
    script = '# it\'s Bash\n[[ ! -f made ]] && echo "$PWD" > made'
    for _attempt in ("first", "after a restart"):
        done = run(image, Extension("one", initialization=script))
        assert (done.returncode, done.stderr) == (0, "")
        made = image / "beekeeper/extensions/one/made"
        assert made.read_text().strip() == str(made.parent)


def test_a_failed_initialization_keeps_the_broker_from_starting(image: Path) -> None:
    done = run(image, Extension("one", initialization="exit 3"))
    assert done.returncode == 1
    assert "extension one: its initialization failed with exit code 3" in done.stderr


def test_a_disabled_extension_needs_no_initialization(image: Path) -> None:
    """The vendor's chart lists a disabled extension with a script that downloads something."""
    assert run(image, Extension("one", enabled=False, initialization="exit 3")).returncode == 0


def test_an_initialization_has_the_environment_of_the_broker(resource: Make) -> None:
    spec = pod(resource(extensions=[{"name": "one", "initialization": "true"}], env=[{"name": "A", "value": "1"}]))
    assert {"name": "A", "value": "1"} in spec["initContainers"][0]["env"]
    assert "/tmp" in {item["mountPath"] for item in spec["initContainers"][0]["volumeMounts"]}
    assert "env" not in pod(resource())["initContainers"][0]


def test_monitoring_enables_the_extension_where_it_is(image: Path) -> None:
    disabled = image / "beekeeper/extensions/hivemq-prometheus-extension/DISABLED"
    assert run(image).returncode == 0
    assert disabled.exists()
    assert run(image, monitoring=True).returncode == 0
    assert not disabled.exists()
    listed = Extension("hivemq-prometheus-extension", enabled=False)
    assert run(image, listed, monitoring=True).returncode == 0
    assert disabled.exists(), "what is listed is as it is listed"
    for item in (image / "opt/hivemq/extensions/hivemq-prometheus-extension").iterdir():
        item.unlink()
    (image / "opt/hivemq/extensions/hivemq-prometheus-extension").rmdir()
    done = run(image, monitoring=True)
    assert done.returncode == 0
    assert "no extension hivemq-prometheus-extension" in done.stderr
