#!/usr/bin/python

# Copyright: (c) 2026, the beekeeper.hivemq authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: hivemq_node_tuning
short_description: Set kernel parameters of a node, running and persisted, and restore them
version_added: 0.1.0
author:
  - the beekeeper.hivemq authors (@beekeeper)
description:
  - Sets any number of kernel parameters (sysctls) in one task, in the running kernel and in a file that is read when
    the system starts.
  - The settings are one marked block in the file; all else in it stays. When the rest of the file sets all the values
    already, there is no block.
  - Before the first change, the running values and the file are recorded in a file under
    C(/var/lib/beekeeper-hivemq/node-tuning/). A key that is taken out of O(sysctls) later gets its recorded value back,
    and O(state=absent) brings back everything.
  - When the kernel refuses a value, the changes made before it are undone.
notes:
  - Runs on the node with the standard library of Python 3.8 or newer, as root.
  - C(net.*) parameters don't reach pods on the pod network. Each network namespace starts from the kernel's defaults,
    so a broker there doesn't see the node's keepalive settings. They serve brokers on the host network and the
    connections of the node itself. For brokers on the pod network, set C(spec.securityContext.sysctls) of the pods.
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
options:
  sysctls:
    description:
      - Names and values of the parameters. Not looked at with O(state=absent).
      - Values are whole numbers or strings. YAML's booleans are refused, because the kernel wants V(1) and V(0).
      - The default is the TCP keepalive that HiveMQ advises for load balancers that drop a connection after 350 seconds
        of silence.
    type: dict
    default:
      net.ipv4.tcp_keepalive_time: 300
      net.ipv4.tcp_keepalive_intvl: 300
      net.ipv4.tcp_keepalive_probes: 2
  path:
    description: The file for the settings, absolute and with the ending C(.conf), without which it isn't read.
    type: path
    default: /etc/sysctl.d/tcpkeepalive.conf
  state:
    description:
      - With V(present) the parameters are set.
      - With V(absent) all that was recorded for O(path) becomes what it was before the first change. A file that was
        not there is removed.
    type: str
    choices: [present, absent]
    default: present
  reload:
    description:
      - Whether to set the running values.
      - With V(false) only the file changes. With O(state=absent) the running values are then not restored, nor later.
    type: bool
    default: true
"""

EXAMPLES = r"""
- name: The keepalive that HiveMQ advises
  beekeeper.hivemq.hivemq_node_tuning:
  become: true

- name: Keepalive and room for connections
  beekeeper.hivemq.hivemq_node_tuning:
    path: /etc/sysctl.d/90-mqtt.conf
    sysctls:
      net.ipv4.tcp_keepalive_time: 300
      net.ipv4.tcp_keepalive_intvl: 300
      net.ipv4.tcp_keepalive_probes: 2
      net.ipv4.ip_local_port_range: 1024 65535
  become: true

- name: As it was before
  beekeeper.hivemq.hivemq_node_tuning:
    state: absent
  become: true
"""

RETURN = r"""
sysctls:
  description: Each parameter with its states. In check mode the values after the change are what they would be.
  returned: success
  type: dict
  sample:
    net.ipv4.tcp_keepalive_time:
      desired: "300"
      running_before: "7200"
      running: "300"
      persisted_before: null
      persisted: "300"
      changed: true
unsupported:
  description: Parameters that are left alone, as C(key) and C(reason), because the kernel lacks or protects them.
  returned: success
  type: list
  elements: dict
  sample: []
notes:
  description: What to know about the effect, such as another file that overrides a value when the system starts.
  returned: success
  type: list
  elements: str
path:
  description: The file with the settings.
  returned: success
  type: str
  sample: /etc/sysctl.d/tcpkeepalive.conf
record:
  description: The file with the values before the first change. It exists only while there is something to restore.
  returned: success
  type: str
  sample: /var/lib/beekeeper-hivemq/node-tuning/tcpkeepalive.conf-5cb1f57a.json
next_step:
  description: What to do about a failure.
  returned: failure
  type: str
  sample: "Run the task with 'become: true'."
"""

from ansible.module_utils.basic import AnsibleModule

from ..module_utils._node.sysctl import SysctlError
from ..module_utils._task import node_tuning


def main() -> None:
    """Run as a module."""
    module = AnsibleModule(argument_spec=node_tuning.ARGUMENT_SPEC, supports_check_mode=True)
    try:
        result = node_tuning.run(module)
    except SysctlError as error:
        module.fail_json(msg=str(error), next_step=error.next_step)
    module.exit_json(**result)


if __name__ == "__main__":
    main()
