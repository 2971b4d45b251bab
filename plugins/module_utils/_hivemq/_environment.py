# Copyright: (c) 2026, the beekeeper.hivemq authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The environment of the broker's container."""

from __future__ import annotations

from typing import Any

from . import names
from .settings import SETTINGS
from .spec import Cluster

# Variables the vendor's images bring themselves, so a placeholder in config.xml may name them.
FROM_IMAGE = frozenset(
    (
        "HIVEMQ_CONTROL_CENTER_USER", "HIVEMQ_CONTROL_CENTER_PASSWORD", "HIVEMQ_CLUSTER_TRANSPORT_TYPE",
        "HIVEMQ_DNS_DISCOVERY_INTERVAL", "HIVEMQ_DNS_DISCOVERY_TIMEOUT", "HIVEMQ_DNS_RELOAD_INTERVAL", "HOME",
        "HIVEMQ_LOG_LEVEL", "JAVA_HOME", "PATH",
    )
)  # fmt: skip
FROM_KUBERNETES = frozenset(("HOSTNAME", "KUBERNETES_SERVICE_HOST", "KUBERNETES_SERVICE_PORT"))

_PORT_VARIABLES = (
    (names.CLUSTER_PORT, "HIVEMQ_CLUSTER_PORT"),
    (names.MQTT_PORT, "HIVEMQ_MQTT_PORT"),
    (names.CONTROL_CENTER_PORT, "HIVEMQ_CONTROL_CENTER_PORT"),
    (names.API_PORT, "HIVEMQ_REST_API_PORT"),
)


def own_variables(cluster: Cluster) -> list[dict[str, Any]]:
    """The variables the operator sets, with the names of the vendor's operator, in a fixed order."""
    spec = cluster.spec
    discovery = f"{names.service_name(cluster.name, names.CLUSTER_PORT)}.{cluster.namespace}.{spec.dns_suffix}"
    ports = {port.name: str(port.port) for port in spec.ports}
    values = {"HIVEMQ_DNS_DISCOVERY_ADDRESS": discovery, "JAVA_OPTS": spec.java_options}
    values |= {variable: ports[name] for name, variable in _PORT_VARIABLES if name in ports}
    values["HIVEMQ_REST_API_ENABLED"] = str(names.API_PORT in ports).lower()
    values["HIVEMQ_CLUSTER_REPLICA_COUNT"] = str(spec.cluster_replica_count)
    values["HIVEMQ_CLUSTER_OVERLOAD_PROTECTION"] = str(spec.cluster_overload_protection).lower()
    values |= {setting.env: setting.environment_value(spec.settings[setting.env]) for setting in SETTINGS}
    values["HIVEMQ_ENABLE_PROMETHEUS"] = str(spec.monitoring.enabled).lower()
    values["HIVEMQ_HEAPDUMP_FOLDER"] = f"{names.HOME}/dumps"
    address = {"name": "HIVEMQ_BIND_ADDRESS", "valueFrom": {"fieldRef": {"fieldPath": "status.podIP"}}}
    return [address, *({"name": name, "value": value} for name, value in values.items())]


def environment(cluster: Cluster) -> list[dict[str, Any]]:
    """The operator's variables, then the user's. A name is there once: the last one given wins, as in Kubernetes.

    It has to be unique, because server-side apply identifies variables by their names.
    """
    merged: dict[str, dict[str, Any]] = {}
    for variable in (*own_variables(cluster), *cluster.spec.env):
        # Taken out first, so that it stands where the last one stood: $(OTHER) sees only variables before it.
        merged.pop(variable["name"], None)
        merged[variable["name"]] = dict(variable)
    # The API server drops an empty value; sending one would look like a difference for ever.
    return [{key: value for key, value in variable.items() if value != ""} for variable in merged.values()]
