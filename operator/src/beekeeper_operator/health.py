# Copyright: (c) 2026, the beekeeper.hivemq authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The operator's own small HTTP server: /healthz, /readyz and /metrics."""

from __future__ import annotations

import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from .metrics import CONTENT_TYPE

# Each returns what is wrong, one sentence an item; empty means well.
Check = Callable[[], list[str]]


class HealthServer:
    """Serves until closed. `port` 0 takes any free one; `address` tells which."""

    def __init__(self, port: int, *, healthy: Check, ready: Check, metrics: Callable[[], str], host: str = "") -> None:
        class Handler(BaseHTTPRequestHandler):
            # A client that connects and says nothing is let go after so many seconds.
            timeout = 10.0

            def do_GET(self) -> None:
                match self.path.partition("?")[0]:
                    case "/healthz":
                        self._verdict(healthy())
                    case "/readyz":
                        self._verdict(ready())
                    case "/metrics":
                        self._answer(200, metrics(), CONTENT_TYPE)
                    case _:
                        self._answer(404, "not found: there are /healthz, /readyz and /metrics\n")

            def _verdict(self, problems: list[str]) -> None:
                self._answer(503 if problems else 200, "".join(f"{problem}\n" for problem in problems) or "ok\n")

            def _answer(self, code: int, text: str, content_type: str = "text/plain; charset=utf-8") -> None:
                body = text.encode()
                self.send_response(code)
                self.send_header("Content-Type", content_type)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class names it so
                """Probes come every few seconds: they aren't worth a line each."""

        self._server = ThreadingHTTPServer((host, port), Handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, name="http", daemon=True)

    @property
    def address(self) -> tuple[str, int]:
        """Host and port that it listens on."""
        host, port = self._server.server_address[:2]
        return str(host), int(port)

    def start(self) -> None:
        """Serves from a thread of its own."""
        self._thread.start()

    def close(self) -> None:
        """Stops serving and frees the port."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
