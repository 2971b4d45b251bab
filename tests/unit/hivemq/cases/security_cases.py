# Copyright: (c) 2026, the beekeeper.hivemq authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Cases for the rules about secrets, rights, files, versions and limits: rule, path, spec."""

from __future__ import annotations

from typing import Any

Case = tuple[str, str, dict[str, Any]]
TCP = "<tcp-listener><port>${HIVEMQ_MQTT_PORT}</port></tcp-listener>"
MQTT = {"name": "mqtt", "port": 1883, "expose": True}
LOAD_BALANCER = {"service": {"type": "LoadBalancer"}}
CONTROL_CENTER = {"ports": [MQTT, {"name": "cc", "port": 8080, **LOAD_BALANCER}]}
API = {"ports": [MQTT, {"name": "api", "port": 8888, "expose": True, **LOAD_BALANCER}]}
TLS_PORT = {"ports": [MQTT, {"name": "tls", "port": 8883, "expose": True}]}
CREDENTIALS = [
    {"name": f"HIVEMQ_CONTROL_CENTER_{name}", "valueFrom": {"secretKeyRef": {"name": "cc", "key": name}}}
    for name in ("USER", "PASSWORD")
]


def tls(path: str = "/etc/tls/keys.jks", password: str = "${KEYS}") -> dict[str, Any]:
    """Two listeners, one with TLS, and the variable of the password."""
    store = f"<keystore><path>{path}</path><password>{password}</password></keystore>"
    return {
        "listenerConfiguration": TCP + f"<tls-tcp-listener><port>8883</port><tls>{store}</tls></tls-tcp-listener>",
        "env": [{"name": "KEYS", "valueFrom": {"secretKeyRef": {"name": "s", "key": "k"}}}],
        **TLS_PORT,
    }


def sysctl(name: str) -> dict[str, Any]:
    return {"podSecurityContext": {"sysctls": [{"name": name, "value": "1"}]}}


def env(name: str, value: str) -> dict[str, Any]:
    return {"env": [{"name": name, "value": value}]}


MOUNTED = {"secrets": [{"name": "tls", "path": "/etc/tls/"}]}

REFUSED: list[Case] = [
    ("sysctl-node", "spec.podSecurityContext.sysctls[0].name", sysctl("vm.max_map_count")),
    ("store-hidden", "spec.listenerConfiguration", tls("/opt/hivemq/conf/keys.jks")),
    (
        "listener-port-taken",
        "spec.listenerConfiguration",
        {"listenerConfiguration": TCP + "<websocket-listener><port>8080</port></websocket-listener>"},
    ),
    (
        "listener-port-taken",
        "spec.listenerConfiguration",
        {"listenerConfiguration": TCP + "<tcp-listener><port>${HIVEMQ_CLUSTER_PORT}</port></tcp-listener>"},
    ),
    ("heap-start", "spec.javaOptions", {"javaOptions": "-Xms3g -Xmx2048m"}),
]

WARNED: list[Case] = [
    ("env-secret", "spec.env[0].value", env("HIVEMQ_CONTROL_CENTER_PASSWORD", "a1b2")),
    ("env-secret", "spec.env[0].value", env("my_api_key", "a1b2")),
    ("env-script", "spec.env[0].name", env("HIVEMQ_LICENSE", "a1b2")),
    ("env-script", "spec.env[0].name", env("HIVEMQ_CONFIG_OVERRIDE", "<hivemq/>")),
    ("config-secret", "spec.listenerConfiguration", {**tls(password="open"), **MOUNTED}),
    ("store-unmounted", "spec.listenerConfiguration", tls()),
    ("privileged", "spec.containerSecurityContext.privileged", {"containerSecurityContext": {"privileged": True}}),
    (
        "privileged",
        "spec.containerSecurityContext.allowPrivilegeEscalation",
        {"containerSecurityContext": {"allowPrivilegeEscalation": True}},
    ),
    (
        "host-path",
        "spec.additionalVolumes[0].hostPath",
        {"additionalVolumes": [{"name": "a", "hostPath": {"path": "/var/a"}}]},
    ),
    ("sysctl-unsafe", "spec.podSecurityContext.sysctls[0].name", sysctl("net.core.somaxconn")),
    ("license-missing", "spec.restrictions.maxConnections", {"restrictions": {"maxConnections": 26}}),
    ("control-center-open", "spec.env", CONTROL_CENTER),
    ("control-center-open", "spec.env", {"env": CREDENTIALS[:1], **CONTROL_CENTER}),
    (
        "rest-api-open",
        "spec.restApiConfiguration",
        {"restApiConfiguration": "<rest-api><enabled>true</enabled></rest-api>", **API},
    ),
    (
        "placeholder-unset",
        "spec.restApiConfiguration",
        {"restApiConfiguration": "<rest-api><port>${HIVEMQ_REST_API_PORT}</port></rest-api>"},
    ),
    (
        "listener-unexposed",
        "spec.listenerConfiguration",
        {"listenerConfiguration": TCP + "<websocket-listener><port>8000</port></websocket-listener>"},
    ),
    ("replicas-one", "spec.clusterReplicaCount", {"clusterReplicaCount": 1}),
    ("version-moving", "spec.hivemqVersion", {"hivemqVersion": "latest"}),
    ("version-moving", "spec.image", {"image": "hivemq/hivemq4:latest"}),
    ("ephemeral-small", "spec.ephemeralStorage", {"ephemeralStorage": "13Gi"}),
    ("heap-share", "spec.javaOptions", {"javaOptions": "-XX:MaxRAMPercentage=80.5"}),
]

ACCEPTED: list[dict[str, Any]] = [
    {**tls(), **MOUNTED},
    tls("keys.jks"),
    env("MY_TOKEN", "$(OTHER_TOKEN)"),
    env("TOKENS_PER_SECOND", "10"),
    sysctl("net.ipv4.tcp_keepalive_time"),
    sysctl("net/ipv4/tcp_fin_timeout"),
    {"env": CREDENTIALS, **CONTROL_CENTER},
    {
        "restApiConfiguration": "<rest-api><enabled>true</enabled><auth><enabled>true</enabled></auth></rest-api>",
        **API,
    },
    {"restrictions": {"maxConnections": 25}},
    {"restrictions": {"maxConnections": 1000}, "secrets": [{"name": "license", "path": "/opt/hivemq/license"}]},
    {"nodeCount": 1, "clusterReplicaCount": 1},
    {"ephemeralStorage": "15Gi"},
    {
        "ephemeralStorage": "2Gi",
        "volumeClaimTemplates": [
            {
                "metadata": {"name": "data"},
                "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "100Gi"}}},
            }
        ],
    },
    {"javaOptions": "-Xms2g -Xmx2g -XX:MaxRAMPercentage=90"},
]
