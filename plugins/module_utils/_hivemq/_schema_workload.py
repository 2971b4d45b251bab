# Copyright: (c) 2026, the beekeeper.hivemq authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Schemas of the larger Kubernetes types that a HiveMQCluster embeds: containers, volumes, claims, placement.

Source: Kubernetes API reference. Containers, volumes and claims list the fields that are looked at here; all others
are passed on as they are, and the API server judges them when the controller is applied.
"""

from __future__ import annotations

from . import _schema_core as core
from .schema import (
    Schema,
    array,
    boolean,
    described,
    int_or_string,
    integer,
    mapping,
    obj,
    open_obj,
    string,
    string_map,
)


def _resources(text: str) -> Schema:
    amounts = mapping(int_or_string())
    return described(
        open_obj(
            {
                "requests": described(amounts, "What is set aside for it, by resource (cpu, memory, storage)."),
                "limits": described(amounts, "The most it may use, by resource."),
            }
        ),
        text,
    )


def volume_mount() -> Schema:
    """A mount of a volume in a container (VolumeMount)."""
    return open_obj(
        {
            "name": described(
                string(min_length=1),
                "Name of a volume: of additionalVolumes or volumeClaimTemplates, of a ConfigMap or Secret of "
                "configMaps or secrets, or one of data, log, backup, audit, dumps.",
            ),
            "mountPath": described(string(min_length=1), "Absolute path in the container."),
            "subPath": described(string(), "Path within the volume. A file mounted so never sees a change."),
            "subPathExpr": described(string(), "The same, with $(VARIABLE) of the container's environment."),
            "readOnly": described(boolean(), "Whether it can't be written to. Default: false."),
            "mountPropagation": described(
                string(), "Whether mounts made on the node or inside show on the other side."
            ),
        },
        ["name", "mountPath"],
    )


def container() -> Schema:
    """A container (Container)."""
    port = open_obj(
        {
            "containerPort": described(integer(1, 65535), "Port the container listens on."),
            "name": described(string(), "Name of the port, which Services can refer to."),
            "protocol": described(string(), "TCP, UDP or SCTP. Default: TCP."),
        },
        ["containerPort"],
    )
    return open_obj(
        {
            "name": described(string(min_length=1), "Name of the container."),
            "image": described(string(), "Image, with its tag."),
            "imagePullPolicy": described(string(), "When a node pulls the image: Always, IfNotPresent or Never."),
            "command": described(array(string()), "Program to run instead of the image's own."),
            "args": described(array(string()), "Arguments of the program."),
            "workingDir": described(string(), "Folder it starts in."),
            "env": described(array(core.env_var()), "Environment variables."),
            "ports": described(array(port), "Ports it listens on."),
            "resources": _resources("Requests and limits."),
            "securityContext": described(
                core.container_security_context(),
                "Security settings. Absent: those of the pod alone, and not those of the broker's container.",
            ),
            "volumeMounts": described(array(volume_mount()), "Volumes it sees."),
        },
        ["name"],
    )


def volume() -> Schema:
    """A volume of the pods (Volume)."""
    items = array(
        obj(
            {
                "key": described(string(), "Key."),
                "path": described(string(), "File name."),
                "mode": described(integer(), "Permissions of the file, as a decimal number."),
            },
            ["key", "path"],
        )
    )
    mode = described(integer(), "Permissions of the files, as a decimal number (0644 is 420).")
    optional = described(boolean(), "Whether pods start without it.")
    return open_obj(
        {
            "name": described(string(min_length=1), "Name of the volume, which mounts refer to."),
            "configMap": described(
                open_obj(
                    {
                        "name": described(string(), "Name of the ConfigMap."),
                        "items": described(items, "Keys to show, and as what. Absent: all."),
                        "defaultMode": mode,
                        "optional": optional,
                    }
                ),
                "The keys of a ConfigMap as files.",
            ),
            "secret": described(
                open_obj(
                    {
                        "secretName": described(string(), "Name of the Secret."),
                        "items": described(items, "Keys to show, and as what. Absent: all."),
                        "defaultMode": mode,
                        "optional": optional,
                    }
                ),
                "The keys of a Secret as files.",
            ),
            "emptyDir": described(
                open_obj(
                    {
                        "medium": described(string(), "Memory for a folder in memory. Absent: the node's disk."),
                        "sizeLimit": described(int_or_string(), "The most it may hold, a quantity (1Gi)."),
                    }
                ),
                "An empty folder that lives as long as the pod.",
            ),
            "persistentVolumeClaim": described(
                open_obj(
                    {
                        "claimName": described(string(min_length=1), "Name of the claim. All brokers share it."),
                        "readOnly": described(boolean(), "Whether it can't be written to."),
                    },
                    ["claimName"],
                ),
                "A claim that exists already.",
            ),
        },
        ["name"],
    )


def claim() -> Schema:
    """A claim made for each broker (PersistentVolumeClaim)."""
    spec = open_obj(
        {
            "accessModes": described(array(string()), "Who may use it at a time: ReadWriteOnce for a broker's data."),
            "storageClassName": described(
                string(), "StorageClass that provides it. Absent: the default one; empty: none, an existing volume."
            ),
            "volumeMode": described(string(), "Filesystem or Block. Default: Filesystem."),
            "resources": _resources("How much storage: requests.storage (100Gi)."),
        }
    )
    return open_obj(
        {
            "apiVersion": described(string(), "Always v1."),
            "kind": described(string(), "Always PersistentVolumeClaim."),
            "metadata": described(
                open_obj(
                    {
                        "name": described(string(), "Name. `data` is mounted at /opt/hivemq/data."),
                        "labels": described(string_map(), "Labels of the claims."),
                        "annotations": described(string_map(), "Annotations of the claims."),
                    }
                ),
                "Name, labels and annotations; nothing else of it is used.",
            ),
            "spec": described(spec, "What is claimed."),
        }
    )


def label_selector() -> Schema:
    """A label selector (LabelSelector)."""
    expression = obj(
        {
            "key": described(string(min_length=1), "Key of the label."),
            "operator": described(string(), "In, NotIn, Exists or DoesNotExist."),
            "values": described(array(string()), "Values, for In and NotIn."),
        },
        ["key", "operator"],
    )
    return described(
        obj(
            {
                "matchLabels": described(string_map(), "Labels with their values."),
                "matchExpressions": described(array(expression), "Conditions on labels. All have to hold."),
            }
        ),
        "Pods, by their labels. Without any condition: all pods.",
    )


def topology_spread() -> Schema:
    """A rule on how evenly brokers are spread (TopologySpreadConstraint)."""
    return obj(
        {
            "maxSkew": described(integer(1), "Largest difference in brokers between two zones or nodes."),
            "topologyKey": described(
                string(min_length=1),
                "Label of the nodes whose values are the zones, such as topology.kubernetes.io/zone.",
            ),
            "whenUnsatisfiable": described(
                string(),
                "DoNotSchedule (the broker waits) or ScheduleAnyway (the broker goes where it is least uneven).",
            ),
            "labelSelector": {
                **label_selector(),
                "description": "Pods that are counted. Absent: the brokers of this cluster.",
            },
            "minDomains": described(integer(1), "How many zones there should be at least."),
            "nodeAffinityPolicy": described(string(), "Honor or Ignore the node affinity when counting."),
            "nodeTaintsPolicy": described(string(), "Honor or Ignore taints when counting."),
            "matchLabelKeys": described(array(string()), "Labels whose values in the new pod select the pods too."),
        },
        ["maxSkew", "topologyKey", "whenUnsatisfiable"],
    )


def _node_term() -> Schema:
    requirement = obj(
        {"key": string(min_length=1), "operator": string(min_length=1), "values": array(string())}, ["key", "operator"]
    )
    return obj({"matchExpressions": array(requirement), "matchFields": array(requirement)})


def _pod_affinity() -> Schema:
    term = obj(
        {
            "labelSelector": label_selector(),
            "namespaceSelector": label_selector(),
            "namespaces": array(string()),
            "topologyKey": string(min_length=1),
            "matchLabelKeys": array(string()),
            "mismatchLabelKeys": array(string()),
        },
        ["topologyKey"],
    )
    weighted = obj({"weight": integer(1, 100), "podAffinityTerm": term}, ["weight", "podAffinityTerm"])
    return obj(
        {
            "requiredDuringSchedulingIgnoredDuringExecution": array(term),
            "preferredDuringSchedulingIgnoredDuringExecution": array(weighted),
        }
    )


def affinity() -> Schema:
    """What the text of `affinity` has to be (Affinity). It is no part of the definition, where it is a string."""
    preference = obj({"weight": integer(1, 100), "preference": _node_term()}, ["weight", "preference"])
    node = obj(
        {
            "requiredDuringSchedulingIgnoredDuringExecution": obj(
                {"nodeSelectorTerms": array(_node_term())}, ["nodeSelectorTerms"]
            ),
            "preferredDuringSchedulingIgnoredDuringExecution": array(preference),
        }
    )
    return obj({"nodeAffinity": node, "podAffinity": _pod_affinity(), "podAntiAffinity": _pod_affinity()})
