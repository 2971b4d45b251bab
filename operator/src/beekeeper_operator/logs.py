# Copyright: (c) 2026, the beekeeper.hivemq authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Log lines of key=value pairs, one event a line.

Only names and outcomes are logged, never a whole object: so no Secret can slip out.
"""

from __future__ import annotations

import json
import logging
import re
import sys
from datetime import UTC, datetime
from typing import TextIO

_PLAIN = re.compile(r"[\w./:@+*-]+")


def _value(value: object) -> str:
    if isinstance(value, float):
        return f"{value:.3f}"
    text = str(value)
    # JSON quoting keeps one event on one line, whatever a server's message or a traceback contains.
    return text if _PLAIN.fullmatch(text) else json.dumps(text, ensure_ascii=False)


class KeyValueFormatter(logging.Formatter):
    """`time=… level=… logger=… msg="…"` and then the fields given to `say`, in their order."""

    def format(self, record: logging.LogRecord) -> str:
        time = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        pairs: dict[str, object] = {
            "time": time,
            "level": record.levelname.lower(),
            "logger": record.name.removeprefix("beekeeper_operator."),
            "msg": record.getMessage(),
        }
        pairs.update(getattr(record, "fields", {}))
        if record.exc_info:
            pairs["trace"] = self.formatException(record.exc_info)
        return " ".join(f"{key}={_value(value)}" for key, value in pairs.items() if value is not None)


def say(logger: logging.Logger, level: int, line: str, /, *, trace: bool = False, **fields: object) -> None:
    """Logs one event. Fields that are None are left out; `trace=True` adds the exception being handled."""
    logger.log(level, line, extra={"fields": fields}, exc_info=trace)


def set_up(level: str, stream: TextIO | None = None) -> None:
    """Sends the log of the whole process to one stream (standard error unless told) at `level`."""
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(KeyValueFormatter())
    logging.basicConfig(level=level, handlers=[handler], force=True)
    # The HTTP library's own lines repeat what the watches say, and at DEBUG they hold request headers, hence tokens.
    logging.getLogger("urllib3").setLevel(logging.ERROR)
    logging.getLogger("kubernetes").setLevel(logging.WARNING)
