# Copyright: (c) 2026, the beekeeper.hivemq authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A fake MQTT peer, no broker: it plays a script over a loopback socket, with answers no healthy broker gives."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

Script = Callable[["Wire"], None]


class Wire:
    """The peer's end of one connection."""

    def __init__(self, sock: socket.socket) -> None:
        self.sock = sock
        sock.settimeout(10)

    def packet(self) -> tuple[int, bytes]:
        """Next packet of the client: its first byte and its body."""
        first = self._exactly(1)[0]
        length = shift = 0
        while True:
            byte = self._exactly(1)[0]
            length |= (byte & 0x7F) << shift
            shift += 7
            if not byte & 0x80:
                return first, self._exactly(length)

    def send(self, *octets: int) -> None:
        self.sock.sendall(bytes(octets))

    def until_closed(self) -> None:
        """Silence until the client hangs up."""
        try:
            while self.sock.recv(4096):
                pass
        except OSError:
            pass

    def accept_connect(self, protocol: str) -> None:
        self.packet()
        if protocol == "5":
            self.send(0x20, 3, 0, 0, 0)
        else:
            self.send(0x20, 2, 0, 0)

    def accept_subscribe(self, protocol: str, code: int = 1) -> bytes:
        """Answers SUBSCRIBE with `code`; returns the packet identifier."""
        _, body = self.packet()
        self.send(*([0x90, 4, *body[:2], 0, code] if protocol == "5" else [0x90, 3, *body[:2], code]))
        return body[:2]

    def publish_identifier(self) -> bytes:
        """Reads a PUBLISH (QoS 1) and returns its packet identifier."""
        _, body = self.packet()
        topic_length = int.from_bytes(body[:2], "big")
        return body[2 + topic_length : 4 + topic_length]

    def _exactly(self, count: int) -> bytes:
        data = b""
        while len(data) < count:
            chunk = self.sock.recv(count - len(data))
            if not chunk:
                raise ConnectionError("the client hung up")
            data += chunk
        return data


@contextmanager
def fake_peer(script: Script) -> Iterator[int]:
    """Plays `script` for each connection and then closes it. Yields the port."""
    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        while True:
            try:
                sock, _ = listener.accept()
            except OSError:
                return
            with sock:
                try:
                    script(Wire(sock))
                except OSError:
                    continue  # the client hung up in the middle of the script: the probe's side of it is what is tested

    thread = threading.Thread(target=serve, name="fake-peer", daemon=True)
    thread.start()
    try:
        yield listener.getsockname()[1]
    finally:
        listener.shutdown(socket.SHUT_RDWR)  # wakes accept()
        listener.close()
        thread.join(timeout=10)
