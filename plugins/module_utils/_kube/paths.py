# Copyright: (c) 2026, the beekeeper.hivemq authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From apiVersion and kind to a URL path, without asking the API server for the kinds we know.

This module util is private to the collection and must not import Ansible.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote


@dataclass(frozen=True)
class Resource:
    """One kind at one version, as the API server serves it."""

    api_version: str
    kind: str
    plural: str
    namespaced: bool


# group -> kind -> plural, for namespaced kinds and for cluster-wide ones. Plurals follow the API's own rules.
_NAMESPACED: dict[str, dict[str, str]] = {
    "": {
        "ConfigMap": "configmaps",
        "Endpoints": "endpoints",
        "Event": "events",
        "LimitRange": "limitranges",
        "PersistentVolumeClaim": "persistentvolumeclaims",
        "Pod": "pods",
        "ReplicationController": "replicationcontrollers",
        "ResourceQuota": "resourcequotas",
        "Secret": "secrets",
        "Service": "services",
        "ServiceAccount": "serviceaccounts",
    },
    "apps": {
        "ControllerRevision": "controllerrevisions",
        "DaemonSet": "daemonsets",
        "Deployment": "deployments",
        "ReplicaSet": "replicasets",
        "StatefulSet": "statefulsets",
    },
    "autoscaling": {"HorizontalPodAutoscaler": "horizontalpodautoscalers"},
    "batch": {"CronJob": "cronjobs", "Job": "jobs"},
    "coordination.k8s.io": {"Lease": "leases"},
    "discovery.k8s.io": {"EndpointSlice": "endpointslices"},
    "events.k8s.io": {"Event": "events"},
    "hivemq.com": {"HiveMQCluster": "hivemq-clusters"},
    "monitoring.coreos.com": {
        "Alertmanager": "alertmanagers",
        "PodMonitor": "podmonitors",
        "Probe": "probes",
        "Prometheus": "prometheuses",
        "PrometheusRule": "prometheusrules",
        "ServiceMonitor": "servicemonitors",
    },
    "networking.k8s.io": {"Ingress": "ingresses", "NetworkPolicy": "networkpolicies"},
    "policy": {"PodDisruptionBudget": "poddisruptionbudgets"},
    "rbac.authorization.k8s.io": {"Role": "roles", "RoleBinding": "rolebindings"},
    "storage.k8s.io": {"CSIStorageCapacity": "csistoragecapacities"},
}
_CLUSTER_WIDE: dict[str, dict[str, str]] = {
    "": {"Namespace": "namespaces", "Node": "nodes", "PersistentVolume": "persistentvolumes"},
    "admissionregistration.k8s.io": {
        "MutatingWebhookConfiguration": "mutatingwebhookconfigurations",
        "ValidatingAdmissionPolicy": "validatingadmissionpolicies",
        "ValidatingAdmissionPolicyBinding": "validatingadmissionpolicybindings",
        "ValidatingWebhookConfiguration": "validatingwebhookconfigurations",
    },
    "apiextensions.k8s.io": {"CustomResourceDefinition": "customresourcedefinitions"},
    "networking.k8s.io": {"IngressClass": "ingressclasses"},
    "rbac.authorization.k8s.io": {"ClusterRole": "clusterroles", "ClusterRoleBinding": "clusterrolebindings"},
    "scheduling.k8s.io": {"PriorityClass": "priorityclasses"},
    "storage.k8s.io": {
        "CSIDriver": "csidrivers",
        "CSINode": "csinodes",
        "StorageClass": "storageclasses",
        "VolumeAttachment": "volumeattachments",
    },
}


def group_of(api_version: str) -> str:
    """The API group: ``apps`` of ``apps/v1``, the empty string of ``v1``."""
    return api_version.partition("/")[0] if "/" in api_version else ""


def is_builtin(api_version: str) -> bool:
    """Whether the group belongs to Kubernetes itself (so its defaults are known), not to a CRD."""
    group = group_of(api_version)
    return "." not in group or group.endswith(".k8s.io")


def known(api_version: str, kind: str) -> Resource | None:
    """The resource when the built-in table has it, else None (then the API server must be asked)."""
    group = group_of(api_version)
    plural = _NAMESPACED.get(group, {}).get(kind)
    if plural:
        return Resource(api_version, kind, plural, True)
    plural = _CLUSTER_WIDE.get(group, {}).get(kind)
    return Resource(api_version, kind, plural, False) if plural else None


def from_crd(crd: Mapping[str, Any]) -> list[Resource]:
    """The resources, one per version, that a CustomResourceDefinition defines."""
    spec = crd.get("spec") or {}
    names = spec.get("names") or {}
    if not (spec.get("group") and names.get("kind") and names.get("plural")):
        return []
    return [
        Resource(f"{spec['group']}/{v['name']}", names["kind"], names["plural"], spec.get("scope") != "Cluster")
        for v in spec.get("versions") or []
        if v.get("name")
    ]


def version_path(api_version: str) -> str:
    """``/api/v1`` or ``/apis/<group>/<version>``: the root of a group version, which also answers discovery."""
    return f"/apis/{api_version}" if "/" in api_version else f"/api/{api_version}"


def path(
    resource: Resource, namespace: str | None = None, name: str | None = None, subresource: str | None = None
) -> str:
    """The URL path of an object (with ``name``) or of a collection (without)."""
    parts = [version_path(resource.api_version)]
    if resource.namespaced and namespace:
        parts += ["namespaces", quote(namespace, safe="")]
    parts.append(resource.plural)
    if name:
        parts.append(quote(name, safe=":"))
        if subresource:
            parts.append(subresource)
    return "/".join(parts)
