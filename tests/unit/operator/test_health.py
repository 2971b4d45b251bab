# Copyright: (c) 2026, the beekeeper.hivemq authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The HTTP server, the metrics' text and the log's lines."""

from __future__ import annotations

import io
import logging
import urllib.error
import urllib.request
from collections.abc import Iterator

import pytest
from beekeeper_operator.health import HealthServer
from beekeeper_operator.logs import KeyValueFormatter, say
from beekeeper_operator.metrics import Registry


class Answers:
    """What the server is told to answer."""

    def __init__(self) -> None:
        self.problems: list[str] = []
        self.unready: list[str] = []
        self.registry = Registry()


@pytest.fixture
def answers() -> Answers:
    return Answers()


@pytest.fixture
def url(answers: Answers) -> Iterator[str]:
    server = HealthServer(
        0,
        healthy=lambda: answers.problems,
        ready=lambda: answers.unready,
        metrics=answers.registry.render,
        host="127.0.0.1",
    )
    server.start()
    yield f"http://127.0.0.1:{server.address[1]}"
    server.close()


def get(url: str) -> tuple[int, str]:
    try:
        with urllib.request.urlopen(url, timeout=10) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read().decode()


def test_health_and_readiness_are_judged_apart_and_say_what_is_wrong(url: str, answers: Answers) -> None:
    assert get(f"{url}/healthz") == (200, "ok\n")
    answers.unready.append("watch Service/*: forbidden")
    assert get(f"{url}/healthz") == (200, "ok\n")
    assert get(f"{url}/readyz?verbose") == (503, "watch Service/*: forbidden\n")
    answers.problems += ["one", "two"]
    assert get(f"{url}/healthz") == (503, "one\ntwo\n")
    assert get(f"{url}/else")[0] == 404


def test_metrics_are_served_in_the_text_format(url: str, answers: Answers) -> None:
    counter = answers.registry.counter("runs_total", "Runs.", ("result",))
    counter.add("ok")
    counter.add("ok")
    counter.add('a "b"\\\n')
    answers.registry.counter("plain_total", "Plain.")
    summary = answers.registry.summary("took_seconds", "Took.")
    summary.observe(0.5)
    summary.observe(1.0)
    answers.registry.reading("depth", "Depth.", lambda: {(): 3})
    answers.registry.reading("age", "Age.", lambda: {("x",): 1.5, ("a",): 2}, ("watch",))
    assert get(f"{url}/metrics") == (
        200,
        """\
# HELP runs_total Runs.
# TYPE runs_total counter
runs_total{result="a \\"b\\"\\\\\\n"} 1
runs_total{result="ok"} 2
# HELP plain_total Plain.
# TYPE plain_total counter
plain_total 0
# HELP took_seconds Took.
# TYPE took_seconds summary
took_seconds_sum 1.5
took_seconds_count 2
# HELP depth Depth.
# TYPE depth gauge
depth 3
# HELP age Age.
# TYPE age gauge
age{watch="a"} 2
age{watch="x"} 1.5
""",
    )


@pytest.fixture
def log() -> Iterator[tuple[logging.Logger, io.StringIO]]:
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(KeyValueFormatter())
    logger = logging.getLogger("beekeeper_operator.test")
    logger.propagate = False
    logger.setLevel(logging.INFO)
    logger.addHandler(handler)
    yield logger, stream
    logger.removeHandler(handler)


def test_an_event_is_one_line_of_pairs(log: tuple[logging.Logger, io.StringIO]) -> None:
    logger, stream = log
    say(
        logger,
        logging.INFO,
        "it is so",
        namespace="ns",
        name="a",
        delay=0.5,
        absent=None,
        text='two "words"\nand a line',
    )
    line = stream.getvalue()
    assert line.count("\n") == 1
    rest = line.split(" ", 1)[1]
    assert (
        rest
        == 'level=info logger=test msg="it is so" namespace=ns name=a delay=0.500 text="two \\"words\\"\\nand a line"\n'
    )


def test_a_trace_stays_on_the_line(log: tuple[logging.Logger, io.StringIO]) -> None:
    logger, stream = log
    try:
        raise ValueError("no")
    except ValueError:
        say(logger, logging.ERROR, "fault", trace=True)
    assert stream.getvalue().count("\n") == 1
    assert "ValueError: no" in stream.getvalue()
