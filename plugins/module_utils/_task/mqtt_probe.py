# Copyright: (c) 2026, the beekeeper.hivemq authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What hivemq_mqtt_probe does. This module util is private to the collection. It can change at any time."""

from __future__ import annotations

from typing import Any

from .._mqtt.model import MINIMUM_PAYLOAD, Options, ProbeError, Tls
from .._mqtt.probe import import_paho, probe
from .host import TaskFailure, TaskHost

ARGUMENT_SPEC: dict[str, Any] = {
    "host": {"type": "str", "required": True},
    "port": {"type": "int"},
    "protocol": {"type": "str", "choices": ["3.1.1", "5"], "default": "5"},
    "tls": {"type": "bool", "default": False},
    "ca_cert": {"type": "path"},
    "client_cert": {"type": "path"},
    "client_key": {"type": "path", "no_log": False},
    "validate_certs": {"type": "bool", "default": True},
    "server_name": {"type": "str"},
    "username": {"type": "str"},
    "password": {"type": "str", "no_log": True},
    "client_id": {"type": "str"},
    "topic_prefix": {"type": "str", "default": "beekeeper/probe"},
    "count": {"type": "int", "default": 1},
    "payload_size": {"type": "int", "default": 64},
    "timeout": {"type": "float", "default": 10.0},
    "wait_timeout": {"type": "int", "default": 0},
}
OPTIONS: dict[str, Any] = {"required_by": {"client_key": ("client_cert",), "password": ("username",)}}

_BOUNDS = {
    "port": (1, 65535),
    "count": (1, 1000),
    "payload_size": (MINIMUM_PAYLOAD, 1024 * 1024),
    "timeout": (0.1, 300),
    "wait_timeout": (0, 86400),
}
_LONGEST_TEXT = 65000


def missing_libraries() -> list[str]:
    """The requirements that this interpreter lacks."""
    try:
        import_paho()
    except ProbeError:
        return ["paho-mqtt>=2.0"]
    return []


def run(host: TaskHost) -> dict[str, Any]:
    """Probe the broker. Returns `probe`, the measures as `_mqtt.model.Result.as_dict` has them; None in check mode."""
    options = _options(host.params)
    if host.check_mode:
        rounds = "one message" if options.count == 1 else f"{options.count} messages"
        text = (
            f"Check mode: would send {rounds} through {options.url} by MQTT {options.protocol} and wait for the return"
        )
        return {"changed": False, "skipped": True, "msg": text, "probe": None}
    try:
        result = probe(options, wait_timeout=host.params["wait_timeout"], progress=host.progress)
    except ProbeError as error:
        raise TaskFailure(
            error.message, next_step=f"{error.next_step}.", code=error.stage, subject=options.url
        ) from error
    return {"changed": False, "probe": result.as_dict()}


def _options(params: dict[str, Any]) -> Options:
    """Check the parameters beyond their types."""
    for name, (least, most) in _BOUNDS.items():
        value = params[name]
        if value is not None and not least <= value <= most:
            raise TaskFailure(f"{name} is {value:g}, but must be between {least} and {most}", code="BadOption")
    for name in ("host", "username", "password", "client_id", "topic_prefix"):
        size = len((params[name] or "").encode())
        if size > _LONGEST_TEXT:  # MQTT writes the length of a text into two bytes; the topic gets a name appended
            raise TaskFailure(
                f"{name} is {size} bytes long, but at most {_LONGEST_TEXT} are possible", code="BadOption"
            )
    if not params["host"].strip():
        raise TaskFailure("host is empty", next_step="Name the broker's host, or its address.", code="BadOption")
    prefix = params["topic_prefix"]
    if not prefix.strip("/") or prefix.startswith("$") or any(sign in prefix for sign in "#+\0"):
        raise TaskFailure(
            f"topic_prefix is '{prefix}', but must be a topic name",
            next_step="Use one that is not empty, doesn't start with '$' and has neither '#' nor '+'.",
            code="BadOption",
        )
    tls = None
    if params["tls"]:
        names = ("ca_cert", "client_cert", "client_key", "validate_certs", "server_name")
        tls = Tls(**{name: params[name] for name in names})
    elif given := [name for name in ("ca_cert", "client_cert", "client_key", "server_name") if params[name]]:
        raise TaskFailure(
            f"{' and '.join(given)} would have no effect without TLS", next_step="Set 'tls: true'.", code="BadOption"
        )
    same = ("host", "protocol", "username", "password", "client_id", "topic_prefix", "count", "payload_size", "timeout")
    return Options(port=params["port"] or (8883 if tls else 1883), tls=tls, **{name: params[name] for name in same})
