# Copyright: (c) 2026, the beekeeper.hivemq authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The objects of a cluster, as they go to the API server."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.beekeeper.hivemq.plugins.module_utils._hivemq import _pod
from ansible_collections.beekeeper.hivemq.plugins.module_utils._hivemq.objects import objects
from ansible_collections.beekeeper.hivemq.plugins.module_utils._hivemq.spec import Extension, is_community, parse
from ansible_collections.beekeeper.hivemq.plugins.module_utils._hivemq.validate import errors, validate

Make = Callable[..., dict[str, Any]]


def made(resource: dict[str, Any]) -> dict[tuple[str, str], dict[str, Any]]:
    assert errors(validate(resource)) == []
    return {(item["kind"], item["metadata"]["name"]): item for item in objects(parse(resource))}


def pod(resource: dict[str, Any]) -> dict[str, Any]:
    return made(resource)["StatefulSet", "hive"]["spec"]["template"]["spec"]  # type: ignore[no-any-return]


def template(resource: dict[str, Any]) -> dict[str, Any]:
    return made(resource)["StatefulSet", "hive"]["spec"]["template"]  # type: ignore[no-any-return]


def broker(resource: dict[str, Any]) -> dict[str, Any]:
    (container,) = pod(resource)["containers"]
    return container  # type: ignore[no-any-return]


def environment(resource: dict[str, Any]) -> dict[str, Any]:
    return {item["name"]: item.get("value", item.get("valueFrom", "")) for item in broker(resource)["env"]}


def test_the_list_of_objects(resource: Make) -> None:
    assert list(made(resource())) == [
        ("ServiceAccount", "hivemq-hive"),
        ("ConfigMap", "hivemq-hive-config"),
        ("Service", "hivemq-hive-mqtt"),
        ("Service", "hivemq-hive-cc"),
        ("Service", "hivemq-hive-cluster"),
        ("PodDisruptionBudget", "hivemq-hive"),
        ("StatefulSet", "hive"),
    ]


def test_every_object_is_labelled_and_owned(resource: Make) -> None:
    for item in objects(parse(resource(labels={"team": "a"}))):
        metadata = item["metadata"]
        assert metadata["labels"].items() >= {"app": "hivemq", "hivemq-cluster": "hive"}.items()
        assert metadata["namespace"] == "mq"
        assert metadata["ownerReferences"] == [
            {
                "apiVersion": "hivemq.com/v1",
                "kind": "HiveMQCluster",
                "name": "hive",
                "uid": "1-2-3",
                "controller": True,
                "blockOwnerDeletion": True,
            }
        ]


def test_a_resource_outside_a_cluster_has_no_owner_references(resource: Make) -> None:
    offline = resource()
    del offline["metadata"]["uid"], offline["metadata"]["generation"]
    assert all("ownerReferences" not in item["metadata"] for item in objects(parse(offline)))


def leaves(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    if isinstance(value, dict) and value:
        for key, item in value.items():
            yield from leaves(item, f"{path}.{key}")
    elif isinstance(value, list) and value:
        for index, item in enumerate(value):
            yield from leaves(item, f"{path}[{index}]")
    else:
        yield path, value


def test_nothing_the_api_server_would_drop(resource: Make) -> None:
    full = resource(
        env=[{"name": "EMPTY", "value": ""}, {"name": "JAVA_OPTS", "value": ""}],
        podLabels={},
        tolerations=[{"key": "", "operator": "Exists", "effect": ""}],
        podSecurityContext={"sysctls": [], "fsGroup": 0},
        containerSecurityContext={"capabilities": {"add": [], "drop": []}, "privileged": False},
        imagePullSecrets=[],
        runtimeClassName="",
        ports=[
            {"name": "mqtt", "port": 1883, "expose": True, "patch": ['{"op":"add","path":"/spec/x","value":null}']},
        ],
    )
    for item in objects(parse(full)):
        assert "status" not in item
        for path, value in leaves(item):
            assert value is not None, path
            assert value != "", path
            assert value != [], path
            assert value != {} or path.endswith(".emptyDir"), path


def test_names_by_which_server_side_apply_merges_are_unique(resource: Make) -> None:
    spec = resource(
        env=[{"name": "A", "value": "1"}, {"name": "A", "value": "2"}, {"name": "JAVA_OPTS", "value": "-Xmx1g"}],
        configMaps=[{"name": "same", "path": "/a"}, {"name": "same", "path": "/b"}],
        extensions=[{"name": "x", "configMap": "same"}, {"name": "y", "configMap": "same"}],
    )
    container = broker(spec)
    variables = [item["name"] for item in container["env"]]
    assert len(variables) == len(set(variables))
    assert environment(spec)["A"] == "2", "the last one counts, as in Kubernetes"
    assert environment(spec)["JAVA_OPTS"] == "-Xmx1g", "the user's own replaces the operator's"
    paths = [item["mountPath"] for item in container["volumeMounts"]]
    assert len(paths) == len(set(paths))
    volumes = [item["name"] for item in pod(spec)["volumes"]]
    assert len(volumes) == len(set(volumes))
    assert {item["name"] for item in container["volumeMounts"]} <= set(volumes)


def test_services(resource: Make) -> None:
    found = made(
        resource(
            ports=[
                {"name": "mqtt", "port": 1884},
                {"name": "ws", "port": 8000, "expose": True},
                {"name": "ops", "port": 8889},
            ]
        )
    )
    services = {name: item["spec"] for (kind, name), item in found.items() if kind == "Service"}
    assert set(services) == {"hivemq-hive-mqtt", "hivemq-hive-ws", "hivemq-hive-cc", "hivemq-hive-cluster"}
    mqtt = services["hivemq-hive-mqtt"]
    assert mqtt["type"] == "ClusterIP"
    assert mqtt["ports"] == [{"name": "mqtt", "port": 1884, "protocol": "TCP", "targetPort": "mqtt"}]
    assert mqtt["selector"] == {"app": "hivemq", "hivemq-cluster": "hive", "hivemq.com/node-offline": "false"}
    assert "hivemq.com/node-offline" not in services["hivemq-hive-cluster"]["selector"]
    for spec in (services["hivemq-hive-cc"], made(resource())["Service", "hivemq-hive-cc"]["spec"]):
        assert spec["sessionAffinity"] == "ClientIP", "the control centre keeps a session per broker"
    assert services["hivemq-hive-cluster"]["clusterIP"] == "None"
    assert services["hivemq-hive-cluster"]["publishNotReadyAddresses"] is True
    assert template(resource())["metadata"]["labels"]["hivemq.com/node-offline"] == "false"


def test_patches_as_users_of_the_vendor_write_them(resource: Make) -> None:
    port = {
        "name": "mqtt",
        "port": 1883,
        "expose": True,
        "patch": [
            '[{"op":"add","path":"/spec/selector/hivemq.com~1node-offline","value":"false"}]',
            '[{"op":"add","path":"/metadata/annotations","value":{"service.spec.externalTrafficPolicy":"Local"}}]',
            '[{"op":"add","path":"/spec/type","value":"LoadBalancer"}]',
            '{"op":"add","path":"/metadata/annotations/example.com~1pool","value":"a"}',
        ],
    }
    service = made(resource(ports=[port]))["Service", "hivemq-hive-mqtt"]
    assert service["spec"]["type"] == "LoadBalancer"
    assert service["metadata"]["annotations"] == {
        "service.spec.externalTrafficPolicy": "Local",
        "example.com/pool": "a",
    }
    hidden = made(resource(ports=[{**port, "expose": False}]))["Service", "hivemq-hive-mqtt"]
    assert hidden["spec"]["type"] == "ClusterIP", "patches count only for exposed ports"


def test_stateful_set(resource: Make) -> None:
    controller = made(resource(nodeCount=5, labels={"team": "a", "app": "other"}))["StatefulSet", "hive"]
    assert controller["metadata"]["labels"] == {"team": "a", "app": "hivemq", "hivemq-cluster": "hive"}
    spec = controller["spec"]
    assert spec["replicas"] == 5
    assert spec["serviceName"] == "hivemq-hive-cluster"
    assert spec["podManagementPolicy"] == "Parallel"
    assert spec["selector"]["matchLabels"].items() <= spec["template"]["metadata"]["labels"].items()


def test_resources(resource: Make) -> None:
    spec = resource(cpu="0.5", cpuLimitRatio=2.5, memory="1.5Gi", memoryLimitRatio=1.1, ephemeralStorage="20Gi")
    assert broker(spec)["resources"] == {
        "requests": {"cpu": "500m", "memory": "1536Mi", "ephemeral-storage": "20Gi"},
        # 1.1 times 1.5 GiB is no whole number of bytes
        "limits": {"cpu": "1250m", "memory": "1771674009600m", "ephemeral-storage": "20Gi"},
    }
    assert broker(resource())["resources"] == {
        "requests": {"cpu": "4", "memory": "8Gi", "ephemeral-storage": "15Gi"},
        "limits": {"cpu": "8", "memory": "8Gi", "ephemeral-storage": "15Gi"},
    }


def test_restricted_pod_security(resource: Make) -> None:
    """The rules of the restricted Pod Security Standard that concern us."""
    spec = pod(resource())
    assert spec["securityContext"]["runAsNonRoot"] is True
    assert spec["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert (spec["securityContext"]["runAsUser"], spec["securityContext"]["fsGroup"]) == (10000, 0)
    assert spec["automountServiceAccountToken"] is False
    for container in (*spec["containers"], *spec["initContainers"]):
        assert container["securityContext"] == {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        }
    assert not {"hostNetwork", "hostPID", "hostIPC"} & spec.keys()
    assert all(volume.keys() - {"name"} <= {"emptyDir", "configMap", "secret"} for volume in spec["volumes"])


def test_security_contexts_replace_defaults_one_by_one(resource: Make) -> None:
    spec = pod(
        resource(podSecurityContext={"fsGroup": 10000}, containerSecurityContext={"readOnlyRootFilesystem": False})
    )
    assert (spec["securityContext"]["fsGroup"], spec["securityContext"]["runAsUser"]) == (10000, 10000)
    assert spec["containers"][0]["securityContext"]["readOnlyRootFilesystem"] is False
    assert spec["containers"][0]["securityContext"]["capabilities"] == {"drop": ["ALL"]}


def test_every_folder_the_broker_writes_to_is_a_volume(resource: Make) -> None:
    mounts = {item["mountPath"]: item for item in broker(resource())["volumeMounts"]}
    for folder in ("data", "log", "backup", "audit", "dumps", "extensions"):
        assert "readOnly" not in mounts[f"/opt/hivemq/{folder}"]
    assert "readOnly" not in mounts["/tmp"]
    assert mounts["/opt/hivemq/conf"]["readOnly"] is True
    assert "subPath" not in mounts["/opt/hivemq/conf"], "a file mounted by itself never sees a change"


def test_default_anti_affinity(resource: Make) -> None:
    terms = pod(resource())["affinity"]["podAntiAffinity"]["preferredDuringSchedulingIgnoredDuringExecution"]
    assert [(item["weight"], item["podAffinityTerm"]["labelSelector"]["matchLabels"]) for item in terms] == [
        (60, {"hivemq-cluster": "hive"}),
        (30, {"app": "hivemq"}),
    ]


def test_probes_ask_the_mqtt_port(resource: Make) -> None:
    container = broker(resource(ports=[{"name": "mqtt", "port": 2883}]))
    for probe in ("startupProbe", "readinessProbe", "livenessProbe"):
        assert container[probe]["tcpSocket"] == {"port": "mqtt"}
    assert {"name": "mqtt", "containerPort": 2883, "protocol": "TCP"} in container["ports"]


def test_log_level_changes_live_and_config_restarts(resource: Make) -> None:
    quiet, loud = resource(logLevel="INFO"), resource(logLevel="DEBUG")
    assert template(quiet) == template(loud)
    data = [made(item)["ConfigMap", "hivemq-hive-config"]["data"]["logback.xml"] for item in (quiet, loud)]
    assert data[0] != data[1]
    # The listener is in no environment variable: only the fingerprint tells that the file differs.
    listeners = "<tcp-listener><port>1883</port></tcp-listener>"
    first, second = template(resource()), template(resource(listenerConfiguration=listeners))
    assert first["spec"] == second["spec"]
    assert first["metadata"]["annotations"] != second["metadata"]["annotations"]


@pytest.mark.parametrize(
    "change",
    [
        {"nodeCount": 4},
        {"labels": {"a": "b"}},
        {"ports": [{"name": "mqtt", "port": 1883, "expose": True, "patch": []}, {"name": "cc", "port": 8080}]},
    ],
)
def test_changes_that_must_not_restart_brokers(resource: Make, change: dict[str, Any]) -> None:
    assert template(resource(**change)) == template(resource())


def test_environment(resource: Make) -> None:
    found = environment(
        resource(mqtt={"maxQos": 1, "sharedSubscriptionEnabled": False, "queuedMessagesMaxQueueSize": 7})
    )
    assert found["HIVEMQ_DNS_DISCOVERY_ADDRESS"] == "hivemq-hive-cluster.mq.svc.cluster.local."
    assert found["HIVEMQ_BIND_ADDRESS"] == {"fieldRef": {"fieldPath": "status.podIP"}}
    assert (found["HIVEMQ_MQTT_PORT"], found["HIVEMQ_CLUSTER_PORT"]) == ("1883", "7000")
    assert found["HIVEMQ_MAX_QOS"] == "1"
    assert found["HIVEMQ_SHARED_SUBSCRIPTION_ENABLED"] == "false"
    assert found["HIVEMQ_QUEUED_MESSAGE_MAX_QUEUE_SIZE"] == "7"
    assert found["HIVEMQ_CLUSTER_OVERLOAD_PROTECTION"] == "true"
    assert "MaxRAMPercentage=50" in found["JAVA_OPTS"]
    assert "HIVEMQ_LOG_LEVEL" not in found, "a variable would make a change of the level a restart"


@pytest.mark.parametrize(
    ("image", "version", "reference", "community"),
    [
        ("hivemq/hivemq4", "4.47.1", "hivemq/hivemq4:4.47.1", False),
        ("localhost/beekeeper/hivemq-ce", "2025.4", "localhost/beekeeper/hivemq-ce:2025.4", True),
        ("registry:5000/hivemq/hivemq-ce", "2025.4", "registry:5000/hivemq/hivemq-ce:2025.4", True),
        ("hivemq-ce:2025.4", None, "hivemq-ce:2025.4", True),
        ("hivemq4@sha256:" + "0" * 64, "4.47.1", "hivemq4@sha256:" + "0" * 64, False),
        ("acme-ce/hivemq4", "1", "acme-ce/hivemq4:1", False),
        ("hivemq-certs", "1", "hivemq-certs:1", False),
    ],
)
def test_image(resource: Make, image: str, version: str | None, reference: str, community: bool) -> None:
    spec = resource(image=image, **({"hivemqVersion": version} if version else {}))
    assert broker(spec)["image"] == reference
    assert pod(spec)["initContainers"][0]["image"] == reference
    assert is_community(image) is community


def test_optional_fields_of_the_pod(resource: Make) -> None:
    spec = resource(
        imagePullSecrets=["a", "b"],
        nodeSelector={"disk": "ssd"},
        tolerations=[{"key": "k", "operator": "Exists", "tolerationSeconds": 0, "effect": "NoExecute"}],
        priorityClassName="high",
        runtimeClassName="kata",
        serviceAccountName="mine",
        podLabels={"team": "a"},
        podAnnotations={"note": "b"},
        imagePullPolicy="Always",
    )
    found = pod(spec)
    assert found["imagePullSecrets"] == [{"name": "a"}, {"name": "b"}]
    assert found["nodeSelector"] == {"disk": "ssd"}
    assert found["tolerations"][0]["tolerationSeconds"] == 0
    assert (found["priorityClassName"], found["runtimeClassName"]) == ("high", "kata")
    assert found["serviceAccountName"] == "mine"
    assert ("ServiceAccount", "hivemq-hive") not in made(spec)
    assert template(spec)["metadata"]["labels"]["team"] == "a"
    assert template(spec)["metadata"]["annotations"]["note"] == "b"
    assert broker(spec)["imagePullPolicy"] == "Always"


def test_config_maps_and_secrets(resource: Make) -> None:
    long = "x" * 80
    spec = resource(
        configMaps=[
            {"name": "license", "path": "/opt/hivemq/license/"},
            {"name": "later", "path": "none"},
            {"name": long, "path": "/etc/long"},
            {"name": "with.dots", "path": "/etc/dots"},
        ],
        secrets=[{"name": "license", "path": "/etc/secret"}],
    )
    volumes = {
        item["name"]: item.get("configMap", item.get("secret"))
        for item in pod(spec)["volumes"]
        if "emptyDir" not in item
    }
    mounts = {item["mountPath"]: item for item in broker(spec)["volumeMounts"]}
    assert volumes[mounts["/opt/hivemq/license"]["name"]] == {"name": "license"}
    assert volumes[mounts["/etc/secret"]["name"]] == {"secretName": "license"}
    assert volumes[mounts["/etc/long"]["name"]] == {"name": long}
    assert volumes[mounts["/etc/dots"]["name"]] == {"name": "with.dots"}
    assert volumes["configmap-later"] == {"name": "later"}
    assert "none" not in mounts
    assert all(len(name) <= 63 for name in volumes)
    assert mounts["/opt/hivemq/license"]["readOnly"] is True


@pytest.fixture
def image(tmp_path: Path) -> Path:
    """The extensions of an image, and a mounted ConfigMap, below a folder that stands for the root."""
    for name in ("one", "two"):
        (tmp_path / "opt/hivemq/extensions" / name).mkdir(parents=True)
        (tmp_path / "opt/hivemq/extensions" / name / "extension.jar").write_text(name)
    (tmp_path / "opt/hivemq/extensions/two/DISABLED").touch()
    (tmp_path / "beekeeper/extensions").mkdir(parents=True)
    config = tmp_path / "beekeeper/config/one"
    (config / "..data").mkdir(parents=True)
    (config / "..data/settings.xml").write_text("<a/>")
    (config / "settings.xml").symlink_to("..data/settings.xml")
    return tmp_path


def run(image: Path, *extensions: Extension) -> subprocess.CompletedProcess[str]:
    script = _pod.extensions_script(extensions)
    for folder in ("/opt/hivemq", "/beekeeper"):
        script = script.replace(folder, f"{image}{folder}")
    return subprocess.run(["/bin/sh", "-c", script], capture_output=True, text=True, check=False)


def test_extensions_script(image: Path) -> None:
    for _attempt in ("first", "after a restart"):
        done = run(image, Extension("one", config_map="c"), Extension("two", enabled=True))
        assert (done.returncode, done.stderr) == (0, "")
        target = image / "beekeeper/extensions"
        assert (target / "one/extension.jar").read_text() == "one"
        assert not (target / "two/DISABLED").exists()
        assert (target / "one/settings.xml").read_text() == "<a/>"
    # What a kubelet does when the ConfigMap changes shows in the extension's folder.
    (image / "beekeeper/config/one/..data/settings.xml").write_text("<b/>")
    assert (target / "one/settings.xml").read_text() == "<b/>"
    assert run(image, Extension("one", enabled=False)).returncode == 0
    assert (target / "one/DISABLED").exists()
    assert not (target / "one/settings.xml").exists(), "nothing is left of an earlier attempt"
    assert (target / "two/DISABLED").exists(), "what is not listed stays as it is in the image"


def test_extensions_script_says_what_is_missing(image: Path) -> None:
    done = run(image, Extension("three"))
    assert done.returncode != 0
    assert "extension three: the image has no folder" in done.stderr


def test_extension_that_is_only_a_config_map(image: Path) -> None:
    config = image / "beekeeper/config/three"
    config.mkdir()
    (config / "three.jar").write_text("3")
    assert run(image, Extension("three", config_map="c")).returncode == 0
    assert (image / "beekeeper/extensions/three/three.jar").read_text() == "3"


def test_extension_config_maps_are_mounted_for_both_containers(resource: Make) -> None:
    spec = pod(resource(extensions=[{"name": "one", "configMap": "c"}]))
    for container in (*spec["containers"], *spec["initContainers"]):
        mounts = {item["mountPath"]: item["name"] for item in container["volumeMounts"]}
        assert mounts["/beekeeper/config/one"] == "configmap-c"


def test_the_same_at_every_call(resource: Make) -> None:
    spec = resource(podLabels={"b": "1", "a": "2"}, extensions=[{"name": "x", "configMap": "c"}])
    assert json.dumps(objects(parse(spec))) == json.dumps(objects(parse(spec)))
