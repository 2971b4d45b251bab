# Copyright: (c) 2026, the beekeeper.hivemq authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which versions may be in one cluster, by the vendor's upgrade guides."""

from __future__ import annotations

import pytest
from ansible_collections.beekeeper.hivemq.plugins.module_utils._hivemq.versions import parse, side_by_side, upgrade
from hypothesis import given
from hypothesis import strategies as st


@pytest.mark.parametrize(
    ("tag", "edition", "numbers"),
    [
        ("4.47.1", "enterprise", (4, 47, 1)),
        ("k8s-4.47.1", "enterprise", (4, 47, 1)),
        ("4.47", "enterprise", (4, 47, None)),
        ("2025.4", "community", (2025, 4, None)),
        ("2025.10.1", "community", (2025, 10, 1)),
    ],
)
def test_parse(tag: str, edition: str, numbers: tuple[int, int, int | None]) -> None:
    version = parse(tag)
    assert version is not None
    assert (version.edition, version.major, version.minor, version.patch) == (edition, *numbers)
    assert str(version) == tag.removeprefix("k8s-")


@pytest.mark.parametrize(
    "tag",
    ["", "latest", "4", "4.x", "v4.47.1", "4.47.1-rc1", "4.47.1.2", "5.0.0", "k8s-", "k8s-2025.4", "snapshot",
     "@sha256:" + "0" * 64, "4.47.1 ", "4.47.٣", "4." + "9" * 50],
)  # fmt: skip
def test_what_names_no_version(tag: str) -> None:
    assert parse(tag) is None
    for verdict in (side_by_side(tag, "4.47.1"), side_by_side("4.47.1", tag), upgrade("4.47.1", tag)):
        assert (verdict.allowed, verdict.known) == (False, False)
        assert "which version" in verdict.reason
    assert upgrade(tag, tag).allowed, "nothing changes"


@pytest.mark.parametrize(
    ("older", "newer", "allowed"),
    [
        ("4.47.1", "4.47.9", True),
        ("4.47.1", "k8s-4.47.1", True),
        ("4.29.0", "4.47.1", True),
        ("4.28.5", "4.47.1", False),
        ("4.9.0", "4.27.0", True),
        ("4.9.0", "4.28.0", True),  # the vendor's guide from one long-term release to the next
        ("4.9.0", "4.29.0", False),
        ("4.10.0", "4.29.0", False),
        ("4.8.0", "4.9.0", True),
        ("4.7.0", "4.9.0", False),
        ("4.3.3", "4.4.0", True),
        ("3.4.0", "4.0.0", False),
        ("2025.4", "2025.5", True),
        ("2020.1", "2025.5", True),
        ("2025.4", "4.47.1", False),
    ],
)
def test_side_by_side(older: str, newer: str, allowed: bool) -> None:
    assert side_by_side(older, newer).allowed is allowed
    assert side_by_side(newer, older) == side_by_side(older, newer), "the order does not matter"
    assert bool(side_by_side(older, newer).reason) is not allowed
    assert upgrade(older, newer).allowed is allowed


@pytest.mark.parametrize(
    ("before", "after"),
    [("4.47.1", "4.47.0"), ("4.47.1", "4.46.9"), ("k8s-4.47.1", "4.46.0"), ("2025.5", "2025.4"), ("4.47", "4.46.2")],
)
def test_downgrades_are_refused(before: str, after: str) -> None:
    verdict = upgrade(before, after)
    assert (verdict.allowed, verdict.known) == (False, True)
    assert "is older than" in verdict.reason
    assert side_by_side(before, after).allowed, "while an upgrade is rolled out, both are there"


@pytest.mark.parametrize(("before", "after"), [("4.47.3", "4.47"), ("4.47", "4.47.0"), ("4.47.1", "k8s-4.47.1")])
def test_the_same_release_is_no_downgrade(before: str, after: str) -> None:
    assert upgrade(before, after).allowed


def test_the_reason_names_a_way() -> None:
    assert "by way of 4.28" in upgrade("4.10.2", "4.47.1").reason
    assert "by way of 4.4" in upgrade("4.3.3", "4.47.1").reason


tags = st.builds("{}.{}.{}".format, st.just(4), st.integers(0, 60), st.integers(0, 5))


@given(tags, tags)
def test_upgrades_go_one_way(one: str, other: str) -> None:
    there, back = upgrade(one, other), upgrade(other, one)
    assert not (there.allowed and back.allowed) or one == other
    if there.allowed:
        assert side_by_side(one, other).allowed


@given(st.text(max_size=12), st.text(max_size=12))
def test_any_text_has_a_verdict(one: str, other: str) -> None:
    assert upgrade(one, other).allowed <= (one == other or upgrade(one, other).known)
