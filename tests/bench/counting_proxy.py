# Copyright: (c) 2026, the beekeeper.hivemq authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A proxy on loopback in front of a real API server that counts the calls that pass through it."""

from __future__ import annotations

import base64
import http.client
import json
import ssl
import tempfile
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

HOP_BY_HOP = {
    "connection",
    "keep-alive",
    "transfer-encoding",
    "te",
    "upgrade",
    "proxy-connection",
    "content-length",
    "host",
}


class CountingProxy:
    """Passes HTTP calls on to the API server of a kubeconfig, with that kubeconfig's client certificate."""

    def __init__(self, kubeconfig: dict[str, Any]) -> None:
        cluster, user = kubeconfig["clusters"][0]["cluster"], kubeconfig["users"][0]["user"]
        self.upstream = urlsplit(cluster["server"])
        self.calls: Counter[str] = Counter()
        self._lock = threading.Lock()
        authority = base64.b64decode(cluster["certificate-authority-data"]).decode()
        self.tls = ssl.create_default_context(cadata=authority)
        with tempfile.NamedTemporaryFile() as pair:
            pair.write(base64.b64decode(user["client-certificate-data"]))
            pair.write(base64.b64decode(user["client-key-data"]))
            pair.flush()
            self.tls.load_cert_chain(pair.name)

    def count(self, verb: str) -> None:
        with self._lock:
            self.calls[verb] += 1

    def take(self) -> dict[str, int]:
        """Return the calls since the last time, by verb, and start over."""
        with self._lock:
            calls, self.calls = dict(self.calls), Counter()
        return calls

    @contextmanager
    def serve(self) -> Iterator[str]:
        """Serve on a free port of loopback; gives the address."""
        server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}"
        finally:
            server.shutdown()
            server.server_close()
            thread.join()


@contextmanager
def counted(kubeconfig: Path, folder: Path) -> Iterator[tuple[Path, CountingProxy]]:
    """Give a kubeconfig (in ``folder``) that leads through a proxy, and the proxy."""
    # JSON, as `kubectl config view --raw -o json` prints it.
    config = json.loads(kubeconfig.read_text())
    proxy = CountingProxy(config)
    with proxy.serve() as address:
        config["clusters"][0]["cluster"] = {"server": address}
        config["users"][0]["user"] = {}
        path = folder / "counted.kubeconfig"
        path.write_text(json.dumps(config))
        yield path, proxy


def _handler(proxy: CountingProxy) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def setup(self) -> None:
            super().setup()
            self.upstream: http.client.HTTPSConnection | None = None

        def finish(self) -> None:
            if self.upstream is not None:
                self.upstream.close()
            super().finish()

        def _pass_on(self) -> None:
            proxy.count(self.command)
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            headers = {name: value for name, value in self.headers.items() if name.lower() not in HOP_BY_HOP}
            if self.upstream is None:
                host, port = proxy.upstream.hostname or "", proxy.upstream.port
                self.upstream = http.client.HTTPSConnection(host, port, context=proxy.tls, timeout=60)
            self.upstream.request(self.command, self.path, body or None, headers)
            answer = self.upstream.getresponse()
            self.send_response(answer.status)
            for name, value in answer.getheaders():
                if name.lower() not in HOP_BY_HOP:
                    self.send_header(name, value)
            self.send_header("Transfer-Encoding", "chunked")
            self.end_headers()
            # Piece by piece, so that a watch streams.
            while piece := answer.read1(65536):
                self.wfile.write(f"{len(piece):x}\r\n".encode() + piece + b"\r\n")
                self.wfile.flush()
            self.wfile.write(b"0\r\n\r\n")
            # Read to its end, but not marked as such by read1: without this the connection takes no other request.
            answer.close()

        do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = _pass_on  # noqa: N815 - names of the base class

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - name of the base class
            """Calls are counted, not printed."""

    return Handler
