# Copyright: (c) 2026, the beekeeper.hivemq authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Kubernetes quantities (`500m`, `1.5Gi`, `4`), exactly, and in the form the API server stores them in.

The API server rewrites quantities to a canonical form (`0.5` becomes `500m`, `1.5Gi` becomes `1536Mi`). What we send
has that form already, so comparing what lives in the cluster with what we want needs no knowledge of quantities.
Rules: k8s.io/apimachinery, pkg/api/resource (Quantity).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import ROUND_CEILING, Context, Decimal
from typing import Literal

Format = Literal["BinarySI", "DecimalSI", "DecimalExponent"]

_PATTERN = re.compile(
    r"([+-]?)(\d{1,40}(?:\.\d{0,40})?|\.\d{1,40})(n|u|m|k|[KMGTPE]i|[MGTPE]|[eE][+-]?\d{1,3})?", re.ASCII
)
_BINARY = ("", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei")
_DECIMAL = {-9: "n", -6: "u", -3: "m", 0: "", 3: "k", 6: "M", 9: "G", 12: "T", 15: "P", 18: "E"}
_DECIMAL_POWER = {suffix: power for power, suffix in _DECIMAL.items()}
_NANO = Decimal(1).scaleb(-9)
# Quantities above 2^63-1 are cut off by the API server; nothing a broker asks for comes near.
LARGEST = Decimal(2**63 - 1)
# Wide enough for the longest number the pattern lets through, so no operation rounds unless told to.
_EXACT = Context(prec=200)


@dataclass(frozen=True)
class Quantity:
    """An exact amount, and the family of units to write it in."""

    value: Decimal
    format: Format = "DecimalSI"

    def times(self, ratio: float | int | Decimal) -> Quantity:
        """The amount times `ratio`, exactly for the ratio's shortest decimal form (1.1 is eleven tenths)."""
        factor = ratio if isinstance(ratio, Decimal) else Decimal(str(ratio))
        return Quantity(_EXACT.multiply(self.value, factor), self.format)

    def __str__(self) -> str:
        """Canonical form. Digits below a billionth round up, as in Kubernetes."""
        value = self.value.quantize(_NANO, rounding=ROUND_CEILING, context=_EXACT)
        if self.format == "BinarySI" and abs(value) >= 1024 and value == value.to_integral_value():
            return _binary(int(value))
        power = -9
        digits = int(value.scaleb(9, context=_EXACT))
        if digits == 0:
            return "0"
        while digits % 1000 == 0 and power < 18:
            digits //= 1000
            power += 3
        if self.format == "DecimalExponent":
            return f"{digits}e{power}" if power else str(digits)
        return f"{digits}{_DECIMAL[power]}"


def _binary(value: int) -> str:
    index = 0
    while value % 1024 == 0 and index < len(_BINARY) - 1:
        value //= 1024
        index += 1
    return f"{value}{_BINARY[index]}"


def parse(text: str | int) -> Quantity:
    """Read a quantity. Raises ValueError for anything Kubernetes would refuse, and for amounts above 2^63-1."""
    match = _PATTERN.fullmatch(str(text))
    if match is None:
        raise ValueError(f"{str(text)[:60]!r} is not a quantity")
    sign, number, suffix = match.group(1), match.group(2), match.group(3) or ""
    amount = Decimal(number)
    kind: Format = "DecimalSI"
    if suffix in _BINARY[1:]:
        kind = "BinarySI"
        amount = _EXACT.multiply(amount, Decimal(1024 ** _BINARY.index(suffix)))
    elif suffix in _DECIMAL_POWER:
        amount = amount.scaleb(_DECIMAL_POWER[suffix], context=_EXACT)
    else:
        kind = "DecimalExponent"
        amount = amount.scaleb(int(suffix[1:]), context=_EXACT)
    if sign == "-":
        amount = -amount
    if abs(amount) > LARGEST:
        raise ValueError(f"{str(text)[:60]!r} is larger than Kubernetes can count (2^63-1)")
    return Quantity(amount, kind)
