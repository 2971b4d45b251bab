# Copyright: (c) 2026, the beekeeper.hivemq authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs hivemq_cluster in the control process."""

from __future__ import annotations

from ..module_utils._task import cluster
from ..plugin_utils._action import InProcessAction


class ActionModule(InProcessAction):
    """See the module of the same name."""

    TASK = cluster
