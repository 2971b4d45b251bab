# Copyright: (c) 2026, the beekeeper.hivemq authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an MQTT probe is asked for, what it found, and how it failed.

This module util is private to the collection. It can change at any time.
"""

from __future__ import annotations

import statistics
from dataclasses import dataclass, field
from typing import Any

MINIMUM_PAYLOAD = 32
"""Bytes: room for the mark that tells our messages from any others."""


class ProbeError(Exception):
    """A stage of the probe failed.

    `stage` is one of client, tls_files, dns, tcp, tls, connect, subscribe, publish, receive.
    """

    def __init__(self, stage: str, message: str, next_step: str, *, retry: bool = True) -> None:
        super().__init__(f"{message}. {next_step}")
        self.stage = stage
        self.message = message
        self.next_step = next_step
        self.retry = retry  # False: trying again can't help, for example when a certificate file is missing


@dataclass(frozen=True)
class Tls:
    """How to do TLS. The files are paths; without `ca_cert` the system's authorities are trusted."""

    ca_cert: str | None = None
    client_cert: str | None = None
    client_key: str | None = None
    validate_certs: bool = True
    server_name: str | None = None  # sent as SNI and expected in the certificate; default: the host


@dataclass(frozen=True)
class Options:
    """What to probe. `timeout` is the deadline in seconds of one try, from name resolution to the last message."""

    host: str
    port: int = 1883
    protocol: str = "5"  # "5" or "3.1.1"
    tls: Tls | None = None
    username: str | None = None
    password: str | None = field(default=None, repr=False)
    client_id: str | None = None
    topic_prefix: str = "beekeeper/probe"
    count: int = 1
    payload_size: int = 64  # bytes, at least MINIMUM_PAYLOAD
    timeout: float = 10.0

    @property
    def url(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{'mqtts' if self.tls else 'mqtt'}://{host}:{self.port}"


@dataclass(frozen=True)
class Result:
    """What was measured; times in milliseconds."""

    address: str  # "10.0.0.7:1883", the peer of the TCP connection
    protocol: str
    client_id: str
    topic: str
    connect_ms: float  # TCP, TLS and CONNECT until CONNACK; without name resolution
    subscribe_ms: float
    round_trips_ms: list[float]  # one per message: from PUBLISH until the same message came back
    reason_codes: dict[str, str]
    session_present: bool
    attempts: int = 1

    def as_dict(self) -> dict[str, Any]:
        return {
            "address": self.address,
            "protocol": self.protocol,
            "client_id": self.client_id,
            "topic": self.topic,
            "connect_ms": self.connect_ms,
            "subscribe_ms": self.subscribe_ms,
            "round_trip_ms": {
                "min": min(self.round_trips_ms),
                "median": round(statistics.median(self.round_trips_ms), 3),
                "max": max(self.round_trips_ms),
            },
            "messages": len(self.round_trips_ms),
            "reason_codes": self.reason_codes,
            "session_present": self.session_present,
            "attempts": self.attempts,
        }
