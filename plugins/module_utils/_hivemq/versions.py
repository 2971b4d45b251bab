# Copyright: (c) 2026, the beekeeper.hivemq authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Versions of HiveMQ: which may be in one cluster at a time, and from which to which an upgrade may go.

Source: the vendor's upgrade guides (docs.hivemq.com/hivemq/latest/upgrade/introduction.html). A release since 4.9 works
together with the next 18 monthly releases, each of which is a minor version; before that, with the next one. What can't
be read is not allowed: a wrong yes costs data, a wrong no costs a look.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

Edition = Literal["enterprise", "community"]

# The first release with the wide range, how wide it is, and how wide it was before.
FIRST_WIDE = (4, 9)
WIDE, NARROW = 18, 1
# Long-term releases further apart for which the vendor says the same (upgrade/4-9-to-4-28.html).
ALSO_TOGETHER = frozenset({((4, 9), (4, 28))})
# The prefix marks the vendor's images with start scripts for Kubernetes: the same broker inside.
_ENTERPRISE = re.compile(r"(?:k8s-)?([34])\.(\d{1,4})(?:\.(\d{1,4}))?", re.ASCII)
_COMMUNITY = re.compile(r"(20\d\d)\.(\d{1,3})(?:\.(\d{1,4}))?", re.ASCII)


@dataclass(frozen=True)
class Version:
    """A version. `patch` is None for a tag such as 4.47, which moves with the newest patch. `text`: the tag itself."""

    edition: Edition
    major: int
    minor: int
    patch: int | None
    text: str

    @property
    def release(self) -> tuple[int, int]:
        """Without the patch."""
        return self.major, self.minor

    def __str__(self) -> str:
        return self.text.removeprefix("k8s-")


@dataclass(frozen=True)
class Verdict:
    """Whether something may be done, and why not. `known`: both versions could be read."""

    allowed: bool
    reason: str = ""
    known: bool = True


_YES = Verdict(allowed=True)


def parse(tag: str) -> Version | None:
    """The version an image tag names (4.47.1, k8s-4.47.1, 4.47, 2025.4), or None when it names none that is known."""
    for edition, pattern in (("enterprise", _ENTERPRISE), ("community", _COMMUNITY)):
        match = pattern.fullmatch(tag)
        if match:
            major, minor, patch = match.groups()
            return Version(
                "enterprise" if edition == "enterprise" else "community",
                int(major),
                int(minor),
                int(patch) if patch is not None else None,
                tag,
            )
    return None


def side_by_side(one: str, other: str) -> Verdict:
    """Whether brokers of two tags may be in one cluster at a time. The order does not matter."""
    read = _both(one, other)
    if isinstance(read, Verdict):
        return read
    older, newer = sorted(read, key=lambda version: version.release)
    if older.edition == "community" or older.release == newer.release:
        return _YES  # without clustering, brokers do not talk to each other
    if older.major != newer.major:
        return Verdict(allowed=False, reason=f"{older} and {newer} are different major versions")
    reach = WIDE if older.release >= FIRST_WIDE else NARROW
    if newer.minor - older.minor <= reach or (older.release, newer.release) in ALSO_TOGETHER:
        return _YES
    return Verdict(
        allowed=False,
        reason=f"{older} works together with the next {reach} minor versions at most, and {newer} is "
        f"{newer.minor - older.minor} further: go by way of {older.major}.{older.minor + reach}",
    )


def upgrade(before: str, after: str) -> Verdict:
    """Whether a cluster may go from one tag to another, broker by broker. The same tag always may."""
    if before == after:
        return _YES
    read = _both(before, after)
    if isinstance(read, Verdict):
        return read
    old, new = read
    # Of tags without a patch the newest patch is meant, whatever it is: nothing is known about their order.
    patches = (old.patch, new.patch) if old.patch is not None and new.patch is not None else (0, 0)
    if (*new.release, patches[1]) < (*old.release, patches[0]):
        return Verdict(
            allowed=False,
            reason=f"{new} is older than {old}: an older broker may not read what a newer one has stored. To go back, "
            "make a new cluster and restore a backup",
        )
    return side_by_side(before, after)


def _both(one: str, other: str) -> tuple[Version, Version] | Verdict:
    left, right = parse(one), parse(other)
    if left is None or right is None:
        unknown = one if left is None else other
        shown = repr(unknown[:60]) if unknown else "an image without a tag"
        return Verdict(allowed=False, reason=f"{shown} does not say which version of HiveMQ it is", known=False)
    if left.edition != right.edition:
        texts = sorted((str(left), str(right)))
        return Verdict(allowed=False, reason=f"{' and '.join(texts)} are different editions, which share no data")
    return left, right
