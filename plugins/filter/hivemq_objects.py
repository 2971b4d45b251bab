# Copyright: (c) 2026, the beekeeper.hivemq authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The Kubernetes objects of a HiveMQCluster, without a cluster."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..module_utils._hivemq.objects import objects
from ..module_utils._hivemq.spec import parse
from ..plugin_utils._filter import require_sound, resource

NAME = "hivemq_objects"


def hivemq_objects(given: Any) -> list[dict[str, Any]]:
    """See the documentation beside this file."""
    cluster = resource(given, NAME)
    require_sound(cluster, NAME)
    return objects(parse(cluster))


class FilterModule:
    """See the documentation beside this file."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """The filter by its name."""
        return {NAME: hivemq_objects}
