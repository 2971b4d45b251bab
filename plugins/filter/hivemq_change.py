# Copyright: (c) 2026, the beekeeper.hivemq authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a change of a HiveMQCluster does and costs, without a cluster."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..module_utils._hivemq.change import change
from ..plugin_utils._filter import refusal, resource

NAME = "hivemq_change"


def hivemq_change(before: Any, after: Any) -> dict[str, Any]:
    """See the documentation beside this file."""
    old, new = resource(before, NAME, "the input"), resource(after, NAME, "the argument after")
    try:
        return change(old, new).as_dict()
    except ValueError as error:
        raise refusal(NAME, str(error)) from error


class FilterModule:
    """See the documentation beside this file."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """The filter by its name."""
        return {NAME: hivemq_change}
