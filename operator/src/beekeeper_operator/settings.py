# Copyright: (c) 2026, the beekeeper.hivemq authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the operator is told by its environment. Read once at the start; anything unclear is refused there and then."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

LOG_LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR")
_NAMESPACE = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?")


class SettingsError(Exception):
    """The environment asks for something that can't be. The text names each wrong variable, and what is allowed."""


@dataclass(frozen=True)
class Settings:
    """The operator's settings. An empty `watch_namespaces` stands for all namespaces; seconds are seconds."""

    watch_namespaces: tuple[str, ...] = ()
    operator_namespace: str = ""
    log_level: str = "INFO"
    http_port: int = 8080
    workers: int = 4
    resync_seconds: float = 600.0

    @property
    def scopes(self) -> tuple[str | None, ...]:
        """One entry per set of watches: `None` is cluster-wide, a name is a watch within that namespace only."""
        return self.watch_namespaces or (None,)


def from_env(env: Mapping[str, str]) -> Settings:
    """Settings from environment variables. Unset and empty variables take the default. Raises SettingsError."""
    problems: list[str] = []

    def number(name: str, default: int, low: int, high: int) -> int:
        text = env.get(name, "").strip()
        if not text:
            return default
        if not text.isascii() or not text.isdigit() or not low <= int(text) <= high:
            problems.append(f"{name}={text!r}: a whole number from {low} to {high} is needed (default {default})")
            return default
        return int(text)

    def namespace(name: str, text: str) -> str:
        if not _NAMESPACE.fullmatch(text):
            problems.append(f"{name}: {text!r} is no namespace name (lower-case letters, digits and '-', at most 63)")
        return text

    listed = env.get("WATCH_NAMESPACES", "").strip()
    # Ordered and without repetition: a namespace named twice must not be watched twice.
    names = [part.strip() for part in listed.split(",")] if listed else []
    if listed and not all(names):
        problems.append(
            f"WATCH_NAMESPACES={listed!r}: an empty name between commas; leave it empty to watch all namespaces"
        )
    watched = tuple(dict.fromkeys(namespace("WATCH_NAMESPACES", name) for name in names if name))
    own = env.get("OPERATOR_NAMESPACE", "").strip()
    level = env.get("LOG_LEVEL", "").strip().upper() or "INFO"
    if level not in LOG_LEVELS:
        problems.append(f"LOG_LEVEL={level!r}: one of {', '.join(LOG_LEVELS)} is needed")
    settings = Settings(
        watch_namespaces=watched,
        operator_namespace=namespace("OPERATOR_NAMESPACE", own) if own else "",
        log_level=level,
        http_port=number("HTTP_PORT", 8080, 1, 65535),
        workers=number("WORKERS", 4, 1, 64),
        resync_seconds=float(number("RESYNC_SECONDS", 600, 10, 86400)),
    )
    if problems:
        raise SettingsError("; ".join(problems))
    return settings
