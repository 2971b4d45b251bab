# Copyright: (c) 2026, the beekeeper.hivemq authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A HiveMQCluster as typed values, with the defaults for what it leaves out.

The defaults are the vendor's (those of the fields' own description where the vendor's chart differs), so that a
resource written for the vendor's operator means the same here.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from . import names
from .settings import SETTINGS, Value

DEFAULT_NODE_COUNT = 3
DEFAULT_IMAGE = "hivemq/hivemq4"
DEFAULT_VERSION = "4.47.1"
DEFAULT_CPU = "4"
DEFAULT_MEMORY = "8Gi"
DEFAULT_EPHEMERAL_STORAGE = "15Gi"
DEFAULT_CPU_LIMIT_RATIO = 2
DEFAULT_JAVA_OPTIONS = (
    "-XX:+UnlockExperimentalVMOptions -XX:InitialRAMPercentage=40 -XX:MaxRAMPercentage=50 -XX:MinRAMPercentage=30"
)
DEFAULT_DNS_SUFFIX = "svc.cluster.local."
DEFAULT_REPLICA_COUNT = 2
DEFAULT_STEP_IMAGE = "busybox"
DEFAULT_STEP_COMMAND = ("/bin/sh", "-c")
# By the names of the vendor's templates. Brokers whose volumes last suit more users than the vendor's Deployment.
CONTROLLERS = {
    "": "StatefulSet",
    "cluster-stateful-set.yaml": "StatefulSet",
    "cluster-deployment.yaml": "Deployment",
    "cluster-daemon-set.yaml": "DaemonSet",
}
INSTANCE_LABEL = "app.kubernetes.io/instance"
DEFAULT_LISTENERS = """<tcp-listener>
    <port>${HIVEMQ_MQTT_PORT}</port>
    <bind-address>0.0.0.0</bind-address>
</tcp-listener>"""


@dataclass(frozen=True)
class Port:
    """A port of the brokers. `service`: settings of its Service; `patch`: JSON patches on it, as strings."""

    name: str
    port: int
    expose: bool = False
    patch: tuple[str, ...] = ()
    service: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Extension:
    """An extension of the brokers. `config_map`, `uri` and `initialization` (a script) are empty when absent."""

    name: str
    enabled: bool = True
    config_map: str = ""
    static: bool = False
    uri: str = ""
    initialization: str = ""
    parallel: bool = False
    offline: bool = False


@dataclass(frozen=True)
class Step:
    """A step of `initialization`: a container that runs before the broker. `args` is a script by default."""

    name: str
    image: str
    command: tuple[str, ...]
    args: tuple[str, ...]


@dataclass(frozen=True)
class Monitoring:
    """Whether there are metrics for Prometheus, and how often it should ask (empty: its own default)."""

    enabled: bool = False
    scrape_interval: str = ""


@dataclass(frozen=True)
class DisruptionBudget:
    """How many brokers may be missing at a time because nodes are drained."""

    enabled: bool = True
    max_unavailable: int = 1


@dataclass(frozen=True)
class Mount:
    """A ConfigMap or Secret mounted at `path` (`none`: only a volume)."""

    name: str
    path: str
    static: bool = False

    @property
    def mounted(self) -> bool:
        """Whether the broker sees it."""
        return self.path != "none"


@dataclass(frozen=True)
class ClusterSpec:
    """`spec` with every default filled in. Kubernetes types stay plain dicts. `ports` always has mqtt, cc, cluster."""

    node_count: int
    image: str
    hivemq_version: str
    image_pull_policy: str
    image_pull_secrets: tuple[str, ...]
    cpu: str
    memory: str
    ephemeral_storage: str
    cpu_limit_ratio: float
    memory_limit_ratio: float
    ephemeral_storage_limit_ratio: float
    labels: Mapping[str, str]
    pod_labels: Mapping[str, str]
    pod_annotations: Mapping[str, str]
    node_selector: Mapping[str, str]
    tolerations: tuple[Mapping[str, Any], ...]
    priority_class_name: str
    runtime_class_name: str
    service_account_name: str
    pod_security_context: Mapping[str, Any]
    container_security_context: Mapping[str, Any]
    env: tuple[Mapping[str, Any], ...]
    java_options: str
    ports: tuple[Port, ...]
    listener_configuration: str
    config_override: str
    log_level: str
    cluster_replica_count: int
    cluster_overload_protection: bool
    dns_suffix: str
    config_maps: tuple[Mount, ...]
    secrets: tuple[Mount, ...]
    extensions: tuple[Extension, ...]
    rest_api_configuration: str = ""
    affinity: str = ""
    topology_spread_constraints: tuple[Mapping[str, Any], ...] = ()
    additional_volumes: tuple[Mapping[str, Any], ...] = ()
    additional_volume_mounts: tuple[Mapping[str, Any], ...] = ()
    volume_claim_templates: tuple[Mapping[str, Any], ...] = ()
    sidecars: tuple[Mapping[str, Any], ...] = ()
    init_containers: tuple[Mapping[str, Any], ...] = ()
    initialization: tuple[Step, ...] = ()
    monitoring: Monitoring = Monitoring()
    controller_template: str = ""
    disruption_budget: DisruptionBudget = DisruptionBudget()
    settings: Mapping[str, Value] = field(default_factory=dict)
    """Values of the scalar settings by environment variable; see settings.py."""

    @property
    def image_reference(self) -> str:
        """The image with its tag, or as it is when it has a tag or a digest of its own."""
        if not self.hivemq_version or image_tag(self.image):
            return self.image
        return f"{self.image}:{self.hivemq_version}"

    @property
    def version(self) -> str:
        """The tag of the image (empty when it is given by a digest alone)."""
        tag = image_tag(self.image)
        return self.hivemq_version if not tag or tag.startswith("@") else tag

    @property
    def community(self) -> bool:
        """Whether the image is a Community Edition: no clustering, control centre, REST API."""
        return is_community(self.image)

    @property
    def controller(self) -> str:
        """Kind of the controller of the broker pods. Raises KeyError for a template of one's own."""
        return CONTROLLERS[self.controller_template]

    @property
    def claims(self) -> tuple[str, ...]:
        """Names of the persistent volumes that each broker gets. Only a StatefulSet makes any."""
        if CONTROLLERS.get(self.controller_template) != "StatefulSet":
            return ()
        return tuple((item.get("metadata") or {}).get("name", "") for item in self.volume_claim_templates)

    def port(self, name: str) -> Port:
        """The port called `name`. Raises KeyError when there is none."""
        for port in self.ports:
            if port.name == name:
                return port
        raise KeyError(name)


@dataclass(frozen=True)
class Cluster:
    """A HiveMQCluster. `uid` is empty for one that does not exist in an API server (rendered offline)."""

    name: str
    namespace: str
    uid: str
    generation: int
    spec: ClusterSpec
    instance: str = ""
    """The label app.kubernetes.io/instance of the resource: the Helm release, by which Prometheus finds monitors."""


def image_tag(image: str) -> str:
    """The tag within an image reference (`2025.4`), or its digest with the @ (`@sha256:...`), or nothing."""
    last = image.rsplit("/", 1)[-1]
    if "@" in last:
        return last[last.index("@") :]
    return last.partition(":")[2]


def is_community(image: str) -> bool:
    """Whether the last part of the image's name has the word `ce`: hivemq-ce, hivemq-ce-arm, but not hivemq-certs."""
    last = image.rsplit("/", 1)[-1].partition("@")[0].partition(":")[0]
    return "ce" in last.split("-")


def _ports(given: Sequence[Mapping[str, Any]] | None, monitoring: Monitoring) -> tuple[Port, ...]:
    if given is None:
        given = [
            {"name": names.MQTT_PORT, "port": 1883, "expose": True},
            {
                "name": names.CONTROL_CENTER_PORT,
                "port": 8080,
                "expose": True,
                "service": {"sessionAffinity": "ClientIP"},
            },
        ]
    ports = [
        Port(
            item["name"],
            item["port"],
            item.get("expose", False),
            tuple(item.get("patch", ())),
            dict(item.get("service", {})),
        )
        for item in given
    ]
    known = {port.name for port in ports}
    added = [(names.CONTROL_CENTER_PORT, 8080), (names.CLUSTER_PORT, 7000)]
    if monitoring.enabled:
        added.append((names.METRICS_PORT, 9399))
    for name, number in added:
        if name not in known:
            # The control centre keeps a session per broker.
            service = {"sessionAffinity": "ClientIP"} if name == names.CONTROL_CENTER_PORT else {}
            ports.append(Port(name, number, service=service))
    return tuple(ports)


def _mounts(items: Sequence[Mapping[str, Any]]) -> tuple[Mount, ...]:
    return tuple(Mount(item["name"], item["path"], item.get("static", False)) for item in items)


def _extensions(items: Sequence[Mapping[str, Any]]) -> tuple[Extension, ...]:
    return tuple(
        Extension(
            item["name"],
            item.get("enabled", True),
            item.get("configMap", ""),
            item.get("static", False),
            item.get("extensionUri", ""),
            item.get("initialization", "").strip(),
            item.get("updateStrategy") == "parallel",
            item.get("offline", False),
        )
        for item in items
    )


def _steps(spec: Mapping[str, Any]) -> tuple[Step, ...]:
    image = spec.get("initBusyboxImage") or DEFAULT_STEP_IMAGE
    return tuple(
        Step(
            item["name"],
            item.get("image") or image,
            tuple(item.get("command") or DEFAULT_STEP_COMMAND),
            tuple(item.get("args", ())),
        )
        for item in spec.get("initialization", ())
    )


def _monitoring(given: Mapping[str, Any]) -> Monitoring:
    return Monitoring(given.get("enablePrometheus", False), given.get("scrapeInterval", "").strip())


def _budget(given: Mapping[str, Any]) -> DisruptionBudget:
    return DisruptionBudget(given.get("enabled", True), given.get("maxUnavailable", 1))


def _instance(metadata: Mapping[str, Any]) -> str:
    labels = metadata.get("labels")
    value = labels.get(INSTANCE_LABEL) if isinstance(labels, Mapping) else None
    # An API server lets no other value in; offline there is none to check it.
    sound = isinstance(value, str) and re.fullmatch(r"[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?", value)
    return str(value) if sound else ""


def _settings(spec: Mapping[str, Any]) -> dict[str, Value]:
    return {setting.env: spec.get(setting.group, {}).get(setting.field, setting.default) for setting in SETTINGS}


def generation(resource: Mapping[str, Any]) -> int:
    """The generation the API server gave the resource's spec; 0 for one that has none (rendered offline)."""
    metadata = resource.get("metadata")
    value = metadata.get("generation") if isinstance(metadata, Mapping) else None
    return value if isinstance(value, int) and not isinstance(value, bool) else 0


def parse(resource: Mapping[str, Any]) -> Cluster:
    """Read a HiveMQCluster whose structure is sound (`validate` finds no error in it).

    What is wrong with an unsound one is `validate`'s to say; here it ends in a KeyError, TypeError or AttributeError.
    """
    metadata = resource["metadata"]
    spec = resource["spec"]
    image = spec.get("image", DEFAULT_IMAGE)
    # A tag inside the image is the version; the default would contradict it.
    version = spec.get("hivemqVersion") or ("" if image_tag(image) else DEFAULT_VERSION)
    monitoring = _monitoring(spec.get("monitoring", {}))
    parsed = ClusterSpec(
        node_count=spec.get("nodeCount", DEFAULT_NODE_COUNT),
        image=image,
        hivemq_version=version,
        image_pull_policy=spec.get("imagePullPolicy", "IfNotPresent"),
        image_pull_secrets=tuple(spec.get("imagePullSecrets", ())),
        cpu=str(spec.get("cpu", DEFAULT_CPU)),
        memory=str(spec.get("memory", DEFAULT_MEMORY)),
        ephemeral_storage=str(spec.get("ephemeralStorage", DEFAULT_EPHEMERAL_STORAGE)),
        cpu_limit_ratio=spec.get("cpuLimitRatio", DEFAULT_CPU_LIMIT_RATIO),
        memory_limit_ratio=spec.get("memoryLimitRatio", 1),
        ephemeral_storage_limit_ratio=spec.get("ephemeralStorageLimitRatio", 1),
        labels=dict(spec.get("labels", {})),
        pod_labels=dict(spec.get("podLabels", {})),
        pod_annotations=dict(spec.get("podAnnotations", {})),
        node_selector=dict(spec.get("nodeSelector", {})),
        tolerations=tuple(spec.get("tolerations", ())),
        priority_class_name=spec.get("priorityClassName", ""),
        runtime_class_name=spec.get("runtimeClassName", ""),
        service_account_name=spec.get("serviceAccountName", ""),
        pod_security_context=dict(spec.get("podSecurityContext", {})),
        container_security_context=dict(spec.get("containerSecurityContext", {})),
        env=tuple(spec.get("env", ())),
        java_options=spec.get("javaOptions", DEFAULT_JAVA_OPTIONS),
        ports=_ports(spec.get("ports"), monitoring),
        listener_configuration=spec.get("listenerConfiguration", "").strip() or DEFAULT_LISTENERS,
        config_override=spec.get("configOverride", "").strip(),
        log_level=spec.get("logLevel", "INFO"),
        cluster_replica_count=spec.get("clusterReplicaCount", DEFAULT_REPLICA_COUNT),
        cluster_overload_protection=spec.get("clusterOverloadProtection", True),
        dns_suffix=spec.get("dnsSuffix", DEFAULT_DNS_SUFFIX),
        config_maps=_mounts(spec.get("configMaps", ())),
        secrets=_mounts(spec.get("secrets", ())),
        extensions=_extensions(spec.get("extensions", ())),
        rest_api_configuration=spec.get("restApiConfiguration", "").strip(),
        affinity=spec.get("affinity", ""),
        topology_spread_constraints=tuple(spec.get("topologySpreadConstraints", ())),
        additional_volumes=tuple(spec.get("additionalVolumes", ())),
        additional_volume_mounts=tuple(spec.get("additionalVolumeMounts", ())),
        volume_claim_templates=tuple(spec.get("volumeClaimTemplates", ())),
        sidecars=tuple(spec.get("sidecars", ())),
        init_containers=tuple(spec.get("initContainers", ())),
        initialization=_steps(spec),
        monitoring=monitoring,
        controller_template=spec.get("controllerTemplate", ""),
        disruption_budget=_budget(spec.get("podDisruptionBudget", {})),
        settings=_settings(spec),
    )
    return Cluster(
        name=metadata["name"],
        namespace=metadata.get("namespace") or "default",
        uid=str(metadata.get("uid") or ""),
        generation=generation(resource),
        spec=parsed,
        instance=_instance(metadata),
    )
