# Copyright: (c) 2026, the beekeeper.hivemq authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Schema of `spec` of a HiveMQCluster. A field is here only if it has an effect or validate() refuses it in words."""

from __future__ import annotations

from . import _schema_core as core
from . import _schema_workload as workload
from .schema import (
    Schema,
    array,
    boolean,
    described,
    int_or_string,
    integer,
    number,
    obj,
    string,
    string_map,
)
from .settings import GROUPS, Setting, settings_of

_QUANTITY = "A Kubernetes quantity"
_GROUP_TEXT = {
    "restrictions": "Limits a broker puts on connections and clients.",
    "mqtt": "What MQTT clients may do, and for how long things are kept.",
    "security": "Checks of what clients send.",
}


def _setting(setting: Setting) -> Schema:
    if setting.enum:
        schema = string(enum=setting.enum)
    elif isinstance(setting.default, bool):
        schema = boolean()
    else:
        # 2^63-1 itself is no bound to write down: the API server keeps bounds as floating point and would change it.
        big = setting.maximum is None or setting.maximum > 2**31 - 1
        schema = integer(setting.minimum, setting.maximum, bits=64 if big else 32)
    default = setting.environment_value(setting.default)
    return described(schema, f"{setting.text} Default: {default}.", "rolling")


def _resources() -> dict[str, Schema]:
    return {
        "cpu": described(
            int_or_string(), f'{_QUANTITY}: CPU each broker requests, in cores ("4", "500m"). Default: "4".', "rolling"
        ),
        "memory": described(
            int_or_string(),
            f"{_QUANTITY}: memory each broker requests, in bytes (8Gi). The default javaOptions give half of it to "
            "the heap. Default: 8Gi.",
            "rolling",
        ),
        "ephemeralStorage": described(
            int_or_string(),
            f"{_QUANTITY}: local disk each broker requests, in bytes (15Gi), for data, logs and dumps. Default: 15Gi.",
            "rolling",
        ),
        "cpuLimitRatio": described(number(1), "The CPU limit is the request times this ratio. Default: 2.", "rolling"),
        "memoryLimitRatio": described(
            number(1), "The memory limit is the request times this ratio. Default: 1.", "rolling"
        ),
        "ephemeralStorageLimitRatio": described(
            number(1), "The local disk limit is the request times this ratio. Default: 1.", "rolling"
        ),
    }


def _image() -> dict[str, Schema]:
    return {
        "image": described(
            string(min_length=1),
            "Broker image without its tag, which hivemqVersion gives. An image with a tag or a digest of its own is "
            "taken as it is. An image whose name has the part `ce` (hivemq-ce) is a Community Edition: no clustering, "
            "no control centre. Default: hivemq/hivemq4.",
            "rolling",
        ),
        "hivemqVersion": described(
            string(), "Tag of the broker image, which is the version of HiveMQ. Default: 4.47.1.", "rolling"
        ),
        "imagePullPolicy": described(
            string(enum=("Always", "IfNotPresent", "Never")),
            "When a node pulls the image. Default: IfNotPresent.",
            "rolling",
        ),
        "imagePullSecrets": described(
            array(string(min_length=1)), "Names of the Secrets a node pulls the image with.", "rolling"
        ),
    }


def _pods() -> dict[str, Schema]:
    return {
        "labels": described(string_map(), "Labels of the controller itself.", "live"),
        "podLabels": described(string_map(), "Labels of the broker pods, beside those of the operator.", "rolling"),
        "podAnnotations": described(string_map(), "Annotations of the broker pods.", "rolling"),
        "nodeSelector": described(string_map(), "Labels a node must have to run a broker.", "rolling"),
        "tolerations": described(array(core.toleration()), "Taints of nodes the brokers put up with.", "rolling"),
        "priorityClassName": described(string(), "PriorityClass of the broker pods.", "rolling"),
        "runtimeClassName": described(string(), "RuntimeClass of the broker pods.", "rolling"),
        "serviceAccountName": described(
            string(),
            "ServiceAccount the brokers run as. Absent: one named hivemq-<cluster> is made, without any rights.",
            "rolling",
        ),
        "podSecurityContext": described(
            core.pod_security_context(),
            "Security settings of the pods. Fields given here replace the defaults one by one; the defaults satisfy "
            "the restricted Pod Security Standard.",
            "rolling",
        ),
        "containerSecurityContext": described(
            core.container_security_context(),
            "Security settings of the broker and of the operator's init container. Fields given here replace the "
            "defaults one by one; the defaults satisfy the restricted Pod Security Standard.",
            "rolling",
        ),
        "env": described(
            array(core.env_var()),
            "Environment variables of the broker. One with the name of a variable that the operator sets replaces it.",
            "rolling",
        ),
        "javaOptions": described(
            string(),
            "Options of the Java virtual machine (JAVA_OPTS). Default: -XX:+UnlockExperimentalVMOptions "
            "-XX:InitialRAMPercentage=40 -XX:MaxRAMPercentage=50 -XX:MinRAMPercentage=30.",
            "rolling",
        ),
    }


def _service() -> Schema:
    return obj(
        {
            "type": described(string(enum=("ClusterIP", "NodePort", "LoadBalancer")), "Type. Default: ClusterIP."),
            "externalTrafficPolicy": described(
                string(enum=("Cluster", "Local")),
                "Whether nodes pass connections on to brokers of other nodes. Local keeps the clients' addresses and "
                "saves a hop; nodes without a broker then take no connections. Default: Cluster.",
            ),
            "sessionAffinity": described(
                string(enum=("None", "ClientIP")),
                "Whether a client address always gets the same broker. Default: None.",
            ),
            "loadBalancerClass": described(string(min_length=1), "Which load balancer controller serves it."),
            "loadBalancerSourceRanges": described(
                array(string(min_length=1)), "Networks that may connect (10.0.0.0/8). Absent: all."
            ),
            "allocateLoadBalancerNodePorts": described(
                boolean(), "Whether a load balancer gets node ports that it may not need. Default: true."
            ),
            "nodePort": described(integer(1, 65535), "Port on every node. Default: one that is free."),
            "labels": described(string_map(), "More labels of the Service."),
            "annotations": described(string_map(), "Annotations, by which load balancers are set up."),
        }
    )


def _ports() -> Schema:
    port = obj(
        {
            "name": described(
                string(min_length=1),
                "Name of the port: at most 15 of a-z, 0-9 and -. The names mqtt, cc (control centre), cluster, api and "
                "metrics have a meaning.",
                "rolling",
            ),
            "port": described(integer(1, 65535), "TCP port, in the pods and in the Service.", "rolling"),
            "expose": described(
                boolean(),
                "Whether a Service named hivemq-<cluster>-<name> is made for the port. The ports mqtt, cc and cluster "
                "always have one. Default: false.",
                "service",
            ),
            "service": described(
                _service(),
                "Settings of the port's Service. An addition to the vendor's resource; patch comes after it.",
                "service",
            ),
            "patch": described(
                array(string(min_length=1)),
                "JSON patches (RFC 6902) on the Service, each a string that holds one operation or a list of them, "
                'such as [{"op":"add","path":"/spec/type","value":"LoadBalancer"}]. Used only when expose is true.',
                "service",
            ),
        },
        ["name", "port"],
    )
    return described(
        array(port, keys=["name"]),
        "Ports of the brokers. mqtt must be there and be the first. cc (8080) and cluster (7000) are added when they "
        "are missing. Default: mqtt 1883 and cc 8080.",
        "rolling",
    )


def _config() -> dict[str, Schema]:
    return {
        "listenerConfiguration": described(
            string(),
            "The XML inside <listeners> of config.xml. ${NAME} stands for an environment variable of the broker. "
            "Default: one tcp-listener on the mqtt port.",
            "rolling",
        ),
        "configOverride": described(
            string(),
            "The whole config.xml, instead of the one the operator makes: the fields below restrictions, mqtt and "
            "security then only act through their environment variables. --LISTENER-CONFIGURATION-- in it is replaced "
            "by listenerConfiguration.",
            "rolling",
        ),
        "restApiConfiguration": described(
            string(),
            "The XML element <rest-api> of config.xml, or nothing. With configOverride it replaces the comment "
            "<!--REST-API-CONFIGURATION--> in it.",
            "rolling",
        ),
        "logLevel": described(
            string(enum=("INFO", "DEBUG", "TRACE")),
            "Level of the root logger. Arrives within about two minutes. Default: INFO.",
            "live",
        ),
        "clusterReplicaCount": described(
            integer(1), "Number of copies of all data in the cluster, the original included. Default: 2.", "rolling"
        ),
        "clusterOverloadProtection": described(
            boolean(), "Whether brokers slow clients down when the cluster is overloaded. Default: true.", "rolling"
        ),
        "dnsSuffix": described(
            string(min_length=1),
            "End of the address under which brokers find each other. Default: svc.cluster.local. (with the dot).",
            "rolling",
        ),
    }


def _mounts() -> dict[str, Schema]:
    def mount(kind: str, extra: dict[str, Schema]) -> Schema:
        return obj(
            {
                "name": described(string(min_length=1), f"Name of the {kind}, in the namespace of the cluster."),
                "path": described(
                    string(min_length=1),
                    f"Directory that shows the {kind}'s keys as files. `none`: a volume of the pod that is not mounted "
                    "in the broker.",
                ),
                **extra,
            },
            ["name", "path"],
        )

    static = described(
        boolean(),
        "Whether a change of the content asks for a restart (true) or is picked up while the broker runs (false). "
        "Restarts on a change of the content are not made yet. Default: false.",
    )
    return {
        "configMaps": described(
            array(mount("ConfigMap", {"static": static}), keys=["name", "path"]),
            "ConfigMaps mounted in the brokers, read only. Their content arrives without a restart.",
            "rolling",
        ),
        "secrets": described(
            array(mount("Secret", {}), keys=["name", "path"]),
            "Secrets mounted in the brokers, read only. Their content arrives without a restart.",
            "rolling",
        ),
    }


def _extensions() -> Schema:
    extension = obj(
        {
            "name": described(string(min_length=1), "Name of the extension's folder."),
            "enabled": described(boolean(), "Whether the broker loads the extension. Default: true."),
            "configMap": described(
                string(min_length=1),
                "ConfigMap whose keys appear as files in the extension's folder, changes included. When the image has "
                "no such folder, the ConfigMap is the whole extension.",
            ),
            "static": described(
                boolean(),
                "Whether a change of the configMap's content asks for a restart of the extension. Such restarts are "
                "not made yet. Default: false.",
            ),
            "extensionUri": described(
                string(), "Where the extension comes from. Only `preinstalled` (in the image) is supported."
            ),
            "initialization": described(
                string(),
                "Shell script that prepares the folder of an enabled extension, in which it runs, before each start of "
                "a broker. The folder is a fresh copy of the image's. If the script fails, the broker does not start.",
            ),
            "updateStrategy": described(
                string(enum=("serial", "parallel")),
                "Whether brokers get a change of the extension one by one or all at once. Every change is serial in "
                "this version. Default: serial.",
            ),
            "offline": described(
                boolean(),
                "Whether a broker takes no new connections while the extension changes. This is always so, because the "
                "broker is replaced. Default: false.",
            ),
        },
        ["name"],
    )
    return described(
        array(extension, keys=["name"]),
        "Extensions of the brokers. Extensions of the image that are not listed stay as they are in the image.",
        "rolling",
    )


def _placement() -> dict[str, Schema]:
    return {
        "affinity": described(
            string(),
            "Affinity of the broker pods, as text: YAML or JSON of the Kubernetes type Affinity. {{ spec.name }} in it "
            "stands for the cluster's name, {{ spec.namespace }} for its namespace. {} is no affinity at all. Default: "
            "brokers of one cluster rather not on one node (weight 60), nor beside those of another (weight 30).",
            "rolling",
        ),
        "topologySpreadConstraints": described(
            array(workload.topology_spread()), "How evenly brokers are spread over zones and nodes.", "rolling"
        ),
    }


def _containers() -> dict[str, Schema]:
    step = obj(
        {
            "name": described(string(min_length=1), "Name of the container."),
            "image": described(string(), "Image. Default: initBusyboxImage, or busybox."),
            "command": described(array(string()), 'Program. Default: ["/bin/sh", "-c"].'),
            "args": described(array(string()), "Arguments of the program: with the default one, a script."),
        },
        ["name"],
    )
    return {
        "sidecars": described(
            array(workload.container()), "Containers that run beside the broker, taken as they are.", "rolling"
        ),
        "initContainers": described(
            array(workload.container()),
            "Containers that run to their end before the broker starts, taken as they are. They come after the "
            "operator's own and before those of initialization.",
            "rolling",
        ),
        "initialization": described(
            array(step),
            "Steps that run before the broker starts, in containers with the broker's environment and volumes.",
            "rolling",
        ),
        "initDnsWaitImage": described(
            string(), "Image of the vendor's container that waits for DNS. No such container is needed here.", "none"
        ),
        "initBusyboxImage": described(string(), "Image of the steps of initialization that name none.", "rolling"),
    }


def _storage() -> dict[str, Schema]:
    return {
        "additionalVolumes": described(array(workload.volume()), "More volumes of the broker pods.", "rolling"),
        "additionalVolumeMounts": described(
            array(workload.volume_mount()),
            "More mounts of the broker, and of the steps of initialization.",
            "rolling",
        ),
        "volumeClaimTemplates": described(
            array(workload.claim()),
            "Persistent volumes for each broker, when the controller is a StatefulSet. The one named data keeps "
            "/opt/hivemq/data; others are mounted by additionalVolumeMounts.",
            "refused",
        ),
    }


def _controller() -> dict[str, Schema]:
    hints = obj(
        {
            "statefulSet": described(
                obj(
                    {
                        "surgeNode": described(
                            boolean(),
                            "Whether one more broker runs during an upgrade. Upgrades are plain rolling updates in "
                            "this version, without one.",
                        ),
                        "surgeNodeCleanupPvc": described(
                            boolean(),
                            "Whether that broker's claim is removed afterwards. There is none in this version.",
                        ),
                    }
                ),
                "Hints for StatefulSets.",
            )
        }
    )
    return {
        "controllerTemplate": described(
            string(),
            "Kind of the controller of the broker pods, by the names of the vendor's templates: "
            "cluster-stateful-set.yaml, cluster-deployment.yaml (without volumes that last) or cluster-daemon-set.yaml "
            "(a broker on each matching node, whatever nodeCount says). Default: cluster-stateful-set.yaml (the "
            "vendor's operator: cluster-deployment.yaml).",
            "refused",
        ),
        "customProperties": described(
            string_map(), "Properties for controller templates of one's own, which this version has not.", "none"
        ),
        "operatorHints": described(hints, "How the operator should go about its work.", "none"),
    }


def _disruption_budget() -> Schema:
    return described(
        obj(
            {
                "enabled": described(
                    boolean(),
                    "Whether there is a PodDisruptionBudget. Set it to false before you make one of your own: with two "
                    "of them Kubernetes evicts no broker at all. Default: true.",
                ),
                "maxUnavailable": described(
                    integer(1), "Brokers that may be missing at a time while nodes are drained. Default: 1."
                ),
            }
        ),
        "How many brokers may be evicted at a time. An addition to the vendor's resource; no DaemonSet has one.",
        "live",
    )


def _monitoring() -> Schema:
    return described(
        obj(
            {
                "enablePrometheus": described(
                    boolean(),
                    "Whether the extension hivemq-prometheus-extension of the image is enabled, and the port metrics "
                    "(9399), a Service for it and a ServiceMonitor (where that kind is installed) are made. "
                    "Default: false.",
                ),
                "scrapeInterval": described(
                    string(), "How often Prometheus asks for metrics (30s, 1m). Default: Prometheus' own."
                ),
            }
        ),
        "Metrics for Prometheus.",
        "rolling",
    )


def spec_schema() -> Schema:
    """The schema of `spec`."""
    return described(
        obj(
            {
                "nodeCount": described(integer(1), "Number of brokers. Default: 3.", "scale"),
                **_image(),
                **_resources(),
                **_pods(),
                "ports": _ports(),
                **_config(),
                **_mounts(),
                "extensions": _extensions(),
                **_placement(),
                **_containers(),
                **_storage(),
                **_controller(),
                "monitoring": _monitoring(),
                "podDisruptionBudget": _disruption_budget(),
                **{
                    group: described(
                        obj({setting.field: _setting(setting) for setting in settings_of(group)}), _GROUP_TEXT[group]
                    )
                    for group in GROUPS
                },
            }
        ),
        "What the cluster should be. Each field says what a change of it costs: live (no broker restarts), Service "
        "only, scale (brokers are added or removed), or rolling (every broker is replaced one after the other).",
    )
