#!/usr/bin/python

# Copyright: (c) 2026, the beekeeper.hivemq authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: hivemq_cluster_info
short_description: Read HiveMQ broker clusters
version_added: 0.1.0
author:
  - the beekeeper.hivemq authors (@beekeeper)
description:
  - Returns the C(HiveMQCluster) resources of a namespace or of all of them, and how they are.
  - Where the resource kind isn't installed there are no clusters; that is no failure.
extends_documentation_fragment:
  - beekeeper.hivemq._auth
  - beekeeper.hivemq._attributes.info
  - beekeeper.hivemq._attributes.action
options:
  name:
    description:
      - Only the cluster of this name.
    type: str
  namespace:
    description:
      - Only clusters in this namespace. All namespaces if not set.
    type: str
  label_selector:
    description:
      - Only clusters with these labels.
    type: str
  resource:
    description:
      - Whether to return each whole resource too.
    type: bool
    default: false
seealso:
  - module: beekeeper.hivemq.hivemq_cluster
"""

EXAMPLES = r"""
- name: Look at all clusters
  beekeeper.hivemq.hivemq_cluster_info:
  register: found

- name: Fail if one isn't running
  ansible.builtin.assert:
    that: found.clusters | rejectattr('state', 'equalto', 'Running') | length == 0
"""

RETURN = r"""
clusters:
  description: The clusters, ordered by namespace and name.
  returned: success
  type: list
  elements: dict
  contains:
    name:
      description: Name.
      type: str
      sample: plant
    namespace:
      description: Namespace.
      type: str
      sample: hivemq
    state:
      description: State as the operator sees it; null when it hasn't looked yet.
      type: str
      sample: Running
    message:
      description: What is going on, in words.
      type: str
      sample: 3 brokers are ready.
    node_count:
      description: Number of brokers asked for.
      type: int
      sample: 3
    ready_nodes:
      description: Number of brokers that accept connections.
      type: int
      sample: 3
    image:
      description: Image with its tag.
      type: str
      sample: hivemq/hivemq4:4.28.0
    version:
      description: Version of HiveMQ.
      type: str
      sample: 4.28.0
    endpoints:
      description: Address of the load balancer for each port that has one.
      type: dict
      sample: {"mqtt": "172.18.255.1"}
    conditions:
      description: Conditions of the status.
      type: list
      elements: dict
      sample: [{"type": "Ready", "status": "True"}]
    generation:
      description: Generation of the resource; it grows with each change.
      type: int
      sample: 2
    observed_generation:
      description: Generation the operator has seen. The state is about this one.
      type: int
      sample: 2
    resource:
      description: The whole resource.
      returned: when O(resource=true)
      type: dict
      sample: {"apiVersion": "hivemq.com/v1", "kind": "HiveMQCluster"}
crd_installed:
  description: Whether the API server knows the kind HiveMQCluster.
  returned: success
  type: bool
  sample: true
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

from ..module_utils._task import cluster_info
from ..module_utils._task.host import execute, module_host


def main() -> None:
    """Run as a module."""
    module = AnsibleModule(argument_spec=cluster_info.ARGUMENT_SPEC, supports_check_mode=True, **cluster_info.OPTIONS)
    execute(module_host(module), cluster_info.run)


if __name__ == "__main__":
    main()
