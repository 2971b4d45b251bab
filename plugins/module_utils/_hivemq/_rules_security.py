# Copyright: (c) 2026, the beekeeper.hivemq authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rules about secrets in the open, doors left open, rights of pods, and kernel parameters."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from . import _pod, _services, config_xml, json_patch, names
from .config_xml import Inspection
from .spec import Cluster
from .structure import shown
from .violation import Violation

_SECRET_NAME = re.compile(
    r"(^|_)(PASSWORD|PASSWD|SECRET|TOKEN|CREDENTIALS?|APIKEY|API_KEY|PRIVATE_KEY)$", re.IGNORECASE
)
# Settings that only start scripts of the vendor's images act on, with what to use instead.
_SCRIPT_VARIABLES = {
    "HIVEMQ_LICENSE": "mount a Secret with the licence at /opt/hivemq/license by spec.secrets",
    "HIVEMQ_CONFIG_OVERRIDE": "use spec.configOverride",
    "HIVEMQ_LISTENER_CONFIGURATION": "use spec.listenerConfiguration",
    "HIVEMQ_REST_API_CONFIGURATION": "use spec.restApiConfiguration",
    "HIVEMQ_LOG_LEVEL": "use spec.logLevel",
}
# Kernel parameters a pod can have of its own (the others are the node's), and those every kubelet allows.
_OWN_SYSCTL = re.compile(r"(kernel\.shm|kernel\.msg|fs\.mqueue\.|net\.)[a-z0-9_./-]+|kernel\.sem")
_SAFE_SYSCTLS = frozenset(
    (
        "kernel.shm_rmid_forced", "net.ipv4.ip_local_port_range", "net.ipv4.tcp_syncookies",
        "net.ipv4.ping_group_range", "net.ipv4.ip_unprivileged_port_start", "net.ipv4.ip_local_reserved_ports",
        "net.ipv4.tcp_keepalive_time", "net.ipv4.tcp_fin_timeout", "net.ipv4.tcp_keepalive_intvl",
        "net.ipv4.tcp_keepalive_probes", "net.ipv4.tcp_rmem", "net.ipv4.tcp_wmem",
    )
)  # fmt: skip
_PASSWORDS = (
    ("hivemq", "listeners", "*", "tls", "keystore", "password"),
    ("hivemq", "listeners", "*", "tls", "keystore", "private-key-password"),
    ("hivemq", "listeners", "*", "tls", "truststore", "password"),
)
_STORES = (
    ("hivemq", "listeners", "*", "tls", "keystore", "path"),
    ("hivemq", "listeners", "*", "tls", "truststore", "path"),
)
# A trial of the Enterprise Edition, without a licence, takes no more.
_TRIAL_CONNECTIONS = 25
_LICENSE_PATH = f"{names.HOME}/license"


def secret_rules(cluster: Cluster) -> Iterator[Violation]:
    """Environment variables that hold secrets, or that nothing acts on."""
    for index, variable in enumerate(cluster.spec.env):
        name, path = variable["name"], f"spec.env[{index}]"
        value = variable.get("value") or ""
        if _SECRET_NAME.search(name) and value and not re.fullmatch(r"\$\([^)]*\)", value):
            yield Violation("env-secret", f"{path}.value", f"holds the secret {shown(name)} in the open",
                            "everyone who may read the resource or its pods can read it",
                            "put it into a Secret, and refer to that by valueFrom.secretKeyRef", "warning")  # fmt: skip
        if name in _SCRIPT_VARIABLES:
            yield Violation("env-script", f"{path}.name", f"is {name}, which only start scripts of images act on",
                            "brokers get their files from the operator, and the image is read only",
                            _SCRIPT_VARIABLES[name], "warning")  # fmt: skip


def pod_rules(cluster: Cluster) -> Iterator[Violation]:
    """What a pod with restricted rights may not have, and kernel parameters."""
    container = cluster.spec.container_security_context
    for name in ("privileged", "allowPrivilegeEscalation"):
        if container.get(name):
            yield Violation("privileged", f"spec.containerSecurityContext.{name}",
                            "is true, and a broker needs no such right", "whoever breaks into a broker has the node",
                            "remove it", "warning")  # fmt: skip
    for index, volume in enumerate(cluster.spec.additional_volumes):
        if "hostPath" in volume:
            yield Violation("host-path", f"spec.additionalVolumes[{index}].hostPath", "is a folder of the node",
                            "brokers on other nodes don't see it, and restricted namespaces refuse it",
                            "use a persistent volume", "warning")  # fmt: skip
    for index, item in enumerate(cluster.spec.pod_security_context.get("sysctls", ())):
        path, name = f"spec.podSecurityContext.sysctls[{index}].name", item["name"].replace("/", ".")
        if not _OWN_SYSCTL.fullmatch(name):
            yield Violation("sysctl-node", path, f"is {shown(name)}, a parameter of the node, not of a pod",
                            "no pod could be made", "set it on the nodes, as the role hivemq_node_tuning does",
                            )  # fmt: skip
        elif name not in _SAFE_SYSCTLS:
            yield Violation("sysctl-unsafe", path, f"is {shown(name)}, which a kubelet only allows when told to",
                            "elsewhere pods end with the reason SysctlForbidden",
                            "allow it on the nodes with --allowed-unsafe-sysctls, or remove it", "warning")  # fmt: skip


def license_rules(cluster: Cluster, spec: Mapping[str, Any]) -> Iterator[Violation]:
    """A licence for as many connections as are expected."""
    wanted = spec.get("restrictions", {}).get("maxConnections", -1)
    mounts = [item.path for item in (*cluster.spec.config_maps, *cluster.spec.secrets)]
    mounts += [str(item["mountPath"]) for item in cluster.spec.additional_volume_mounts]
    licensed = any(path.rstrip("/").startswith(_LICENSE_PATH) for path in mounts)
    if wanted > _TRIAL_CONNECTIONS and not licensed and not cluster.spec.community:
        yield Violation("license-missing", "spec.restrictions.maxConnections",
                        f"is {wanted}, and no licence is mounted at {_LICENSE_PATH}",
                        f"unless the image has one, brokers take {_TRIAL_CONNECTIONS} connections",
                        "mount a Secret with the licence there by spec.secrets", "warning")  # fmt: skip


def file_rules(cluster: Cluster, document: Inspection, path: str) -> Iterator[Violation]:
    """Key stores that config.xml names, and their passwords."""
    for place in _PASSWORDS:
        for text in document.texts(*place):
            if text and "${" not in text:
                yield Violation("config-secret", path, f"has the {place[-1]} of a {place[-2]} in the open",
                                "everyone who may read the resource can read it",
                                "put it into a Secret, an environment variable from there, and write ${NAME}",
                                "warning")  # fmt: skip
    mounts = [item.path for item in (*cluster.spec.config_maps, *cluster.spec.secrets) if item.mounted]
    mounts += [str(item["mountPath"]) for item in cluster.spec.additional_volume_mounts]
    for place in _STORES:
        for text in document.texts(*place):
            if text.startswith(f"{_pod.CONFIG_PATH}/"):
                yield Violation("store-hidden", path, f"names the {place[-2]} {shown(text)}",
                                "that folder holds config.xml and logback.xml only, nothing else can be mounted there",
                                "mount a Secret elsewhere, such as /etc/hivemq/tls, and name the file there",
                                )  # fmt: skip
            elif text.startswith("/") and "${" not in text and not _below(text, mounts):
                yield Violation("store-unmounted", path,
                                f"names the {place[-2]} {shown(text)}, where nothing is mounted",
                                "unless the image has the file, the listener does not start",
                                "mount a Secret with it by spec.secrets", "warning")  # fmt: skip


def _below(path: str, mounts: list[str]) -> bool:
    return any(path.startswith(mount.rstrip("/") + "/") or path == mount for mount in mounts)


def door_rules(cluster: Cluster) -> Iterator[Violation]:
    """Control centre and REST API behind a Service that can be reached from outside."""
    if cluster.spec.community:
        return
    given = {variable["name"] for variable in cluster.spec.env}
    if _outside(cluster, names.CONTROL_CENTER_PORT) and not cluster.spec.config_override:
        missing = {"HIVEMQ_CONTROL_CENTER_USER", "HIVEMQ_CONTROL_CENTER_PASSWORD"} - given
        if missing:
            yield Violation("control-center-open", "spec.env", f"lacks {' and '.join(sorted(missing))}",
                            "the control centre can be reached from outside, with the user and password that every "
                            "HiveMQ begins with", "set both, the password from a Secret", "warning")  # fmt: skip
    text = cluster.spec.rest_api_configuration
    if _outside(cluster, names.API_PORT) and text and not cluster.spec.config_override:
        try:
            auth = config_xml.inspect(config_xml.rest_api_document(text)).texts("hivemq", "rest-api", "auth", "enabled")
        except config_xml.XmlError:
            return  # reported where it is
        if auth != ["true"]:
            yield Violation("rest-api-open", "spec.restApiConfiguration", "has no <auth> that is enabled",
                            "the REST API can be reached from outside: anyone can cut clients off and read backups",
                            "enable it, or leave the Service inside the cluster", "warning")  # fmt: skip


def _outside(cluster: Cluster, name: str) -> bool:
    port = next((port for port in _services.service_ports(cluster) if port.name == name), None)
    if port is None:
        return False
    try:
        return _services.service(cluster, port)["spec"].get("type") in ("LoadBalancer", "NodePort")
    except json_patch.PatchError:
        return False  # reported where it is
