# Copyright: (c) 2026, the beekeeper.hivemq authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One MQTT round trip, taken apart: resolve, TCP, TLS, CONNECT, SUBSCRIBE, PUBLISH, receive.

This module util is private to the collection. It can change at any time.

The probe drives the client's network loop itself, in the calling thread. So every wait is a select() on the socket with
what is left of the deadline, and a failure can say at which stage it happened. paho-mqtt is imported when a probe runs.
"""

from __future__ import annotations

import secrets
import socket
import ssl
import struct
import sys
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from . import advice
from .model import Options, ProbeError, Result, Tls

Clock = Callable[[], float]
Progress = Callable[[str], None]
Waiter = Callable[[float], object]

HEARTBEAT = 30.0
"""Longest silence in seconds: job runners kill jobs that print nothing for minutes."""
BLOCKING_LIMIT = 15.0
"""Longest blocking call (TCP connect to one address, TLS handshake) in seconds, so that HEARTBEAT can be kept."""


def probe(
    options: Options,
    *,
    wait_timeout: float = 0.0,
    progress: Progress = lambda _line: None,
    clock: Clock = time.monotonic,
    wait: Waiter | None = None,
) -> Result:
    """Try until a round trip succeeds or `wait_timeout` seconds have passed; 0 means one try.

    A try that has begun before the end may use its whole `timeout`. Raises the last try's ProbeError.
    """
    wait = wait or threading.Event().wait
    end = clock() + wait_timeout
    heartbeat = _Heartbeat(progress, clock)
    attempt = 0
    while True:
        attempt += 1
        try:
            result = _Attempt(options, clock, heartbeat).run()
        except ProbeError as error:
            left = end - clock()
            if not error.retry or left <= 0:
                if attempt == 1:
                    raise
                message = f"{error.message} (try {attempt}, wait_timeout is {wait_timeout:g} s)"
                raise ProbeError(error.stage, message, error.next_step, retry=error.retry) from error
            heartbeat.say(f"try {attempt} failed: {error.message}; trying for {left:.1f} s more")
            # A refused connection fails at once: pause longer each time, so that a starting broker isn't hammered.
            wait(min(left, 0.5 * attempt, 5.0))
        else:
            return replace(result, attempts=attempt)


class _Heartbeat:
    """Sees to it that no more than HEARTBEAT seconds pass without a line."""

    def __init__(self, progress: Progress, clock: Clock) -> None:
        self._progress = progress
        self._clock = clock
        self._last = clock()

    def say(self, line: str) -> None:
        self._last = self._clock()
        self._progress(line)

    def silence_left(self) -> float:
        return max(0.0, self._last + HEARTBEAT - self._clock())

    def before(self, line: str, seconds: float) -> None:
        """Say `line` now if the coming `seconds` would make the silence too long."""
        if self.silence_left() <= seconds:
            self.say(line)


class _TlsContext(ssl.SSLContext):
    """Shakes hands within the deadline and under the wanted name; the client would use the address and its own time."""

    attempt: _Attempt
    peer_name: str

    def wrap_socket(self, sock: socket.socket, *args: Any, **kwargs: Any) -> ssl.SSLSocket:
        kwargs.update(server_hostname=self.peer_name, do_handshake_on_connect=False)
        wrapped = super().wrap_socket(sock, *args, **kwargs)
        self.attempt.stage = "tls"
        try:
            wrapped.settimeout(self.attempt.blocking_time("the TLS handshake"))
            wrapped.do_handshake()
        except BaseException:
            wrapped.close()
            raise
        return wrapped


class _Attempt:
    """One try with one deadline. The callbacks only note what came; `_until` waits for it."""

    def __init__(self, options: Options, clock: Clock, heartbeat: _Heartbeat) -> None:
        self.options = options
        self.clock = clock
        self.heartbeat = heartbeat
        self.deadline = clock() + options.timeout
        self.stage = "client"
        token = secrets.token_hex(8)
        self.token = token
        self.topic = f"{options.topic_prefix.rstrip('/')}/{token}"
        # Letters and digits, 23 at most: the only client identifiers that every MQTT 3.1.1 server has to accept.
        self.client_id = options.client_id or f"beekeeperprobe{token[:8]}"
        self.connack: list[tuple[Any, bool]] = []  # reason code, session present
        self.suback: Any = None
        self.pubacks: dict[int, Any] = {}
        self.received: dict[bytes, float] = {}
        self.disconnect_reason: str | None = None
        self.last_client_error: str | None = None

    def run(self) -> Result:
        mqtt = import_paho()
        context = self._tls_context(self.options.tls) if self.options.tls else None
        addresses = self._resolve()
        client = None
        started = self.clock()
        try:
            client, address = self._open(mqtt, context, addresses)
            return self._talk(mqtt, client, address, started)
        finally:
            if client is not None:
                client.disconnect()
                sock = client.socket()
                if sock is not None:  # the DISCONNECT couldn't be sent at once; closing says the same
                    sock.close()

    def _talk(self, mqtt: Any, client: Any, address: str, started: float) -> Result:
        self._until(mqtt, client, lambda: bool(self.connack), "the CONNACK")
        connect_code, session_present = self.connack[0]
        connect_ms = self._ms_since(started)
        if connect_code.is_failure:
            raise self._connect_refused(str(connect_code))

        self.stage = "subscribe"
        started = self.clock()
        self._sent(mqtt, client.subscribe(self.topic, qos=1)[0])
        self._until(mqtt, client, lambda: self.suback is not None, f"the SUBACK for {self.topic}")
        subscribe_ms = self._ms_since(started)
        if self.suback.is_failure or self.suback.value == 0:
            raise self._error(
                f"{self.options.url} answered the subscription to {self.topic} with '{self.suback}', not QoS 1",
                advice.for_subscription(str(self.suback)),
            )

        round_trips: list[float] = []
        publish_code = ""
        for number in range(1, self.options.count + 1):
            milliseconds, publish_code = self._round_trip(mqtt, client, number)
            round_trips.append(milliseconds)

        return Result(
            address=address,
            protocol=self.options.protocol,
            client_id=self.client_id,
            topic=self.topic,
            connect_ms=connect_ms,
            subscribe_ms=subscribe_ms,
            round_trips_ms=round_trips,
            reason_codes={"connect": str(connect_code), "subscribe": str(self.suback), "publish": publish_code},
            session_present=session_present,
        )

    def _round_trip(self, mqtt: Any, client: Any, number: int) -> tuple[float, str]:
        """Publish message `number` and get it back. Returns milliseconds and the PUBACK's reason code."""
        payload = f"{self.token}:{number}:".encode().ljust(self.options.payload_size, b".")
        self.stage = "publish"
        started = self.clock()
        info = client.publish(self.topic, payload, qos=1)
        self._sent(mqtt, info.rc)
        self._until(mqtt, client, lambda: info.mid in self.pubacks, f"the PUBACK of message {number}")
        code = self.pubacks[info.mid]
        if code.is_failure:
            raise self._error(
                f"{self.options.url} refused message {number} on {self.topic}: '{code}'", advice.for_publish(str(code))
            )
        self.stage = "receive"
        self._until(mqtt, client, lambda: payload in self.received, f"message {number} to come back")
        return round((self.received.pop(payload) - started) * 1000, 3), str(code)

    def _client(self, mqtt: Any, context: ssl.SSLContext | None) -> Any:
        options = self.options
        client = mqtt.Client(
            mqtt.CallbackAPIVersion.VERSION2,
            client_id=self.client_id,
            protocol=mqtt.MQTTv5 if options.protocol == "5" else mqtt.MQTTv311,
            reconnect_on_failure=False,
        )
        if options.username is not None or options.password is not None:
            client.username_pw_set(options.username or "", options.password)
        if context is not None:
            client.tls_set_context(context)
            if not context.check_hostname:
                client.tls_insecure_set(True)
        client.on_socket_open = _send_at_once
        client.on_connect = self._on_connect
        client.on_subscribe = self._on_subscribe
        client.on_publish = self._on_publish
        client.on_message = self._on_message
        client.on_disconnect = self._on_disconnect
        client.on_log = lambda _client, _data, level, text: self._on_log(level == mqtt.MQTT_LOG_ERR, text)
        return client

    def _tls_context(self, tls: Tls) -> ssl.SSLContext:
        context = _TlsContext(ssl.PROTOCOL_TLS_CLIENT)
        context.attempt = self
        context.peer_name = tls.server_name or self.options.host
        if not tls.validate_certs:
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
        self.stage = "tls_files"
        doing = ""
        try:
            doing = f"read the CA certificates in {tls.ca_cert}"
            if tls.ca_cert:
                context.load_verify_locations(cafile=tls.ca_cert)
            else:
                context.load_default_certs()
            if tls.client_cert:
                doing = (
                    f"read the client certificate {tls.client_cert} with its key {tls.client_key or 'in the same file'}"
                )
                # A key with a passphrase must not make OpenSSL ask for it on the terminal.
                context.load_cert_chain(tls.client_cert, tls.client_key, password=lambda: b"")
        except (OSError, ValueError) as error:  # ssl.SSLError is an OSError
            raise self._error(f"Can't {doing}: {_words(error)}", advice.TLS_FILES, retry=False) from error
        return context

    def _resolve(self) -> list[str]:
        """Addresses of the host. The resolver takes no time limit, so it works in a thread that may be left behind."""
        self.stage = "dns"
        host, done = self.options.host, threading.Event()
        found: list[Any] = []
        problem: list[Exception] = []

        def look_up() -> None:
            try:
                found.extend(socket.getaddrinfo(host, self.options.port, type=socket.SOCK_STREAM))
            except (OSError, UnicodeError) as error:
                problem.append(error)
            finally:
                done.set()

        threading.Thread(target=look_up, name="resolve", daemon=True).start()
        while not done.wait(min(self._left(), self.heartbeat.silence_left())):
            self._still_waiting(f"for the name server's answer about {host}")
        if problem:
            raise self._error(f"Can't resolve the host name '{host}': {_words(problem[0])}", advice.DNS) from problem[0]
        return list(dict.fromkeys(str(entry[4][0]) for entry in found))

    def _open(self, mqtt: Any, context: ssl.SSLContext | None, addresses: list[str]) -> tuple[Any, str]:
        """Connect to the first address that answers, and send CONNECT. Returns the client and "address:port"."""
        port = self.options.port
        refusals: list[str] = []
        clean_start: Mapping[str, Any] = {"clean_start": True} if self.options.protocol == "5" else {}
        for address in addresses:
            where = f"[{address}]:{port}" if ":" in address else f"{address}:{port}"
            self.stage = "tcp"
            client = self._client(mqtt, context)  # a new one: a client whose connection failed can't be set again
            client.connect_timeout = self.blocking_time(f"the TCP connection to {where}")
            try:
                client.connect(address, port, keepalive=60, **clean_start)
            except (OSError, ValueError) as error:  # some certificate errors are ValueErrors
                if self.stage == "tls":
                    raise self._error(
                        f"The TLS handshake with {where} failed: {_words(error)}", advice.for_tls(_words(error))
                    ) from error
                refusals.append(f"{where}: {_words(error)}")
                continue
            self.stage = "connect"
            return client, where
        raise self._error(f"No TCP connection to {self.options.url} ({'; '.join(refusals)})", advice.for_tcp(refusals))

    def _on_connect(self, _client: Any, _data: Any, flags: Any, reason: Any, _properties: Any) -> None:
        self.connack.append((reason, bool(flags.session_present)))

    def _on_subscribe(self, _client: Any, _data: Any, _mid: int, reasons: list[Any], _properties: Any) -> None:
        self.suback = reasons[0]

    def _on_publish(self, _client: Any, _data: Any, mid: int, reason: Any, _properties: Any) -> None:
        self.pubacks[mid] = reason

    def _on_message(self, _client: Any, _data: Any, message: Any) -> None:
        self.received.setdefault(bytes(message.payload), self.clock())

    def _on_disconnect(self, _client: Any, _data: Any, flags: Any, reason: Any, _properties: Any) -> None:
        if flags.is_disconnect_packet_from_server:
            self.disconnect_reason = str(reason)

    def _on_log(self, is_error: bool, text: str) -> None:
        if is_error:
            self.last_client_error = text

    def _until(self, mqtt: Any, client: Any, came: Callable[[], bool], what: str) -> None:
        """Run the network loop until `came()`; raises when the connection ends or the deadline passes first."""
        while not came():
            try:
                code = client.loop(timeout=min(self._left(), self.heartbeat.silence_left()))
            except (ValueError, LookupError, TypeError, AttributeError, struct.error, mqtt.MQTTException) as error:
                # The client's decoder trips in many ways over bytes that aren't MQTT.
                raise self._error(
                    f"{self.options.url} sent bytes that aren't MQTT {self.options.protocol} instead of {what}",
                    advice.NOT_MQTT,
                ) from error
            if came():
                return
            self._sent(mqtt, code, what)
            self._still_waiting(f"for {what}")

    def _sent(self, mqtt: Any, code: Any, what: str = "") -> None:
        """Check the client's return code of an action; `what` is the answer that was awaited."""
        if code == mqtt.MQTT_ERR_SUCCESS:
            return
        instead = f" instead of sending {what}" if what else ""
        if code == mqtt.MQTT_ERR_PROTOCOL and self.stage == "connect" and self.options.protocol == "3.1.1":
            # The client keeps this one CONNACK code to itself (it would fall back to MQTT 3.1). Other junk ends here
            # as well, which the message allows for.
            raise self._error(
                f"{self.options.url} refused the connection: 'Unsupported protocol version', or doesn't speak MQTT",
                advice.NOT_MQTT,
            )
        if self.disconnect_reason is not None:
            raise self._error(
                f"{self.options.url} sent DISCONNECT '{self.disconnect_reason}'{instead}",
                advice.for_disconnect(self.stage),
            )
        if code == mqtt.MQTT_ERR_PROTOCOL:
            raise self._error(
                f"{self.options.url} broke the MQTT {self.options.protocol} protocol{instead}", advice.NOT_MQTT
            )
        detail = f" ({self.last_client_error})" if self.last_client_error else ""
        raise self._error(
            f"{self.options.url} closed the connection{instead}{detail}", advice.for_disconnect(self.stage)
        )

    def _still_waiting(self, what: str) -> None:
        if self._left() <= 0:
            raise self._error(
                f"{self.options.url}: waited {self.options.timeout:g} s in all, in the end {what}",
                advice.for_silence(self.stage),
            )
        if self.heartbeat.silence_left() <= 0:
            self.heartbeat.say(f"{self.options.url}: still waiting {what} ({self._left():.0f} s left)")

    def blocking_time(self, what: str) -> float:
        """Seconds that one blocking call may take. Raises when the deadline has passed."""
        self._still_waiting(f"for {what}")
        seconds = min(self._left(), BLOCKING_LIMIT)
        self.heartbeat.before(f"{self.options.url}: waiting for {what}", seconds)
        return max(seconds, 0.001)  # 0 would mean "don't block"

    def _left(self) -> float:
        return max(0.0, self.deadline - self.clock())

    def _ms_since(self, started: float) -> float:
        return round((self.clock() - started) * 1000, 3)

    def _connect_refused(self, name: str) -> ProbeError:
        return self._error(f"{self.options.url} refused the connection: '{name}'", advice.for_connack(name))

    def _error(self, message: str, next_step: str, *, retry: bool = True) -> ProbeError:
        return ProbeError(self.stage, message, next_step, retry=retry)


def import_paho() -> Any:
    """The client library; raises ProbeError when it is missing or too old."""
    try:
        import paho.mqtt.client as mqtt
    except ImportError as error:
        raise ProbeError("client", *advice.paho_missing(sys.executable, str(error)), retry=False) from error
    if not hasattr(mqtt, "CallbackAPIVersion"):
        raise ProbeError("client", *advice.paho_missing(sys.executable, "the installed version is older"), retry=False)
    return mqtt


def _send_at_once(_client: Any, _data: Any, sock: socket.socket) -> None:
    """Without this the kernel holds a PUBLISH back until our last PUBACK is acknowledged: 44 ms instead of 0.5."""
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)


def _words(error: BaseException) -> str:
    """An error in words: without errno numbers and source lines of OpenSSL."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return error.verify_message
    if isinstance(error, ssl.SSLError) and error.reason:
        return error.reason.replace("_", " ").lower()
    if isinstance(error, UnicodeError):
        return "not a valid host name"
    if isinstance(error, TimeoutError):
        return "no answer in time"
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    return str(error) or type(error).__name__
