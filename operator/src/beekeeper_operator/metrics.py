# Copyright: (c) 2026, the beekeeper.hivemq authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A handful of metrics in the Prometheus text format (0.0.4). Too few to be worth a library in the image."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
Labels = tuple[str, ...]


def _escape(value: str) -> str:
    return value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")


def _sample(name: str, names: Labels, values: Labels, number: float) -> str:
    labels = ",".join(f'{key}="{_escape(value)}"' for key, value in zip(names, values, strict=True))
    return f"{name}{{{labels}}} {number:.10g}" if labels else f"{name} {number:.10g}"


class Counter:
    """A number per set of label values that only grows."""

    def __init__(self, name: str, text: str, labels: Labels = ()) -> None:
        self.name, self.text, self.labels = name, text, labels
        self._lock = threading.Lock()
        # Without labels the sample exists from the start, so that a rate over it has a beginning.
        self._values: dict[Labels, float] = {} if labels else {(): 0.0}

    def add(self, *labels: str, by: float = 1.0) -> None:
        """Adds to the number that belongs to these label values."""
        with self._lock:
            self._values[labels] = self._values.get(labels, 0.0) + by

    def value(self, *labels: str) -> float:
        """The number so far; 0 for label values never seen."""
        with self._lock:
            return self._values.get(labels, 0.0)

    def lines(self) -> Iterable[str]:
        """This metric in the text format."""
        with self._lock:
            values = sorted(self._values.items())
        yield f"# HELP {self.name} {self.text}"
        yield f"# TYPE {self.name} counter"
        for labels, number in values:
            yield _sample(self.name, self.labels, labels, number)


class Summary:
    """Sum and count of observed values (no quantiles)."""

    def __init__(self, name: str, text: str) -> None:
        self.name, self.text = name, text
        self._lock = threading.Lock()
        self._sum, self._count = 0.0, 0

    def observe(self, value: float) -> None:
        """Adds one observation."""
        with self._lock:
            self._sum += value
            self._count += 1

    def lines(self) -> Iterable[str]:
        """This metric in the text format."""
        with self._lock:
            total, count = self._sum, self._count
        yield f"# HELP {self.name} {self.text}"
        yield f"# TYPE {self.name} summary"
        yield _sample(f"{self.name}_sum", (), (), total)
        yield _sample(f"{self.name}_count", (), (), count)


class Reading:
    """A metric whose values are read when they are asked for. `kind` is gauge or counter."""

    def __init__(
        self, name: str, text: str, read: Callable[[], Mapping[Labels, float]], labels: Labels = (), kind: str = "gauge"
    ) -> None:
        self.name, self.text, self.labels, self.kind = name, text, labels, kind
        self._read = read

    def lines(self) -> Iterable[str]:
        """This metric in the text format."""
        yield f"# HELP {self.name} {self.text}"
        yield f"# TYPE {self.name} {self.kind}"
        for labels, number in sorted(self._read().items()):
            yield _sample(self.name, self.labels, labels, number)


class Registry:
    """All metrics of the process, in the order of their creation."""

    def __init__(self) -> None:
        self._metrics: list[Counter | Summary | Reading] = []

    def counter(self, name: str, text: str, labels: Labels = ()) -> Counter:
        """Makes and registers a counter."""
        metric = Counter(name, text, labels)
        self._metrics.append(metric)
        return metric

    def summary(self, name: str, text: str) -> Summary:
        """Makes and registers a summary."""
        metric = Summary(name, text)
        self._metrics.append(metric)
        return metric

    def reading(
        self, name: str, text: str, read: Callable[[], Mapping[Labels, float]], labels: Labels = (), kind: str = "gauge"
    ) -> None:
        """Registers a metric whose values are read at each scrape."""
        self._metrics.append(Reading(name, text, read, labels, kind))

    def render(self) -> str:
        """All metrics as one page."""
        return "".join(f"{line}\n" for metric in self._metrics for line in metric.lines())
