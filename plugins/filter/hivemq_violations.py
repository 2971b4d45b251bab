# Copyright: (c) 2026, the beekeeper.hivemq authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is wrong with a HiveMQCluster, without a cluster."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

from ..module_utils._hivemq.validate import validate
from ..plugin_utils._filter import resource

NAME = "hivemq_violations"


def hivemq_violations(given: Any) -> list[dict[str, str]]:
    """See the documentation beside this file."""
    return [dataclasses.asdict(finding) for finding in validate(resource(given, NAME))]


class FilterModule:
    """See the documentation beside this file."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """The filter by its name."""
        return {NAME: hivemq_violations}
