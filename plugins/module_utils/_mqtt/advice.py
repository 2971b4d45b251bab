# Copyright: (c) 2026, the beekeeper.hivemq authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The next step for each way in which an MQTT probe can fail.

This module util is private to the collection. It can change at any time.
"""

from __future__ import annotations

from collections.abc import Sequence

DNS = (
    "Check the name. A Service's name resolves only inside the Kubernetes cluster: from outside, use the address that "
    "'kubectl get service' shows under EXTERNAL-IP, or run the probe where the name resolves"
)
TLS_FILES = (
    "Check that the file exists where the probe runs, is readable and PEM encoded, and that its key has no passphrase"
)
NOT_MQTT = (
    "Check that the port belongs to an MQTT listener: a TLS listener needs 'tls: true', "
    "a WebSocket listener can't be probed; or choose the other 'protocol'"
)
_EVENT_LOG = "The broker notes the reason with the client id in its log"


def paho_missing(python: str, detail: str) -> tuple[str, str]:
    """Message and next step when the MQTT client library is missing in the interpreter `python`."""
    return (
        f"The probe needs paho-mqtt 2.0 or newer in {python} ({detail})",
        f"Install it there: {python} -m pip install 'paho-mqtt>=2.0'",
    )


def for_tcp(refusals: Sequence[str]) -> str:
    text = " ".join(refusals).lower()
    if "refused" in text:
        return (
            "Nothing listens there (yet): check the port, and whether the Service has ready endpoints "
            "('kubectl get endpointslices')"
        )
    if "no answer" in text:
        return "Packets get lost on the way: check the address, firewalls, network policies and the load balancer"
    return "Check the address and the route to it"


def for_tls(reason: str) -> str:
    if "wrong version number" in reason or "record layer failure" in reason:
        return "The port doesn't speak TLS: use the TLS listener's port, or 'tls: false'"
    if "mismatch" in reason or "not valid for" in reason:
        return "Set 'server_name' to a name that is in the certificate"
    if "expired" in reason or "not yet valid" in reason:
        return "Renew the broker's certificate, or correct the clock"
    if "self-signed" in reason or "self signed" in reason or "unable to get" in reason or "issuer" in reason:
        return "Give the certificate authority that signed the broker's certificate as 'ca_cert'"
    if "alert" in reason or "certificate required" in reason:
        return (
            "The broker refused the handshake: it may ask for a client certificate ('client_cert', 'client_key') "
            "or for another TLS version"
        )
    return "Check that the port is a TLS listener, and its certificate and TLS versions"


def for_connack(name: str) -> str:
    steps = {
        "Not authorized": (
            "Check username, password, client id and the broker's access-control extension; "
            "without any such extension a HiveMQ broker refuses everybody"
        ),
        "Bad user name or password": "Check 'username' and 'password'",
        "Client identifier not valid": "Set a 'client_id' that the broker allows",
        "Unsupported protocol version": "Choose the other 'protocol'",
        "Server unavailable": "The broker starts, stops or is overloaded: look at its log, or raise 'wait_timeout'",
        "Server busy": "The broker is overloaded: look at its log, or raise 'wait_timeout'",
        "Connection rate exceeded": "The broker limits new connections: raise 'wait_timeout'",
        "Banned": "The broker has banned this client: lift the ban or use another 'client_id'",
        "Use another server": "Probe the server that the broker points to",
        "Server moved": "Probe the server that the broker points to",
    }
    return steps.get(name, _EVENT_LOG)


def for_subscription(name: str) -> str:
    if name == "Not authorized":
        return "Allow this client to subscribe below 'topic_prefix', or choose a prefix that it may use"
    if name == "Granted QoS 0":
        return "The broker's highest QoS is 0 (HiveMQ: max-qos in the MQTT configuration); the probe needs QoS 1"
    return f"Check 'topic_prefix' and the broker's limits. {_EVENT_LOG}"


def for_publish(name: str) -> str:
    if name == "Not authorized":
        return "Allow this client to publish below 'topic_prefix', or choose a prefix that it may use"
    if name == "Quota exceeded":
        return "The broker's limit is reached: look at its overload protection and its message limits"
    return f"Check 'topic_prefix', 'payload_size' and the broker's limits. {_EVENT_LOG}"


def for_disconnect(stage: str) -> str:
    if stage == "connect":
        return (
            "Check that the port is an MQTT listener; a TLS listener closes plain connections (set 'tls: true'). "
            f"{_EVENT_LOG}"
        )
    return (
        f"{_EVENT_LOG}; a broker ends a connection that isn't allowed to use the topic, "
        "or whose client id connects once more elsewhere"
    )


def for_silence(stage: str) -> str:
    if stage == "dns":
        return "Check the name server in /etc/resolv.conf, or give an IP address"
    if stage in ("tcp", "tls"):
        return "Check firewalls, network policies and the load balancer, or raise 'timeout'"
    if stage == "connect":
        return (
            "The port accepts connections but doesn't answer MQTT: check that it is an MQTT listener, "
            "with or without TLS as asked, and the broker's load; or raise 'timeout'"
        )
    if stage == "receive":
        return (
            "The broker accepted the message but didn't deliver it: check that its nodes form one cluster, "
            "its permissions and its overload state; or raise 'timeout'"
        )
    return "The broker is slow or stuck: look at its log and its load, or raise 'timeout'"
