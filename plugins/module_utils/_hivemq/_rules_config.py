# Copyright: (c) 2026, the beekeeper.hivemq authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rules about config.xml, the cluster as a whole, and what a Community Edition can't do."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from . import _environment, config_xml, names
from ._rules_security import file_rules
from .config_xml import Inspection, XmlError
from .spec import Cluster
from .structure import shown
from .violation import Violation

_PROPERTY = re.compile(r"(?:^|\s)-D([^=\s]+)=")
_DNS_SUFFIX = re.compile(r"[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?\.?")
# Enterprise stops; Community logs an error and goes on with a default configuration (tried with 2025.5).
_WELL_FORMED = "a broker refuses to start with it, or drops the whole file for a default one"


def config_rules(cluster: Cluster, spec: Mapping[str, Any]) -> Iterator[Violation]:
    """config.xml: first each part by itself, then the document the broker will read."""
    broken = False
    for violation in _parts(cluster):
        broken = broken or violation.severity == "error"
        yield violation
    if broken:
        return
    try:
        document = config_xml.inspect(config_xml.render(cluster.spec))
    except XmlError as error:  # two sound parts can make a broken whole: the marker inside an attribute
        yield Violation("config-xml", "spec.configOverride", f"with the listeners in place {error}", _WELL_FORMED,
                        f"put {config_xml.LISTENER_MARKER} between <listeners> and </listeners>")  # fmt: skip
        return
    path = "spec.configOverride" if cluster.spec.config_override else "spec.listenerConfiguration"
    if cluster.spec.config_override and spec.get("listenerConfiguration"):
        yield from _marker(cluster)
    yield from _rest_api_use(cluster)
    if cluster.spec.community:
        yield from _community_elements(document)
    yield from _placeholders(cluster, document, path)
    yield from _listener_ports(cluster, document, path)
    yield from file_rules(cluster, document, path)


def _parts(cluster: Cluster) -> Iterator[Violation]:
    try:
        listeners = config_xml.inspect(config_xml.listeners_document(cluster.spec.listener_configuration))
    except XmlError as error:
        yield Violation("listener-xml", "spec.listenerConfiguration", str(error), _WELL_FORMED, "correct the XML")
    else:
        found = listeners.children("hivemq", "listeners")
        if not found or "listeners" in found or "hivemq" in found:
            yield Violation(
                "listener-body",
                "spec.listenerConfiguration",
                f"must be the inside of <listeners>, has {', '.join(found)[:100] or 'no element'}",
                _WELL_FORMED,
                "write one or more elements such as <tcp-listener>",
            )
    if cluster.spec.rest_api_configuration:
        yield from _rest_api(cluster.spec.rest_api_configuration)
    if cluster.spec.config_override:
        try:
            override = config_xml.inspect(cluster.spec.config_override)
        except XmlError as error:
            yield Violation("config-xml", "spec.configOverride", str(error), _WELL_FORMED, "correct the XML")
        else:
            if override.elements[0][0] != ("hivemq",):
                yield Violation("config-root", "spec.configOverride",
                                f"has the root element {shown(override.elements[0][0][0])}, must be hivemq",
                                _WELL_FORMED, "write <hivemq> around it")  # fmt: skip


def _rest_api(text: str) -> Iterator[Violation]:
    try:
        found = config_xml.inspect(config_xml.rest_api_document(text)).children("hivemq")
    except XmlError as error:
        yield Violation("rest-api-xml", "spec.restApiConfiguration", str(error), _WELL_FORMED, "correct the XML")
        return
    if found != ["rest-api"]:
        yield Violation(
            "rest-api-element",
            "spec.restApiConfiguration",
            f"must be one element <rest-api>, has {', '.join(found)[:100] or 'no element'}",
            _WELL_FORMED,
            "write <rest-api> around it",
        )


def _rest_api_use(cluster: Cluster) -> Iterator[Violation]:
    text, override = cluster.spec.rest_api_configuration, cluster.spec.config_override
    # The vendor's chart gives the empty element always.
    if re.fullmatch(r"<rest-api\s*/>|", text):
        return
    if cluster.spec.community:
        yield Violation("community-setting", "spec.restApiConfiguration", "has no effect in a Community Edition", "",
                        "remove it, or use an Enterprise image", "warning")  # fmt: skip
    elif override and config_xml.REST_API_MARKER not in override:
        yield Violation(
            "rest-api-unused",
            "spec.restApiConfiguration",
            f"has no effect, because configOverride lacks {config_xml.REST_API_MARKER}",
            "",
            f"write {config_xml.REST_API_MARKER} inside <hivemq> of configOverride, or remove the field",
            "warning",
        )


def _marker(cluster: Cluster) -> Iterator[Violation]:
    if config_xml.LISTENER_MARKER not in cluster.spec.config_override:
        yield Violation(
            "listener-unused",
            "spec.listenerConfiguration",
            "has no effect, because configOverride has listeners of its own",
            "",
            f"write {config_xml.LISTENER_MARKER} inside <listeners> of configOverride, or remove the field",
            "warning",
        )


def _community_elements(document: Inspection) -> Iterator[Violation]:
    unknown = [name for name in document.children("hivemq") if name not in config_xml.COMMUNITY_ELEMENTS]
    if unknown:
        yield Violation(
            "community-element",
            "spec.configOverride",
            f"has <{'>, <'.join(dict.fromkeys(unknown))[:200]}>, which a Community Edition does not know",
            "it has no effect there",
            "remove it, or use an Enterprise image",
            "warning",
        )


def _placeholders(cluster: Cluster, document: Inspection, path: str) -> Iterator[Violation]:
    known = {variable["name"] for variable in _environment.environment(cluster)}
    known |= _environment.FROM_KUBERNETES | set(_PROPERTY.findall(cluster.spec.java_options))
    if not cluster.spec.community:
        known |= _environment.FROM_IMAGE
    in_rest_api = set(config_xml.placeholders(cluster.spec.rest_api_configuration))
    for name in document.placeholders:
        # Newer Enterprise versions know more forms, such as a file's content; those are theirs to judge.
        if name not in known and ":" not in name:
            yield Violation(
                "placeholder-unset",
                "spec.restApiConfiguration" if name in in_rest_api else path,
                f"refers to {shown(name)} (as ${{...}}), which no variable of env sets",
                f"unless the image sets it, {_WELL_FORMED}",
                "add it to env",
                "warning",
            )


def _listener_ports(cluster: Cluster, document: Inspection, path: str) -> Iterator[Violation]:
    values = {
        variable["name"]: str(variable.get("value", "")) for variable in _environment.environment(cluster)
        if "valueFrom" not in variable
    }  # fmt: skip
    texts = document.texts("hivemq", "listeners", "*", "port")
    ports = [values.get(text[2:-1], text) if text.startswith("${") and text.endswith("}") else text for text in texts]
    for number in dict.fromkeys(ports):
        if ports.count(number) > 1:
            yield Violation("listener-port-clash", path, f"has {ports.count(number)} listeners on port "
                            f"{shown(number)}", "only one can have it, the broker refuses to start",
                            "give each listener a port of its own")  # fmt: skip
    # A configOverride may move or leave out the control centre; what is made here has both.
    own = (names.CONTROL_CENTER_PORT, names.CLUSTER_PORT)
    for name in () if cluster.spec.community or cluster.spec.config_override else own:
        if str(cluster.spec.port(name).port) in ports:
            yield Violation("listener-port-taken", path, f"has a listener on the port {name}, "
                            f"{cluster.spec.port(name).port}", "the broker itself listens there, one of both fails",
                            f"give the listener a port of its own, or change the number of {name}")  # fmt: skip
    mqtt = cluster.spec.port(names.MQTT_PORT).port
    understood = all(number.isascii() and number.isdigit() and len(number) < 7 for number in ports)
    if understood and str(mqtt) not in [str(int(number)) for number in ports]:
        yield Violation(
            "listener-mqtt-missing",
            path,
            f"has no listener on the mqtt port {mqtt} (listeners: {', '.join(ports)[:100] or 'none'})",
            "the brokers are asked for readiness on that port and would never get ready",
            "use ${HIVEMQ_MQTT_PORT} in a listener, or change the port mqtt",
        )
        return
    there = {str(port.port) for port in cluster.spec.ports}
    for number in dict.fromkeys(ports):
        if number.isascii() and number.isdigit() and len(number) < 7 and str(int(number)) not in there:
            yield Violation("listener-unexposed", path, f"has a listener on port {int(number)}, which ports lacks",
                            "no Service can reach it", f"add a port with the number {int(number)} and expose: true, or "
                            "remove the listener", "warning")  # fmt: skip


def cluster_rules(cluster: Cluster, spec: Mapping[str, Any]) -> Iterator[Violation]:
    """The cluster as a whole."""
    nodes, copies = cluster.spec.node_count, cluster.spec.cluster_replica_count
    if not _DNS_SUFFIX.fullmatch(cluster.spec.dns_suffix):
        yield Violation("dns-suffix", "spec.dnsSuffix", f"is {shown(cluster.spec.dns_suffix)}, which is no domain",
                        "brokers would not find each other", "write svc.<domain of the cluster>.")  # fmt: skip
    if cluster.spec.community:
        yield from _community(cluster, spec)
    elif copies == 1 and nodes > 1:
        yield Violation(
            "replicas-one",
            "spec.clusterReplicaCount",
            f"is 1, with {nodes} brokers",
            "what a broker stores is gone with it: sessions, queued and retained messages",
            "write 2 or more",
            "warning",
        )
    elif "clusterReplicaCount" in spec and copies > nodes:
        yield Violation(
            "replicas-exceed-nodes",
            "spec.clusterReplicaCount",
            f"is {copies}, with {nodes} brokers",
            "there can be no more copies than brokers",
            "raise nodeCount, or lower clusterReplicaCount",
            "warning",
        )


def _community(cluster: Cluster, spec: Mapping[str, Any]) -> Iterator[Violation]:
    if cluster.spec.node_count > 1:
        yield Violation(
            "community-no-cluster",
            "spec.nodeCount",
            f"is {cluster.spec.node_count}, and a Community Edition has no clustering",
            "the brokers share nothing: a message reaches only subscribers on the same broker",
            "set nodeCount: 1, or use an Enterprise image",
            "warning",
        )
    for name in ("clusterReplicaCount", "clusterOverloadProtection"):
        if name in spec:
            yield Violation("community-setting", f"spec.{name}", "has no effect in a Community Edition", "",
                            "remove it, or use an Enterprise image", "warning")  # fmt: skip
    if "controlCenterAuditLogEnabled" in spec.get("security", {}):
        yield Violation("community-setting", "spec.security.controlCenterAuditLogEnabled",
                        "has no effect in a Community Edition", "", "remove it, or use an Enterprise image",
                        "warning")  # fmt: skip
