# Copyright: (c) 2026, the beekeeper.hivemq authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Names, labels and well-known paths of everything that belongs to one HiveMQ cluster.

The names of Services and labels are those of the vendor's operator, so clients, dashboards and network policies
that were written for it keep matching.
"""

from __future__ import annotations

GROUP = "hivemq.com"
VERSION = "v1"
API_VERSION = f"{GROUP}/{VERSION}"
KIND = "HiveMQCluster"
LIST_KIND = "HiveMQClusterList"
PLURAL = "hivemq-clusters"
SINGULAR = "hivemq-cluster"
SHORT_NAME = "hmqc"
CRD_NAME = f"{PLURAL}.{GROUP}"

APP_LABEL = "app"
APP = "hivemq"
CLUSTER_LABEL = "hivemq-cluster"
OFFLINE_LABEL = "hivemq.com/node-offline"
RESERVED_LABELS = (APP_LABEL, CLUSTER_LABEL, OFFLINE_LABEL)
CONFIG_HASH_ANNOTATION = "beekeeper.hivemq.com/config-hash"

OPERATOR_FIELD_MANAGER = "beekeeper-operator"

# Kinds that can keep the broker pods, all of apps/v1.
CONTROLLER_KINDS = ("StatefulSet", "Deployment", "DaemonSet")

CONTAINER = "hivemq"
EXTENSIONS_CONTAINER = "extensions"

# Names of ports with a meaning of their own.
MQTT_PORT = "mqtt"
CONTROL_CENTER_PORT = "cc"
CLUSTER_PORT = "cluster"
API_PORT = "api"
METRICS_PORT = "metrics"

HOME = "/opt/hivemq"
# Kubernetes bounds a Service name and a label value to 63 characters.
MAX_NAME = 63


def service_name(cluster: str, port: str) -> str:
    """Name of the Service for the port named `port`."""
    return f"hivemq-{cluster}-{port}"


def config_map_name(cluster: str) -> str:
    """Name of the ConfigMap with config.xml and logback.xml."""
    return f"hivemq-{cluster}-config"


def service_account_name(cluster: str) -> str:
    """Name of the ServiceAccount the brokers run as when the resource names none."""
    return f"hivemq-{cluster}"


def disruption_budget_name(cluster: str) -> str:
    """Name of the PodDisruptionBudget of the brokers."""
    return f"hivemq-{cluster}"


def selector(cluster: str) -> dict[str, str]:
    """Labels that select every pod and object of one cluster."""
    return {APP_LABEL: APP, CLUSTER_LABEL: cluster}


def selector_string(cluster: str) -> str:
    """`selector` as a label selector string, as the scale subresource and list calls take it."""
    return ",".join(f"{key}={value}" for key, value in selector(cluster).items())


def max_cluster_name(port_names: tuple[str, ...]) -> int:
    """Longest cluster name with which every Service, pod and label value stays within its limit.

    The tightest of: `hivemq-<cluster>-<port>` (63), and the StatefulSet's revision label
    `<cluster>-<10 characters>` (63), which Kubernetes does not check when the StatefulSet is created.
    """
    longest_port = max((len(port) for port in (*port_names, CLUSTER_PORT)), default=0)
    return min(MAX_NAME - len("hivemq--") - longest_port, MAX_NAME - 11)
