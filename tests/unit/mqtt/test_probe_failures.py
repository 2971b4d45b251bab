# Copyright: (c) 2026, the beekeeper.hivemq authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every stage's failure, provoked by a fake peer that plays a script (see fake_peer.py)."""

from __future__ import annotations

import socket
import sys
import threading
from itertools import pairwise
from typing import Any

import pytest
from ansible_collections.beekeeper.hivemq.plugins.module_utils._mqtt import probe as probe_module
from ansible_collections.beekeeper.hivemq.plugins.module_utils._mqtt.model import Options, ProbeError, Tls
from ansible_collections.beekeeper.hivemq.plugins.module_utils._mqtt.probe import HEARTBEAT, probe
from hypothesis import given, settings
from hypothesis import strategies as st

from .fake_peer import Script, Wire, fake_peer

BOTH = pytest.mark.parametrize("protocol", ["3.1.1", "5"])


def failure(script: Script, protocol: str, **options: object) -> ProbeError:
    with fake_peer(script) as port, pytest.raises(ProbeError) as caught:
        probe(Options("127.0.0.1", port, protocol=protocol, **{"timeout": 5.0, **options}))  # type: ignore[arg-type]
    assert caught.value.next_step
    return caught.value


class FakeClock:
    """Time that passes only when somebody waits."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now

    def wait(self, seconds: float) -> None:
        assert seconds > 0
        self.now += seconds


@pytest.mark.parametrize(
    ("protocol", "code", "name"),
    [
        ("3.1.1", 2, "Client identifier not valid"),
        ("3.1.1", 3, "Server unavailable"),
        ("3.1.1", 4, "Bad user name or password"),
        ("3.1.1", 5, "Not authorized"),
        ("3.1.1", 1, "Unsupported protocol version"),
        ("5", 0x84, "Unsupported protocol version"),
        ("5", 0x86, "Bad user name or password"),
        ("5", 0x87, "Not authorized"),
        ("5", 0x89, "Server busy"),
        ("5", 0x9F, "Connection rate exceeded"),
    ],
)
def test_connack_refusals_are_named(protocol: str, code: int, name: str) -> None:
    def script(wire: Wire) -> None:
        wire.packet()
        wire.send(*([0x20, 3, 0, code, 0] if protocol == "5" else [0x20, 2, 0, code]))
        wire.until_closed()

    error = failure(script, protocol)
    assert error.stage == "connect"
    assert f"'{name}'" in error.message


@BOTH
def test_silent_peer(protocol: str) -> None:
    error = failure(Wire.until_closed, protocol, timeout=0.3)
    assert error.stage == "connect"
    assert "the CONNACK" in error.message
    assert "0.3 s" in error.message


@BOTH
def test_peer_hangs_up(protocol: str) -> None:
    error = failure(lambda wire: None, protocol)
    assert error.stage == "connect"
    assert "closed the connection instead of sending the CONNACK" in error.message


@BOTH
@pytest.mark.parametrize(("code", "name"), [(0x80, "Unspecified error"), (0, "Granted QoS 0")])
def test_refused_subscription(protocol: str, code: int, name: str) -> None:
    def script(wire: Wire) -> None:
        wire.accept_connect(protocol)
        wire.accept_subscribe(protocol, code)
        wire.until_closed()

    error = failure(script, protocol)
    assert error.stage == "subscribe"
    assert f"'{name}'" in error.message


@BOTH
def test_no_puback(protocol: str) -> None:
    def script(wire: Wire) -> None:
        wire.accept_connect(protocol)
        wire.accept_subscribe(protocol)
        wire.until_closed()

    error = failure(script, protocol, timeout=0.3)
    assert error.stage == "publish"
    assert "the PUBACK of message 1" in error.message


@BOTH
def test_message_never_comes_back(protocol: str) -> None:
    def script(wire: Wire) -> None:
        wire.accept_connect(protocol)
        wire.accept_subscribe(protocol)
        wire.send(0x40, 2, *wire.publish_identifier())
        wire.until_closed()

    error = failure(script, protocol, timeout=0.3)
    assert error.stage == "receive"
    assert "message 1 to come back" in error.message


def test_refused_message_is_named() -> None:
    def script(wire: Wire) -> None:
        wire.accept_connect("5")
        wire.accept_subscribe("5")
        wire.send(0x40, 3, *wire.publish_identifier(), 0x97)
        wire.until_closed()

    error = failure(script, "5")
    assert error.stage == "publish"
    assert "'Quota exceeded'" in error.message


def test_disconnect_reason_is_named() -> None:
    def script(wire: Wire) -> None:
        wire.accept_connect("5")
        wire.packet()
        wire.send(0xE0, 2, 0x87, 0)
        wire.until_closed()

    error = failure(script, "5")
    assert error.stage == "subscribe"
    assert "DISCONNECT 'Not authorized' instead of sending the SUBACK" in error.message


def test_foreign_messages_are_ignored() -> None:
    """Only the very bytes that were sent count as received."""

    def script(wire: Wire) -> None:
        wire.accept_connect("3.1.1")
        wire.accept_subscribe("3.1.1")
        identifier = wire.publish_identifier()
        wire.send(0x30, 5, 0, 1, ord("t"), ord("h"), ord("i"))
        wire.send(0x40, 2, *identifier)
        wire.until_closed()

    assert failure(script, "3.1.1", timeout=0.3).stage == "receive"


@settings(max_examples=60, deadline=None)
@given(junk=st.binary(max_size=40), protocol=st.sampled_from(["3.1.1", "5"]))
def test_any_answer_ends_in_a_clear_error(junk: bytes, protocol: str) -> None:
    def script(wire: Wire) -> None:
        wire.packet()
        wire.sock.sendall(junk)

    error = failure(script, protocol, timeout=2.0)
    assert error.message.startswith("mqtt://127.0.0.1:")


@BOTH
def test_a_web_server(protocol: str) -> None:
    def script(wire: Wire) -> None:
        wire.packet()
        wire.sock.sendall(b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n")

    assert "MQTT listener" in failure(script, protocol).next_step


def test_silent_tls_peer() -> None:
    error = failure(Wire.until_closed, "5", tls=Tls(validate_certs=False), timeout=0.3)
    assert error.stage == "tls"
    assert "no answer in time" in error.message


def test_nothing_listens() -> None:
    with socket.create_server(("127.0.0.1", 0)) as sock:
        port = sock.getsockname()[1]
    with pytest.raises(ProbeError, match=f"127.0.0.1:{port}: Connection refused") as caught:
        probe(Options("127.0.0.1", port))
    assert caught.value.stage == "tcp"
    assert "endpoints" in caught.value.next_step


@pytest.mark.parametrize(
    ("problem", "words"),
    [
        (socket.gaierror(socket.EAI_NONAME, "Name or service not known"), "Name or service not known"),
        (UnicodeError("label empty or too long"), "not a valid host name"),
    ],
)
def test_unknown_host(monkeypatch: pytest.MonkeyPatch, problem: Exception, words: str) -> None:
    def look_up(*args: object, **kwargs: object) -> None:
        raise problem

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    with pytest.raises(ProbeError, match=f"host name 'broker.example': {words}") as caught:
        probe(Options("broker.example"))
    assert caught.value.stage == "dns"
    assert "kubectl get service" in caught.value.next_step


def test_resolver_that_never_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    never = threading.Event()
    monkeypatch.setattr(socket, "getaddrinfo", lambda *args, **kwargs: never.wait(60) and [])
    try:
        with pytest.raises(ProbeError, match=r"the name server's answer about broker.example") as caught:
            probe(Options("broker.example", timeout=0.2))
    finally:
        never.set()
    assert caught.value.stage == "dns"


def test_next_address_is_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    """A name with a dead address (nothing listens on 127.0.0.2) and a living one."""

    def script(wire: Wire) -> None:
        wire.packet()
        wire.send(0x20, 3, 0, 0x87, 0)
        wire.until_closed()

    real = socket.getaddrinfo

    def look_up(host: str, *args: Any, **kwargs: Any) -> object:
        if host == "broker.example":
            return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, 0)) for address in ("127.0.0.2", "127.0.0.1")]
        return real(host, *args, **kwargs)

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    with fake_peer(script) as port, pytest.raises(ProbeError, match="'Not authorized'"):
        probe(Options("broker.example", port))


def test_missing_client_library(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in sys.modules if name.startswith("paho")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "paho", None)
    with pytest.raises(ProbeError, match=r"paho-mqtt 2\.0 or newer") as caught:
        probe(Options("127.0.0.1"), wait_timeout=60)
    assert f"{sys.executable} -m pip install" in caught.value.next_step


def test_keeps_trying_until_the_wait_is_over(monkeypatch: pytest.MonkeyPatch) -> None:
    """A line for each failed try, none later than HEARTBEAT seconds after the one before; the last failure is told."""
    clock, lines = FakeClock(), list[tuple[float, str]]()
    with socket.create_server(("127.0.0.1", 0)) as sock:
        port = sock.getsockname()[1]
    with pytest.raises(ProbeError, match=r"Connection refused\) \(try \d+, wait_timeout is 120 s\)"):
        probe(
            Options("127.0.0.1", port),
            wait_timeout=120,
            progress=lambda line: lines.append((clock.now, line)),
            clock=clock,
            wait=clock.wait,
        )
    assert clock.now == 1120.0
    times = [1000.0, *(when for when, _ in lines), clock.now]
    assert max(later - earlier for earlier, later in pairwise(times)) <= HEARTBEAT
    assert all("Connection refused" in line for _, line in lines)
    assert len(lines) > 20


def test_heartbeat_while_a_broker_is_silent(monkeypatch: pytest.MonkeyPatch) -> None:
    """Within one long try, too, there is a line before HEARTBEAT seconds of silence are over."""
    clock, lines = FakeClock(), list[tuple[float, str]]()

    client = probe_module.import_paho().Client
    real_loop = client.loop

    def loop(self: object, timeout: float) -> object:
        """Waits in fake time."""
        clock.now += timeout + 0.001
        return real_loop(self, timeout=0)

    monkeypatch.setattr(client, "loop", loop)
    with fake_peer(Wire.until_closed) as port, pytest.raises(ProbeError, match="100 s in all"):
        probe(
            Options("127.0.0.1", port, timeout=100),
            progress=lambda line: lines.append((clock.now, line)),
            clock=clock,
        )
    times = [1000.0, *(when for when, _ in lines), clock.now]
    assert max(later - earlier for earlier, later in pairwise(times)) <= HEARTBEAT + 0.1
    assert "still waiting for the CONNACK" in lines[0][1]


def test_password_is_not_in_the_options_text() -> None:
    assert "hunter2" not in repr(Options("h", username="u", password="hunter2"))
