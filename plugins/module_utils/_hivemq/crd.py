# Copyright: (c) 2026, the beekeeper.hivemq authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The CustomResourceDefinition of HiveMQCluster."""

from __future__ import annotations

from typing import Any

from . import names
from ._schema_spec import spec_schema
from ._schema_status import status_schema
from .schema import Schema, described, obj


def resource_schema() -> Schema:
    """The schema of a whole HiveMQCluster."""
    return described(
        obj(
            {
                "apiVersion": described({"type": "string"}, f"Always {names.API_VERSION}."),
                "kind": described({"type": "string"}, f"Always {names.KIND}."),
                "metadata": {"type": "object"},
                "spec": spec_schema(),
                "status": status_schema(),
            },
            ["spec"],
        ),
        "A cluster of HiveMQ MQTT brokers: its pods, Services and configuration.",
    )


def _columns() -> list[dict[str, str]]:
    def column(name: str, kind: str, path: str, text: str) -> dict[str, str]:
        return {"name": name, "type": kind, "jsonPath": path, "description": text}

    return [
        column("size", "integer", ".spec.nodeCount", "Number of brokers"),
        column("image", "string", ".spec.image", "Broker image"),
        column("version", "string", ".spec.hivemqVersion", "Tag of the image"),
        column("status", "string", ".status.state", "State"),
        column("endpoint", "string", ".status.portStatus[0].address", "Address of the MQTT load balancer"),
        column("message", "string", ".status.message", "What is going on"),
        column("age", "date", ".metadata.creationTimestamp", "Time since it was made"),
    ]


def crd() -> dict[str, Any]:
    """The complete CustomResourceDefinition (apiextensions.k8s.io/v1), the same dict at every call."""
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": names.CRD_NAME},
        "spec": {
            "group": names.GROUP,
            "scope": "Namespaced",
            "names": {
                "kind": names.KIND,
                "listKind": names.LIST_KIND,
                "plural": names.PLURAL,
                "singular": names.SINGULAR,
                "shortNames": [names.SHORT_NAME],
                "categories": ["all", "hivemq"],
            },
            "versions": [
                {
                    "name": names.VERSION,
                    "served": True,
                    "storage": True,
                    "schema": {"openAPIV3Schema": resource_schema()},
                    "subresources": {
                        "status": {},
                        "scale": {
                            "specReplicasPath": ".spec.nodeCount",
                            "statusReplicasPath": ".status.scale",
                            "labelSelectorPath": ".status.selector",
                        },
                    },
                    "additionalPrinterColumns": _columns(),
                }
            ],
        },
    }
