# Copyright: (c) 2026, the beekeeper.hivemq authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The operator's process: watches, a work queue, workers.

What a cluster is, `_hivemq` decides; how to talk to Kubernetes, `_kube` knows.
"""

from __future__ import annotations

__version__ = "0.1.0"

# Owner of the fields that this process applies, and the reporter of its Events.
COMPONENT = "beekeeper-operator"
