# Copyright: (c) 2026, the beekeeper.hivemq authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The tasks are tested with the same API server and client as what they are made of."""

from __future__ import annotations

from ..kube.conftest import _no_outside, api, client, clock, slept

__all__ = ["_no_outside", "api", "client", "clock", "slept"]
