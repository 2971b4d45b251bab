# Copyright: (c) 2026, the beekeeper.hivemq authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The probe against a real MQTT 3.1.1 broker on loopback, plain and with TLS (MQTT 5 is the lab's part)."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

pytest.importorskip("amqtt", reason="the real broker for these tests, see requirements-dev.txt")

import trustme
from ansible_collections.beekeeper.hivemq.plugins.module_utils._mqtt.model import Options, ProbeError, Result, Tls
from ansible_collections.beekeeper.hivemq.plugins.module_utils._mqtt.probe import probe

from .real_broker import broker


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as sock:
        return int(sock.getsockname()[1])


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    with broker(free_port()) as port:
        yield port


@pytest.fixture(scope="module")
def tls_port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[int, Path]]:
    """A broker with a certificate for "broker.example", and the directory with ca.pem, client.pem and other-ca.pem."""
    folder = tmp_path_factory.mktemp("tls")
    authority = trustme.CA()
    certificate = authority.issue_cert("broker.example")
    authority.cert_pem.write_to_path(str(folder / "ca.pem"))
    certificate.cert_chain_pems[0].write_to_path(str(folder / "cert.pem"))
    certificate.private_key_pem.write_to_path(str(folder / "key.pem"))
    trustme.CA().cert_pem.write_to_path(str(folder / "other-ca.pem"))
    with broker(free_port(), ssl=True, certfile=str(folder / "cert.pem"), keyfile=str(folder / "key.pem")) as port:
        yield port, folder


def try_probe(port: int, **options: object) -> Result:
    return probe(Options("127.0.0.1", port, protocol="3.1.1", **options))  # type: ignore[arg-type]


def failure(port: int, **options: object) -> ProbeError:
    with pytest.raises(ProbeError) as caught:
        try_probe(port, **options)
    return caught.value


def test_round_trip(port: int) -> None:
    result = try_probe(port, count=20, payload_size=1000).as_dict()
    assert result["address"] == f"127.0.0.1:{port}"
    assert result["reason_codes"] == {"connect": "Success", "subscribe": "Granted QoS 1", "publish": "Success"}
    assert result["messages"] == 20
    assert result["session_present"] is False
    assert result["attempts"] == 1
    times = result["round_trip_ms"]
    assert 0 < times["min"] <= times["median"] <= times["max"] < 10_000
    assert result["connect_ms"] > 0
    assert result["subscribe_ms"] > 0


def test_messages_are_not_held_back_by_the_kernel(port: int) -> None:
    """With Nagle's algorithm every message after the first takes 40 ms and more."""
    assert try_probe(port, count=20).as_dict()["round_trip_ms"]["median"] < 35


def test_each_probe_has_its_own_topic_and_client(port: int) -> None:
    first, second = try_probe(port), try_probe(port)
    assert first.topic != second.topic
    assert first.client_id != second.client_id
    assert len(first.client_id) <= 23
    assert first.client_id.isalnum()


def test_given_names_are_used(port: int) -> None:
    result = try_probe(port, client_id="mine", topic_prefix="a/b/")
    assert result.client_id == "mine"
    assert result.topic.startswith("a/b/")
    assert "//" not in result.topic


def test_refused_client() -> None:
    with broker(free_port(), anonymous=False) as port:
        error = failure(port)
    assert error.stage == "connect"
    assert "refused the connection: 'Not authorized'" in error.message
    assert "username" in error.next_step


def test_tls_with_the_wanted_name(tls_port: tuple[int, Path]) -> None:
    port, folder = tls_port
    result = try_probe(port, tls=Tls(ca_cert=str(folder / "ca.pem"), server_name="broker.example"))
    assert result.reason_codes["connect"] == "Success"


def test_tls_without_validation(tls_port: tuple[int, Path]) -> None:
    assert try_probe(tls_port[0], tls=Tls(validate_certs=False)).reason_codes["connect"] == "Success"


@pytest.mark.parametrize(
    ("ca", "name", "message", "next_step"),
    [
        ("other-ca.pem", "broker.example", "unable to get local issuer certificate|self.signed", "ca_cert"),
        ("ca.pem", "elsewhere.example", "certificate is not valid for 'elsewhere.example'", "server_name"),
        ("ca.pem", None, "certificate is not valid for '127.0.0.1'", "server_name"),
    ],
)
def test_tls_refused_by_us(tls_port: tuple[int, Path], ca: str, name: str | None, message: str, next_step: str) -> None:
    port, folder = tls_port
    error = failure(port, tls=Tls(ca_cert=str(folder / ca), server_name=name))
    assert error.stage == "tls"
    assert any(part in error.message for part in message.split("|"))
    assert next_step in error.next_step


def test_tls_to_a_plain_listener(port: int) -> None:
    error = failure(port, tls=Tls(validate_certs=False), timeout=3)
    assert error.stage == "tls"


def test_plain_to_a_tls_listener(tls_port: tuple[int, Path]) -> None:
    error = failure(tls_port[0], timeout=3)
    assert error.stage == "connect"
    assert "tls: true" in error.next_step


@pytest.mark.parametrize("option", ["ca_cert", "client_cert"])
def test_missing_tls_file_is_named_and_not_tried_again(port: int, tmp_path: Path, option: str) -> None:
    missing = str(tmp_path / "missing.pem")
    with pytest.raises(ProbeError) as caught:
        probe(Options("127.0.0.1", port, tls=Tls(**{option: missing})), wait_timeout=60)  # type: ignore[arg-type]
    assert caught.value.stage == "tls_files"
    assert missing in caught.value.message
    assert "No such file" in caught.value.message
    assert caught.value.retry is False


def test_waits_until_the_broker_is_there() -> None:
    """The broker starts while the probe pauses after its first try."""
    port = free_port()
    lines: list[str] = []
    with ExitStack() as stack:
        result = probe(
            Options("127.0.0.1", port, protocol="3.1.1"),
            wait_timeout=60,
            progress=lines.append,
            wait=lambda seconds: stack.enter_context(broker(port)),
        )
    assert result.attempts == 2
    assert len(lines) == 1
    assert "try 1 failed" in lines[0]
    assert "Connection refused" in lines[0]
