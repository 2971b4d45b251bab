# Copyright: (c) 2026, the beekeeper.hivemq authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Quantities: exact, and written as the API server writes them."""

from __future__ import annotations

from decimal import Decimal

import pytest
from ansible_collections.beekeeper.hivemq.plugins.module_utils._hivemq.quantity import LARGEST, Quantity, parse
from hypothesis import given
from hypothesis import strategies as st


@pytest.mark.parametrize(
    ("text", "canonical"),
    [
        # As kubectl shows them after the API server has stored them.
        ("4", "4"),
        ("0.5", "500m"),
        (".5", "500m"),
        ("1500m", "1500m"),
        ("1000m", "1"),
        ("4000", "4k"),
        ("1.5Gi", "1536Mi"),
        ("8Gi", "8Gi"),
        ("1024Mi", "1Gi"),
        ("512Ki", "512Ki"),
        ("1023Ki", "1023Ki"),
        ("0.5Ki", "512"),  # below 1 KiB binary amounts are written as decimal ones
        ("0.1Ki", "102400m"),
        ("1.1Ki", "1126400m"),  # no whole number of bytes: decimal, so that nothing is lost
        ("1e3", "1e3"),
        ("1E3", "1e3"),
        ("12e-1", "1200e-3"),
        ("2E", "2E"),
        ("100u", "100u"),
        ("0", "0"),
        ("0Gi", "0"),
        ("0.0000000001", "1n"),  # finer than a billionth rounds up
        ("-1", "-1"),
    ],
)
def test_canonical_form(text: str, canonical: str) -> None:
    assert str(parse(text)) == canonical


@pytest.mark.parametrize(
    "text",
    [
        "",
        " 4",
        "4 ",
        "4 Gi",
        "4gi",
        "4GB",
        "1.2.3",
        "1e",
        "e3",
        "Gi",
        "0x10",
        "٣",
        "1_000",
        "NaN",
        "inf",
        "9" * 41,
        "8Ei",
    ],
)
def test_refused(text: str) -> None:
    with pytest.raises(ValueError):
        parse(text)


def test_an_integer_is_a_quantity() -> None:
    assert str(parse(2)) == "2"


@pytest.mark.parametrize(
    ("text", "ratio", "limit"),
    [
        ("4", 2, "8"),
        ("1", 1.1, "1100m"),
        ("8Gi", 1.5, "12Gi"),
        ("1Gi", 1.25, "1280Mi"),
        ("3", 0.1, "300m"),  # 3 * 0.1 is 0.30000000000000004 in binary floating point
        ("384Mi", 1, "384Mi"),
    ],
)
def test_times_is_exact(text: str, ratio: float, limit: str) -> None:
    assert str(parse(text).times(ratio)) == limit


@given(st.integers(0, 10**6), st.sampled_from(["", "m", "k", "M", "G", "Ki", "Mi", "Gi"]))
def test_canonical_form_means_the_same_and_stays(number: int, unit: str) -> None:
    amount = parse(f"{number}{unit}")
    written = str(amount)
    assert parse(written).value == amount.value
    assert str(parse(written)) == written


@given(
    st.integers(1, 10**4),
    st.sampled_from(["", "m", "Mi", "Gi"]),
    st.decimals(1, 100, places=2, allow_nan=False, allow_infinity=False),
)
def test_limit_equals_request_times_ratio(number: int, unit: str, ratio: Decimal) -> None:
    request = parse(f"{number}{unit}")
    limit = parse(str(request.times(float(ratio))))
    assert limit.value == request.value * ratio
    assert limit.value >= request.value


@given(st.text(max_size=20))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        amount = parse(text)
    except ValueError:
        return
    assert abs(amount.value) <= LARGEST
    assert isinstance(amount, Quantity)
