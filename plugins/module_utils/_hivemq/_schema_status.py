# Copyright: (c) 2026, the beekeeper.hivemq authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Schema of `status` of a HiveMQCluster."""

from __future__ import annotations

from .schema import Schema, array, boolean, described, integer, obj, string

STATES = ("Pending", "Creating", "Running", "Updating", "Degraded", "Failed", "Deleting")


def _condition() -> Schema:
    return obj(
        {
            "type": described(
                string(min_length=1),
                "Accepted (the spec is sound), Created (all brokers have been ready at least once), AllNodesReady, "
                "AllServicesReady, or Ready (everything asked for is there).",
            ),
            "status": described(string(enum=("True", "False", "Unknown")), "Whether it holds."),
            "reason": described(string(), "One word for machines."),
            "message": described(string(), "The same for people."),
            "observedGeneration": described(integer(0, bits=64), "Generation of the spec it was computed for."),
            "lastTransitionTime": described(
                {**string(), "format": "date-time"}, "When status changed last (RFC 3339, UTC)."
            ),
        },
        ["type", "status"],
    )


def _extension_state() -> Schema:
    return obj(
        {
            "name": described(string(), "Name of the extension."),
            "enabled": described(boolean(), "Whether it is enabled."),
            "configMap": described(string(), "ConfigMap with its files."),
            "static": described(boolean(), "As in the spec."),
            "extensionUri": described(string(), "As in the spec."),
        },
        ["name"],
    )


def status_schema() -> Schema:
    """The schema of `status`."""
    count = integer(0)
    port_status = obj(
        {
            "name": described(string(), "Name of the port."),
            "port": described(integer(1, 65535), "Port of the Service."),
            "address": described(string(), "Address or host name of the load balancer."),
        }
    )
    nodes = obj(
        {
            "desired": described(count, "Brokers asked for."),
            "current": described(count, "Broker pods that exist."),
            "ready": described(count, "Brokers that accept MQTT connections."),
            "updated": described(count, "Brokers that run the newest pod template."),
        }
    )
    return described(
        obj(
            {
                "state": described(
                    string(enum=STATES),
                    "State of the cluster. Pending: waits for room on a node; Creating: being made for the first time; "
                    "Running: as asked for; Updating: a change is on its way; Degraded: brokers are missing or not "
                    "ready; Failed: refused or stuck, the message says why; Deleting: being removed.",
                ),
                "message": described(string(), "What is going on, for people."),
                "previousState": described(string(), "The state before this one."),
                "observedGeneration": described(integer(0, bits=64), "Generation of the spec this status is about."),
                "scale": described(count, "Broker pods that exist, for the scale subresource."),
                "selector": described(string(), "Label selector of the broker pods, for the scale subresource."),
                "nodes": described(nodes, "Counts of brokers."),
                "portStatus": described(array(port_status), "Addresses of the load balancers, the mqtt port first."),
                "warnings": described(array(string()), "What is accepted but probably not meant."),
                "conditions": described(array(_condition(), keys=["type"]), "Conditions of the cluster."),
                "extensionState": described(
                    array(_extension_state()), "The extensions last applied to all brokers, as in the spec."
                ),
            }
        ),
        "What the operator saw last. Written by the operator only.",
    )
