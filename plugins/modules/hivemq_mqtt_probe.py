#!/usr/bin/python

# Copyright: (c) 2026, the beekeeper.hivemq authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: hivemq_mqtt_probe
short_description: Prove that a broker answers MQTT, by a round trip
version_added: 0.1.0
author:
  - the beekeeper.hivemq authors (@beekeeper)
description:
  - Connects to an MQTT broker, subscribes with QoS 1 to a topic of its own, publishes with QoS 1 and waits until the
    same bytes come back. Returns how long each step took.
  - A failure says which step failed, why, and what to do next.
  - The session ends with the connection, and no message is retained.
requirements:
  - paho-mqtt >= 2.0
extends_documentation_fragment:
  - beekeeper.hivemq._attributes.action
attributes:
  check_mode:
    description: Can run in C(check_mode) and return what it would change, without changing anything.
    support: full
    details: In check mode nothing is sent, because the broker may not exist yet. The task is reported as skipped.
  diff_mode:
    description: Returns what has changed, or would change in C(check_mode), when in diff mode.
    support: N/A
    details: It never changes anything.
  idempotent:
    description: Run twice in a row with the same options, the second run reports no change.
    support: full
options:
  host:
    description: Host name or IP address of the broker, or of the load balancer before it.
    type: str
    required: true
  port:
    description: TCP port of the listener. Without it V(1883), or V(8883) with O(tls=true).
    type: int
  protocol:
    description: Version of MQTT.
    type: str
    choices: ["3.1.1", "5"]
    default: "5"
  tls:
    description: Whether the listener wants TLS.
    type: bool
    default: false
  ca_cert:
    description: PEM file with the certificate authorities to trust. Without it those of the system.
    type: path
  client_cert:
    description: PEM file with the client's certificate.
    type: path
  client_key:
    description: PEM file with the key of O(client_cert), without a passphrase. Not needed when that file holds it.
    type: path
  validate_certs:
    description: Whether the broker's certificate must be valid and issued for the name. Only turn it off for a test.
    type: bool
    default: true
  server_name:
    description: Name to ask for in the TLS handshake (SNI) and to expect in the certificate. Without it O(host).
    type: str
  username:
    description: User name for the broker.
    type: str
  password:
    description: Password for the broker.
    type: str
  client_id:
    description: Client identifier. Without it a random one of 22 letters and digits.
    type: str
  topic_prefix:
    description: The topic is this prefix, a slash and a random name.
    type: str
    default: beekeeper/probe
  count:
    description: How many messages to send, one after the other. Between 1 and 1000.
    type: int
    default: 1
  payload_size:
    description: Size of each message's payload in bytes. Between 32 and 1048576.
    type: int
    default: 64
  timeout:
    description: How many seconds one try may take, from the name's resolution to the last message. Between 0.1 and 300.
    type: float
    default: 10.0
  wait_timeout:
    description:
      - For how many seconds to go on trying when a try fails, with a line of progress at each.
      - With V(0) there is one try. A try that has begun in time may use its whole O(timeout).
      - What no further try can heal, such as a missing certificate file, ends the task at once.
    type: int
    default: 0
"""

EXAMPLES = r"""
- name: The broker answers within five minutes
  beekeeper.hivemq.hivemq_mqtt_probe:
    host: 172.18.255.1
    wait_timeout: 300

- name: The latency of 100 messages through the load balancer, with TLS and a password
  beekeeper.hivemq.hivemq_mqtt_probe:
    host: mqtt.example.com
    tls: true
    ca_cert: /etc/ssl/certs/example-ca.pem
    username: probe
    password: "{{ probe_password }}"
    count: 100
  register: latency

- name: The median is below 50 ms
  ansible.builtin.assert:
    that: latency.probe.round_trip_ms.median < 50
  when: latency.probe is not none
"""

RETURN = r"""
probe:
  description: What was measured. None in check mode.
  returned: success
  type: dict
  contains:
    address:
      description: Address and port of the other end of the connection.
      type: str
      sample: 172.18.255.1:1883
    protocol:
      description: Version of MQTT.
      type: str
      sample: "5"
    client_id:
      description: Client identifier.
      type: str
      sample: beekeeperprobe0ef2796e
    topic:
      description: The topic used.
      type: str
      sample: beekeeper/probe/0ef2796e5eda8474
    connect_ms:
      description: Milliseconds for TCP, TLS and the broker's CONNACK.
      type: float
      sample: 11.497
    subscribe_ms:
      description: Milliseconds until the SUBACK.
      type: float
      sample: 2.203
    round_trip_ms:
      description: Milliseconds from sending a message to having it back, as C(min), C(median) and C(max).
      type: dict
      sample: {"min": 1.177, "median": 1.496, "max": 4.47}
    messages:
      description: Number of messages that came back.
      type: int
      sample: 1
    reason_codes:
      description: Names of the broker's reason codes for C(connect), C(subscribe) and C(publish).
      type: dict
      sample: {"connect": "Success", "subscribe": "Granted QoS 1", "publish": "Success"}
    session_present:
      description: Whether the broker had a session for the client identifier.
      type: bool
      sample: false
    attempts:
      description: Number of tries, the successful one included.
      type: int
      sample: 1
failure:
  description: What failed, for programs.
  returned: failure
  type: dict
  contains:
    code:
      description:
        - The step, one of V(client), V(tls_files), V(dns), V(tcp), V(tls), V(connect), V(subscribe), V(publish) and
          V(receive).
        - V(BadOption) for an option out of bounds.
      type: str
      sample: connect
    object:
      description: The listener as a URL.
      type: str
      sample: mqtt://172.18.255.1:1883
    next_step:
      description: What to do about it.
      type: str
      sample: Check 'username' and 'password'.
progress:
  description: The lines of progress, when the module doesn't run in the control process.
  returned: when executed as a module
  type: list
  elements: str
"""

from ansible.module_utils.basic import AnsibleModule

from ..module_utils._task import mqtt_probe
from ..module_utils._task.host import execute, module_host


def main() -> None:
    """Run as a module."""
    module = AnsibleModule(argument_spec=mqtt_probe.ARGUMENT_SPEC, supports_check_mode=True, **mqtt_probe.OPTIONS)
    execute(module_host(module), mqtt_probe.run)


if __name__ == "__main__":
    main()
