# Copyright: (c) 2026, the beekeeper.hivemq authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The pod template of the brokers, native style: config.xml, logback.xml and extensions are ours, not the image's."""

from __future__ import annotations

import hashlib
import re
import shlex
from typing import Any, Literal

from . import _environment, _passed_on, affinity, config_xml, names, quantity
from .spec import Cluster, ClusterSpec, Extension, Step

CONFIG_VOLUME = "config"
EXTENSIONS_VOLUME = "extensions"
EXTENSIONS_PATH = f"{names.HOME}/extensions"
# Folders the broker writes to; everything else in the image is read only.
WRITABLE = {
    "data": f"{names.HOME}/data",
    "log": f"{names.HOME}/log",
    "backup": f"{names.HOME}/backup",
    "audit": f"{names.HOME}/audit",
    "dumps": f"{names.HOME}/dumps",
    "tmp": "/tmp",  # noqa: S108 (a folder in the container)
}
CONFIG_PATH = f"{names.HOME}/conf"
STAGING = "/beekeeper"
PROMETHEUS_EXTENSION = "hivemq-prometheus-extension"
# The vendor's: a broker of the Enterprise Edition hands its data over before it leaves.
TERMINATION_GRACE_SECONDS = 3600
_POD_SECURITY = {
    "runAsNonRoot": True,
    "runAsUser": 10000,
    "runAsGroup": 0,
    "fsGroup": 0,
    "fsGroupChangePolicy": "OnRootMismatch",
    "seccompProfile": {"type": "RuntimeDefault"},
}
_CONTAINER_SECURITY = {
    "allowPrivilegeEscalation": False,
    "readOnlyRootFilesystem": True,
    "capabilities": {"drop": ["ALL"]},
}
# Copying some megabytes; Kubernetes counts the larger of this and the broker, so it costs nothing.
_INIT_RESOURCES = {
    "requests": {"cpu": "20m", "memory": "32Mi"},
    "limits": {"cpu": "1", "memory": "128Mi"},
}


def config_hash(spec: ClusterSpec) -> str:
    """Fingerprint of what a broker reads only at its start. The log level is not in it: it changes live."""
    return hashlib.sha256(config_xml.render(spec).encode()).hexdigest()[:16]


def volume_name(kind: Literal["configmap", "secret"], name: str) -> str:
    """A volume name for a ConfigMap or Secret: readable when the name fits, else with a fingerprint."""
    plain = f"{kind}-{name}"
    if len(plain) <= names.MAX_NAME and re.fullmatch(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?", plain):
        return plain
    digest = hashlib.sha256(name.encode()).hexdigest()[:10]
    return f"{kind}-{re.sub(r'[^a-z0-9-]', '-', name.lower())[:40].strip('-')}-{digest}".replace("--", "-")


def resources(spec: ClusterSpec) -> dict[str, dict[str, str]]:
    """Requests, and limits that are requests times the ratio, in canonical quantities."""
    table = {
        "cpu": (spec.cpu, spec.cpu_limit_ratio),
        "memory": (spec.memory, spec.memory_limit_ratio),
        "ephemeral-storage": (spec.ephemeral_storage, spec.ephemeral_storage_limit_ratio),
    }
    return {
        "requests": {name: str(quantity.parse(amount)) for name, (amount, _ratio) in table.items()},
        "limits": {name: str(quantity.parse(amount).times(ratio)) for name, (amount, ratio) in table.items()},
    }


def prune(value: Any) -> Any:
    """Without nulls, empty strings, maps and lists: the API server drops them, and sending them would never settle."""
    if isinstance(value, dict):
        pruned = {key: prune(item) for key, item in value.items()}
        return {key: item for key, item in pruned.items() if item is not None and item not in ("", {}, [])}
    if isinstance(value, list):
        return [prune(item) for item in value]
    return value


def _probe(period: int, failures: int, timeout: int = 3) -> dict[str, Any]:
    return {
        "tcpSocket": {"port": names.MQTT_PORT},
        "periodSeconds": period,
        "failureThreshold": failures,
        "timeoutSeconds": timeout,
    }


def _config_mount(extension: Extension) -> dict[str, Any]:
    return {
        "name": volume_name("configmap", extension.config_map),
        "mountPath": f"{STAGING}/config/{extension.name}",
        "readOnly": True,
    }


def extensions_script(extensions: tuple[Extension, ...], *, monitoring: bool = False) -> str:
    """Shell script of the init container: the image's extensions, as the spec wants them, in the extensions volume.

    Files of a ConfigMap become links into its mount, so that a change of the ConfigMap reaches the running broker.
    """
    lines = ["set -eu", f"target={STAGING}/extensions"]
    if any(extension.initialization for extension in extensions):
        # Scripts that were written for the vendor's images may be Bash.
        lines.append("if command -v bash >/dev/null; then shell=bash; else shell=sh; fi")
    # The volume survives a restart of the container: what an earlier attempt left must not stay.
    lines += ['rm -rf "$target"/*', f'cp -R {EXTENSIONS_PATH}/. "$target"/']
    for extension in extensions:
        folder = f'"$target"/{shlex.quote(extension.name)}'
        if extension.config_map:
            source = f"{STAGING}/config/{shlex.quote(extension.name)}"
            lines.append(f"mkdir -p {folder}")
            lines.append(f'for file in {source}/*; do if [ -e "$file" ]; then ln -sfn "$file" {folder}/; fi; done')
        else:
            complaint = shlex.quote(
                f"extension {extension.name}: the image has no folder {EXTENSIONS_PATH}/{extension.name}"
            )
            lines.append(f"if [ ! -d {folder} ]; then echo {complaint} >&2; exit 1; fi")
        lines.append(f"rm -f {folder}/DISABLED" if extension.enabled else f"touch {folder}/DISABLED")
        # What is disabled needs no preparation; enabling it makes a new pod.
        if extension.initialization and extension.enabled:
            complaint = shlex.quote(f"extension {extension.name}: its initialization failed with exit code")
            script = shlex.quote(extension.initialization)
            lines += [f"(cd {folder} && $shell -c {script}) || {{ echo {complaint} $? >&2; exit 1; }}"]
    if monitoring and PROMETHEUS_EXTENSION not in {extension.name for extension in extensions}:
        folder = f'"$target"/{PROMETHEUS_EXTENSION}'
        complaint = shlex.quote(
            f"monitoring: the image has no extension {PROMETHEUS_EXTENSION}, so there are no metrics"
        )
        lines.append(f"if [ -d {folder} ]; then rm -f {folder}/DISABLED; else echo {complaint} >&2; fi")
    return "\n".join(lines) + "\n"


def _init_container(cluster: Cluster) -> dict[str, Any]:
    spec = cluster.spec
    mounts = [{"name": EXTENSIONS_VOLUME, "mountPath": f"{STAGING}/extensions"}]
    mounts += [_config_mount(extension) for extension in spec.extensions if extension.config_map]
    container = {
        "name": names.EXTENSIONS_CONTAINER,
        "image": spec.image_reference,
        "imagePullPolicy": spec.image_pull_policy,
        "command": ["/bin/sh", "-c", extensions_script(spec.extensions, monitoring=spec.monitoring.enabled)],
        "resources": _INIT_RESOURCES,
        "securityContext": _container_security(spec),
        "volumeMounts": mounts,
        # The end of the log explains a failure in the pod's status, where the operator reads it.
        "terminationMessagePolicy": "FallbackToLogsOnError",
    }
    if any(extension.initialization for extension in spec.extensions):
        # As for the broker, in whose container the vendor's operator runs these scripts.
        container["env"] = _environment.environment(cluster)
        mounts.append({"name": "tmp", "mountPath": WRITABLE["tmp"]})
    return container


def _step(cluster: Cluster, step: Step) -> dict[str, Any]:
    """A step of `initialization`. It may use as much as a broker, but asks for little: it ends before that starts."""
    spec = cluster.spec
    return {
        "name": step.name,
        "image": step.image,
        "command": list(step.command),
        **({"args": list(step.args)} if step.args else {}),
        "env": _environment.environment(cluster),
        "resources": {"requests": _INIT_RESOURCES["requests"], "limits": resources(spec)["limits"]},
        "securityContext": _container_security(spec),
        "volumeMounts": _mounts(cluster),
        "terminationMessagePolicy": "FallbackToLogsOnError",
    }


def _container_security(spec: ClusterSpec) -> dict[str, Any]:
    return _CONTAINER_SECURITY | _dict(prune(dict(spec.container_security_context)))


def _dict(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _mounts(cluster: Cluster) -> list[dict[str, Any]]:
    spec = cluster.spec
    mounts: list[dict[str, Any]] = [{"name": CONFIG_VOLUME, "mountPath": CONFIG_PATH, "readOnly": True}]
    mounts.append({"name": EXTENSIONS_VOLUME, "mountPath": EXTENSIONS_PATH})
    mounts += [{"name": name, "mountPath": path} for name, path in WRITABLE.items()]
    mounts += [_config_mount(extension) for extension in spec.extensions if extension.config_map]
    for kind, items in (("configmap", spec.config_maps), ("secret", spec.secrets)):
        mounts += [
            {
                "name": volume_name("configmap" if kind == "configmap" else "secret", item.name),
                "mountPath": item.path.rstrip("/"),
                "readOnly": True,
            }
            for item in items
            if item.mounted
        ]
    known = volume_names(spec)
    more = [_passed_on.tidy(mount) for mount in spec.additional_volume_mounts]
    return mounts + [{**mount, "name": known.get(mount["name"], mount["name"])} for mount in more]


def _broker(cluster: Cluster) -> dict[str, Any]:
    spec = cluster.spec
    return {
        "name": names.CONTAINER,
        "image": spec.image_reference,
        "imagePullPolicy": spec.image_pull_policy,
        "env": _environment.environment(cluster),
        "ports": [{"name": port.name, "containerPort": port.port, "protocol": "TCP"} for port in spec.ports],
        "resources": resources(spec),
        # An hour for a start with much data; only then do the other two begin.
        "startupProbe": _probe(2, 1800),
        # A broker that no longer accepts connections leaves the Services, and comes back when it does.
        "readinessProbe": _probe(5, 2),
        # Slow on purpose: an overloaded broker must not be killed for being busy.
        "livenessProbe": _probe(30, 20, timeout=10),
        "securityContext": _container_security(spec),
        "volumeMounts": _mounts(cluster),
        "terminationMessagePolicy": "FallbackToLogsOnError",
    }


def volume_names(spec: ClusterSpec) -> dict[str, str]:
    """Names by which mounts may refer to volumes, with the volumes' own names.

    In the vendor's pods the volume of a ConfigMap or Secret has its plain name; here both might have the same one.
    """
    own = [CONFIG_VOLUME, EXTENSIONS_VOLUME, *WRITABLE, *(str(item["name"]) for item in spec.additional_volumes)]
    config_maps = [item.name for item in spec.config_maps]
    config_maps += [extension.config_map for extension in spec.extensions if extension.config_map]
    known = {"heap-dumps": "dumps"}
    known |= {item.name: volume_name("secret", item.name) for item in spec.secrets}
    known |= {name: volume_name("configmap", name) for name in config_maps}
    own += [name for plain, name in known.items() if plain != "heap-dumps"]
    return known | {name: name for name in (*own, *spec.claims)}


def _volumes(cluster: Cluster) -> list[dict[str, Any]]:
    spec = cluster.spec
    volumes: dict[str, dict[str, Any]] = {
        CONFIG_VOLUME: {"configMap": {"name": names.config_map_name(cluster.name)}},
        EXTENSIONS_VOLUME: {"emptyDir": {}},
    }
    volumes |= {name: {"emptyDir": {}} for name in WRITABLE if name not in spec.claims}
    config_maps = [item.name for item in spec.config_maps]
    config_maps += [extension.config_map for extension in spec.extensions if extension.config_map]
    for name in config_maps:
        volumes[volume_name("configmap", name)] = {"configMap": {"name": name}}
    for secret in spec.secrets:
        volumes[volume_name("secret", secret.name)] = {"secret": {"secretName": secret.name}}
    more = [_passed_on.volume(volume) for volume in spec.additional_volumes]
    return [*({"name": name, **source} for name, source in volumes.items()), *more]


def _spread(cluster: Cluster) -> list[dict[str, Any]]:
    # Without a selector Kubernetes counts no pod at all, which no one means.
    own = {"labelSelector": {"matchLabels": names.selector(cluster.name)}}
    return [{**own, **_passed_on.tidy(item)} for item in cluster.spec.topology_spread_constraints]


def pod_template(cluster: Cluster) -> dict[str, Any]:
    """The pod template. It changes exactly when the brokers have to be replaced."""
    spec = cluster.spec
    known = volume_names(spec)
    labels = {**spec.pod_labels, **names.selector(cluster.name), names.OFFLINE_LABEL: "false"}
    pod: dict[str, Any] = {
        "serviceAccountName": spec.service_account_name or names.service_account_name(cluster.name),
        # The broker has no business with the API server, and variables of other Services could shadow its own.
        "automountServiceAccountToken": False,
        "enableServiceLinks": False,
        "securityContext": _POD_SECURITY | _dict(prune(dict(spec.pod_security_context))),
        "affinity": affinity.tidied(spec.affinity, name=cluster.name, namespace=cluster.namespace),
        "terminationGracePeriodSeconds": TERMINATION_GRACE_SECONDS,
        "initContainers": [
            _init_container(cluster),
            *(_passed_on.container(item, known) for item in spec.init_containers),
            *(_step(cluster, step) for step in spec.initialization),
        ],
        "containers": [_broker(cluster), *(_passed_on.container(item, known) for item in spec.sidecars)],
        "volumes": _volumes(cluster),
    }
    optional = {
        "imagePullSecrets": [{"name": name} for name in dict.fromkeys(spec.image_pull_secrets)],
        "nodeSelector": dict(spec.node_selector),
        "tolerations": [prune(dict(toleration)) for toleration in spec.tolerations],
        "topologySpreadConstraints": _spread(cluster),
        "priorityClassName": spec.priority_class_name,
        "runtimeClassName": spec.runtime_class_name,
    }
    pod |= {key: value for key, value in optional.items() if value}
    if not pod["affinity"]:
        del pod["affinity"]
    annotations = {**spec.pod_annotations, names.CONFIG_HASH_ANNOTATION: config_hash(spec)}
    return {"metadata": {"labels": labels, "annotations": annotations}, "spec": pod}
