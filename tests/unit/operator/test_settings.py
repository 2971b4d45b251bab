# Copyright: (c) 2026, the beekeeper.hivemq authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the environment may say, and what is refused."""

from __future__ import annotations

import pytest
from beekeeper_operator.settings import Settings, SettingsError, from_env


def test_an_empty_environment_gives_the_defaults() -> None:
    assert from_env({}) == Settings((), "", "INFO", 8080, 4, 600.0)
    assert from_env({"WATCH_NAMESPACES": "", "WORKERS": " "}) == from_env({})
    assert from_env({}).scopes == (None,)


def test_everything_can_be_set() -> None:
    env = {
        "WATCH_NAMESPACES": " one, two ,one",
        "OPERATOR_NAMESPACE": "bees",
        "LOG_LEVEL": "debug",
        "HTTP_PORT": "9000",
        "WORKERS": "8",
        "RESYNC_SECONDS": "60",
    }
    settings = from_env(env)
    assert settings == Settings(("one", "two"), "bees", "DEBUG", 9000, 8, 60.0)
    assert settings.scopes == ("one", "two")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("WATCH_NAMESPACES", "one,,two"),
        ("WATCH_NAMESPACES", ","),
        ("WATCH_NAMESPACES", "One"),
        ("WATCH_NAMESPACES", "-one"),
        ("WATCH_NAMESPACES", "x" * 64),
        ("OPERATOR_NAMESPACE", "a b"),
        ("LOG_LEVEL", "LOUD"),
        ("HTTP_PORT", "0"),
        ("HTTP_PORT", "65536"),
        ("HTTP_PORT", "http"),
        ("WORKERS", "0"),
        ("WORKERS", "-1"),
        ("WORKERS", "2.5"),
        ("WORKERS", "²"),
        ("RESYNC_SECONDS", "5"),
    ],
)
def test_a_bad_value_is_refused_by_name(name: str, value: str) -> None:
    with pytest.raises(SettingsError, match=name):
        from_env({name: value})


def test_all_that_is_wrong_is_said_at_once() -> None:
    with pytest.raises(SettingsError) as caught:
        from_env({"WORKERS": "x", "LOG_LEVEL": "y", "HTTP_PORT": "z"})
    assert all(name in str(caught.value) for name in ("WORKERS", "LOG_LEVEL", "HTTP_PORT"))
