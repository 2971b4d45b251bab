# Copyright: (c) 2026, the beekeeper.hivemq authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Schemas of the Kubernetes types that a HiveMQCluster embeds. Source: Kubernetes API reference, core/v1."""

from __future__ import annotations

from .schema import Schema, array, boolean, described, int_or_string, integer, obj, string


def _key_ref(kind: str) -> Schema:
    return described(
        obj(
            {
                "name": described(string(min_length=1), f"Name of the {kind}, in the namespace of the cluster."),
                "key": described(string(min_length=1), f"Key in the {kind}."),
                "optional": described(boolean(), f"Whether the pod starts when the {kind} or the key is missing."),
            },
            ["key"],
            atomic=True,
        ),
        f"A key of a {kind}.",
    )


def env_var() -> Schema:
    """An environment variable (EnvVar)."""
    return obj(
        {
            "name": described(string(min_length=1), "Name of the variable."),
            "value": described(string(), "Value. $(OTHER) refers to a variable set before it."),
            "valueFrom": described(
                obj(
                    {
                        "configMapKeyRef": _key_ref("ConfigMap"),
                        "secretKeyRef": _key_ref("Secret"),
                        "fieldRef": described(
                            obj(
                                {
                                    "apiVersion": described(string(), "Version of the path's schema. Default: v1."),
                                    "fieldPath": described(string(min_length=1), "Path, such as status.podIP."),
                                },
                                ["fieldPath"],
                                atomic=True,
                            ),
                            "A field of the pod.",
                        ),
                        "resourceFieldRef": described(
                            obj(
                                {
                                    "containerName": described(string(), "Container. Default: the broker's."),
                                    "resource": described(string(min_length=1), "Resource, such as limits.memory."),
                                    "divisor": described(int_or_string(), "Unit to count in. Default: 1."),
                                },
                                ["resource"],
                                atomic=True,
                            ),
                            "A resource request or limit of a container.",
                        ),
                    }
                ),
                "Where the value comes from, instead of `value`. Exactly one of the fields below.",
            ),
        },
        ["name"],
    )


def toleration() -> Schema:
    """A toleration (Toleration)."""
    return obj(
        {
            "key": described(string(), "Key of the taint. Empty with operator Exists: every taint."),
            "operator": described(string(), "How key and value compare: Exists or Equal. Default: Equal."),
            "value": described(string(), "Value of the taint, for operator Equal."),
            "effect": described(string(), "Effect: NoSchedule, PreferNoSchedule or NoExecute. Absent: all."),
            "tolerationSeconds": described(
                integer(bits=64), "Seconds a pod stays on a node with a NoExecute taint. Absent: for ever."
            ),
        }
    )


def _se_linux() -> Schema:
    return described(
        obj({name: string() for name in ("user", "role", "type", "level")}), "SELinux label of the containers."
    )


def _profile(kind: str) -> Schema:
    return described(
        obj(
            {
                "type": described(string(enum=("RuntimeDefault", "Localhost", "Unconfined")), "Kind of the profile."),
                "localhostProfile": described(string(), "Name of the profile on the node, for type Localhost."),
            },
            ["type"],
        ),
        f"{kind} profile.",
    )


def _windows() -> Schema:
    fields = ("gmsaCredentialSpec", "gmsaCredentialSpecName", "runAsUserName")
    return described(
        obj({**{name: string() for name in fields}, "hostProcess": boolean()}),
        "Settings for nodes with Windows, where no HiveMQ image runs.",
    )


def _user_fields() -> dict[str, Schema]:
    return {
        "windowsOptions": _windows(),
        "runAsUser": described(integer(0, bits=64), "User id of the processes. Default: 10000."),
        "runAsGroup": described(integer(0, bits=64), "Primary group id of the processes. Default: 0."),
        "runAsNonRoot": described(boolean(), "Whether to refuse to start as user 0. Default: true."),
        "seccompProfile": _profile("Seccomp"),
        "appArmorProfile": _profile("AppArmor"),
        "seLinuxOptions": _se_linux(),
    }


def pod_security_context() -> Schema:
    """Security settings of a pod (PodSecurityContext)."""
    sysctl = obj({"name": string(min_length=1), "value": string()}, ["name", "value"])
    return obj(
        {
            **_user_fields(),
            "fsGroup": described(integer(0, bits=64), "Group that owns the volumes. Default: 0."),
            "fsGroupChangePolicy": described(
                string(enum=("OnRootMismatch", "Always")), "When the owner of a volume's files is changed."
            ),
            "supplementalGroups": described(array(integer(0, bits=64)), "More groups of the processes."),
            "supplementalGroupsPolicy": described(
                string(enum=("Merge", "Strict")), "Whether groups from the image count as well."
            ),
            "sysctls": described(array(sysctl), "Kernel parameters of the pod's namespaces."),
        }
    )


def container_security_context() -> Schema:
    """Security settings of a container (SecurityContext)."""
    return obj(
        {
            **_user_fields(),
            "allowPrivilegeEscalation": described(boolean(), "Whether a process may gain rights. Default: false."),
            "privileged": described(boolean(), "Whether the container has the rights of the node's root."),
            "readOnlyRootFilesystem": described(boolean(), "Whether the image's files are read only. Default: true."),
            "procMount": described(string(enum=("Default", "Unmasked")), "How /proc is mounted."),
            "capabilities": described(
                obj(
                    {
                        "add": described(array(string()), "Capabilities to add."),
                        "drop": described(array(string()), "Capabilities to drop. Default: ALL."),
                    }
                ),
                "Linux capabilities.",
            ),
        }
    )
