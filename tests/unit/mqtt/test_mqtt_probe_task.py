# Copyright: (c) 2026, the beekeeper.hivemq authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The probe as a task: options, check mode, failures."""

from __future__ import annotations

from typing import Any

import pytest
import yaml
from ansible_collections.beekeeper.hivemq.plugins.module_utils._task import mqtt_probe
from ansible_collections.beekeeper.hivemq.plugins.module_utils._task.host import TaskFailure
from ansible_collections.beekeeper.hivemq.plugins.modules import hivemq_mqtt_probe

from .fake_peer import Wire, fake_peer


class Host:
    """A task host that only keeps what it is told."""

    client = None
    diff = False

    def __init__(self, check_mode: bool = False, **params: Any) -> None:
        defaults = {name: spec.get("default") for name, spec in mqtt_probe.ARGUMENT_SPEC.items()}
        self.params: dict[str, Any] = {**defaults, "host": "127.0.0.1", **params}
        self.check_mode = check_mode
        self.lines: list[str] = []

    def progress(self, line: str) -> None:
        self.lines.append(line)


def run(**params: Any) -> dict[str, Any]:
    return mqtt_probe.run(Host(**params))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("params", "words"),
    [
        ({"port": 0}, "port is 0, but must be between 1 and 65535"),
        ({"count": 1001}, "count is 1001, but must be between 1 and 1000"),
        ({"payload_size": 31}, "payload_size is 31"),
        ({"timeout": 0}, "timeout is 0"),
        ({"wait_timeout": -1}, "wait_timeout is -1"),
        ({"topic_prefix": "a/#"}, "topic_prefix is 'a/#', but must be a topic name"),
        ({"topic_prefix": "/"}, "topic_prefix is '/'"),
        ({"topic_prefix": "$SYS/x"}, r"topic_prefix is '\$SYS/x'"),
        ({"client_id": "x" * 70000}, "client_id is 70000 bytes long"),
        ({"host": " "}, "host is empty"),
        ({"ca_cert": "/a", "server_name": "b"}, "ca_cert and server_name would have no effect without TLS"),
    ],
)
def test_bad_options(params: dict[str, Any], words: str) -> None:
    with pytest.raises(TaskFailure, match=words) as caught:
        run(**params)
    assert caught.value.code == "BadOption"


@pytest.mark.parametrize(
    ("params", "url"),
    [
        ({}, "mqtt://127.0.0.1:1883"),
        ({"tls": True}, "mqtts://127.0.0.1:8883"),
        ({"tls": True, "port": 443, "host": "::1"}, "mqtts://[::1]:443"),
    ],
)
def test_check_mode_sends_nothing(params: dict[str, Any], url: str) -> None:
    result = run(check_mode=True, **params)
    assert result["changed"] is False
    assert result["skipped"] is True
    assert result["probe"] is None
    assert url in result["msg"]


def test_failure_says_stage_object_and_next_step() -> None:
    def refuse(wire: Wire) -> None:
        wire.packet()
        wire.send(0x20, 3, 0, 0x87, 0)
        wire.until_closed()

    with fake_peer(refuse) as port, pytest.raises(TaskFailure, match="'Not authorized'") as caught:
        run(port=port)
    assert caught.value.code == "connect"
    assert caught.value.subject == f"mqtt://127.0.0.1:{port}"
    assert str(caught.value).endswith(caught.value.next_step)


def test_the_library_is_found() -> None:
    assert mqtt_probe.missing_libraries() == []


def test_documented_options_are_the_spec() -> None:
    documented = yaml.safe_load(hivemq_mqtt_probe.DOCUMENTATION)["options"]
    assert documented.keys() == mqtt_probe.ARGUMENT_SPEC.keys()
    for name, spec in mqtt_probe.ARGUMENT_SPEC.items():
        assert documented[name]["type"] == spec["type"]
        assert documented[name].get("default") == spec.get("default"), name
