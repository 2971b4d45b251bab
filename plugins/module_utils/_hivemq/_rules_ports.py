# Copyright: (c) 2026, the beekeeper.hivemq authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rules about names and ports."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from . import names
from .spec import Cluster
from .structure import shown
from .violation import Violation

_LABEL = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?")


def name_rules(cluster: Cluster) -> Iterator[Violation]:
    """The name of the resource, of which all other names are made."""
    if not _LABEL.fullmatch(cluster.name):
        yield Violation(
            "name-label",
            "metadata.name",
            f"is {shown(cluster.name)}, must consist of a-z, 0-9 and - and start and end with a letter or digit",
            "Services and host names of the brokers are made of it",
            "choose another name",
        )
    longest = names.max_cluster_name(tuple(port.name for port in cluster.spec.ports))
    if len(cluster.name) > longest:
        yield Violation(
            "name-length",
            "metadata.name",
            f"has {len(cluster.name)} characters, must have at most {longest} with these port names",
            "Service names hivemq-<cluster>-<port> and pod labels end at 63 characters",
            "choose a shorter name, or shorter names of ports",
        )


def port_rules(cluster: Cluster, spec: Mapping[str, Any]) -> Iterator[Violation]:
    """The ports themselves."""
    given = spec.get("ports")
    ports = cluster.spec.ports
    if given is not None and (not given or ports[0].name != names.MQTT_PORT):
        position = next((index for index, port in enumerate(ports) if port.name == names.MQTT_PORT), None)
        yield Violation(
            "ports-mqtt-first",
            "spec.ports",
            "has no port named mqtt" if position is None else f"has the port mqtt at position {position + 1}",
            "probes, the status and the vendor's tools take the first port for MQTT",
            "make {name: mqtt, port: 1883, expose: true} the first item",
        )
    numbers: dict[int, str] = {}
    for index, port in enumerate(ports):
        added = index >= len(given or ())
        path = "spec.ports" if added else f"spec.ports[{index}]"
        if not added:
            yield from _port_name(port.name, f"{path}.name")
        if port.port in numbers:
            which = f"port {port.name} (added by default)" if added else f"port {port.name}"
            yield Violation(
                "port-number-duplicate",
                path if added else f"{path}.port",
                f"{which} has the number {port.port} of port {numbers[port.port]}",
                "a broker can listen on a number only once",
                f"choose another number, or give {port.name} one of its own",
            )
        numbers.setdefault(port.port, port.name)


def _port_name(name: str, path: str) -> Iterator[Violation]:
    sound = _LABEL.fullmatch(name) and len(name) <= 15 and "--" not in name and re.search("[a-z]", name)
    if not sound:
        yield Violation(
            "port-name",
            path,
            f"is {shown(name)}, must have at most 15 of a-z, 0-9 and single -, with at least one letter",
            "Kubernetes refuses other names of ports",
            "choose another name",
        )
