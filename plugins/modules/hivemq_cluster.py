#!/usr/bin/python

# Copyright: (c) 2026, the beekeeper.hivemq authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: hivemq_cluster
short_description: Bring about a HiveMQ broker cluster, or remove it
version_added: 0.1.0
author:
  - the beekeeper.hivemq authors (@beekeeper)
description:
  - Applies a C(HiveMQCluster) resource, which the operator of this collection turns into brokers, and waits until they
    are ready for exactly this version of the resource.
  - The resource is checked first. If it isn't sound, all that is wrong with it is reported at once and nothing is sent.
  - When the cluster fails or takes too long, the message holds the last events and the end of the failing broker's log.
extends_documentation_fragment:
  - beekeeper.hivemq._auth
  - beekeeper.hivemq._wait
  - beekeeper.hivemq._attributes
  - beekeeper.hivemq._attributes.action
attributes:
  check_mode:
    description: Can run in C(check_mode) and return what it would change, without changing anything.
    support: full
    details: Works before the namespace and the CustomResourceDefinition exist. The resource is checked as otherwise.
options:
  name:
    description:
      - Name of the cluster. Needed unless O(definition) has it.
    type: str
  namespace:
    description:
      - Namespace of the cluster. Defaults to that of O(definition), else V(default).
    type: str
  spec:
    description:
      - The specification, as in C(spec) of a C(HiveMQCluster). All of it has defaults.
      - A field that was here before and isn't any more goes back to its default.
    type: dict
  definition:
    description:
      - The whole C(HiveMQCluster) instead of O(spec).
    type: dict
  labels:
    description:
      - Labels of the resource, added to those of O(definition).
    type: dict
  annotations:
    description:
      - Annotations of the resource, added to those of O(definition).
    type: dict
  create_namespace:
    description:
      - Whether to create the namespace where it is missing. It is not removed with the cluster.
      - The cluster is checked before, so that a refused one leaves no namespace behind.
    type: bool
    default: false
  namespace_labels:
    description:
      - Labels of the namespace, when O(create_namespace=true). Others that it has stay.
    type: dict
  state:
    description:
      - Whether the cluster is to be there or not.
      - Removing it ends its brokers and loses sessions, queued and retained messages.
    type: str
    choices: [present, absent]
    default: present
  wait_timeout:
    description:
      - How many seconds to wait at most.
    type: int
    default: 900
  force_conflicts:
    description:
      - Whether to take over fields that another field manager owns. If V(false), such a field fails the task.
    type: bool
    default: true
  field_manager:
    description:
      - Name under which the API server records the fields that were applied.
    type: str
    default: beekeeper-ansible
seealso:
  - module: beekeeper.hivemq.hivemq_cluster_info
  - module: beekeeper.hivemq.hivemq_mqtt_probe
  - plugin: beekeeper.hivemq.hivemq_change
    plugin_type: filter
"""

EXAMPLES = r"""
- name: Three brokers
  beekeeper.hivemq.hivemq_cluster:
    name: plant
    namespace: hivemq
    spec:
      nodeCount: 3
      cpu: "2"
      memory: 4Gi

- name: See what a change of a file under version control would do
  beekeeper.hivemq.hivemq_cluster:
    definition: "{{ lookup('ansible.builtin.file', 'plant.yaml') | from_yaml }}"
  check_mode: true
  diff: true
  register: planned

- name: Stop where no broker would answer for a while
  ansible.builtin.assert:
    that: planned.change is none or not planned.change.cost.outage

- name: Remove it, with all its data
  beekeeper.hivemq.hivemq_cluster:
    name: plant
    namespace: hivemq
    state: absent
"""

RETURN = r"""
state:
  description: State of the cluster as the operator sees it; empty when it hasn't looked yet, or the cluster is gone.
  returned: always, unless nothing was sent
  type: str
  sample: Running
endpoints:
  description: Address of the load balancer for each port that has one.
  returned: always, unless nothing was sent
  type: dict
  sample: {"mqtt": "172.18.255.1"}
cluster_resource:
  description: The resource as it is, in check mode as it would be; null when it is gone.
  returned: always, unless nothing was sent
  type: dict
  sample: {"apiVersion": "hivemq.com/v1", "kind": "HiveMQCluster", "metadata": {"name": "plant", "namespace": "hivemq"}}
change:
  description:
    - What the change of the resource does to the brokers (in check mode, would do), and what that costs their clients.
    - The same as P(beekeeper.hivemq.hivemq_change#filter) returns, which documents it in full.
    - Null when the cluster wasn't there before.
  returned: always, unless nothing was sent
  type: dict
  contains:
    effect:
      description: The gravest effect, from V(none) over V(live), V(services), V(scale_up), V(scale_down), V(rolling),
        and V(unknown) to V(refused).
      type: str
      sample: rolling
    effects:
      description: All effects, from harmless to grave.
      type: list
      elements: str
      sample: [rolling]
    summary:
      description: One line.
      type: str
      sample: "would restart 3 brokers one after the other (1.58 reconnects per client): spec.memory 4Gi → 8Gi"
    fields:
      description: The fields that differ, each with its effect, why it has it, and its cost. Secrets are masked.
      type: list
      elements: dict
    objects:
      description: The Kubernetes objects that change, from which the effects are taken.
      type: list
      elements: dict
    cost:
      description: Numbers of brokers that restart, come and go; expected reconnects per client; whether all brokers are
        gone for a while.
      type: dict
      sample: {"brokers": 3, "restarts": 3, "clients_moved": 1.0, "reconnects_per_client": 1.58, "outage": false}
    problems:
      description: Why it is refused or can't be told.
      type: list
      elements: str
violations:
  description: What is wrong with the resource.
  returned: when it isn't sound
  type: list
  elements: dict
  contains:
    rule:
      description: Stable identifier of the rule.
      type: str
      sample: type
    path:
      description: The field.
      type: str
      sample: spec.nodeCount
    problem:
      description: What is wrong.
      type: str
      sample: is a string, must be an integer
    why:
      description: Why that matters.
      type: str
      sample: ""
    remedy:
      description: What to do about it.
      type: str
      sample: write a whole number
cluster:
  description: The API server that was used.
  returned: always
  type: dict
  contains:
    host:
      description: URL of the API server.
      type: str
      sample: https://10.0.0.1:6443
    context:
      description: Context of the kubeconfig, V(in-cluster), or empty.
      type: str
      sample: kind-beekeeper
    user:
      description: User of the context, or subject of the token.
      type: str
      sample: kind-beekeeper
api_calls:
  description: Number of requests sent to the API server.
  returned: always
  type: int
  sample: 13
failure:
  description: What failed, for programs.
  returned: failure
  type: dict
  contains:
    code:
      description: Kind of failure, such as V(Unreachable), V(Unauthorized), V(Forbidden), V(NotFound), V(Conflict),
        V(Invalid), V(InvalidManifest), V(ConfigProblem), V(DeadlineExceeded), V(NeverReady) or V(DataLossRefused).
      type: str
      sample: Forbidden
    object:
      description: The object concerned, or empty.
      type: str
      sample: Deployment hivemq/hivemq-operator
    next_step:
      description: What to do about it.
      type: str
      sample: "Install its CustomResourceDefinition first."
progress:
  description: The lines of progress, when the module does not run in the control process.
  returned: when executed as a module
  type: list
  elements: str
"""

from ansible.module_utils.basic import AnsibleModule

from ..module_utils._task import cluster
from ..module_utils._task.host import execute, module_host


def main() -> None:
    """Run as a module."""
    module = AnsibleModule(argument_spec=cluster.ARGUMENT_SPEC, supports_check_mode=True, **cluster.OPTIONS)
    execute(module_host(module), cluster.run)


if __name__ == "__main__":
    main()
