# Copyright: (c) 2026, the beekeeper.hivemq authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations


class ModuleDocFragment:
    """What each module says of check mode, diff mode, idempotence and its action group."""

    DOCUMENTATION = r"""
options: {}
attributes:
  check_mode:
    description: Can run in C(check_mode) and return what it would change, without changing anything.
    support: full
  diff_mode:
    description: Returns what has changed, or would change in C(check_mode), when in diff mode.
    support: full
  idempotent:
    description: Run twice in a row with the same options, the second run reports no change.
    support: full
  action_group:
    description: >-
      Use C(group/beekeeper.hivemq.hivemq) in C(module_defaults) to set defaults for all modules of this collection at once.
    support: full
    membership:
      - beekeeper.hivemq.hivemq
"""

    # Instead of the standard fragment, for modules that only read.
    INFO = r"""
options: {}
attributes:
  check_mode:
    description: Can run in C(check_mode) and return what it would change, without changing anything.
    support: full
    details: This module only reads.
  diff_mode:
    description: Returns what has changed, or would change in C(check_mode), when in diff mode.
    support: N/A
    details: This module only reads.
  idempotent:
    description: Run twice in a row with the same options, the second run reports no change.
    support: full
    details: This module only reads.
  action_group:
    description: >-
      Use C(group/beekeeper.hivemq.hivemq) in C(module_defaults) to set defaults for all modules of this collection at once.
    support: full
    membership:
      - beekeeper.hivemq.hivemq
"""

    # For modules with an action plugin that runs their code in the control process.
    ACTION = r"""
options: {}
attributes:
  in_process:
    description: >-
      Runs in the control process, with live progress lines, when the connection is local, there is no C(become) and the
      Python libraries are there. Set the variable C(beekeeper_hivemq_in_process) to V(false) to forbid it.
    support: full
"""
