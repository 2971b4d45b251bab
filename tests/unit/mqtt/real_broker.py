# Copyright: (c) 2026, the beekeeper.hivemq authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A real MQTT 3.1.1 broker (amqtt) on loopback, in a thread with an event loop of its own."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from amqtt.broker import Broker  # type: ignore[import-untyped]


@contextmanager
def broker(port: int, *, anonymous: bool = True, passwords: str | None = None, **listener: Any) -> Iterator[int]:
    """Runs the broker on 127.0.0.1:`port`; `listener` holds amqtt's TLS options. Yields the port once it listens."""
    logging.getLogger("amqtt").setLevel(logging.CRITICAL)
    logging.getLogger("transitions").setLevel(logging.CRITICAL)
    plugins: dict[str, Any] = {"amqtt.plugins.authentication.AnonymousAuthPlugin": {"allow_anonymous": anonymous}}
    if passwords is not None:
        plugins["amqtt.plugins.authentication.FileAuthPlugin"] = {"password_file": passwords}
    config = {"listeners": {"default": {"type": "tcp", "bind": f"127.0.0.1:{port}", **listener}}, "plugins": plugins}
    loop = asyncio.new_event_loop()
    server = Broker(config, loop)
    thread = threading.Thread(target=loop.run_forever, name="broker", daemon=True)
    thread.start()
    try:
        asyncio.run_coroutine_threadsafe(server.start(), loop).result(timeout=20)
        yield port
    finally:
        asyncio.run_coroutine_threadsafe(_end(), loop).result(timeout=20)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(timeout=20)
        loop.close()


async def _end() -> None:
    """Ends every task of the broker. Its own shutdown waits five seconds for each of its queues."""
    tasks = asyncio.all_tasks() - {asyncio.current_task()}
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
