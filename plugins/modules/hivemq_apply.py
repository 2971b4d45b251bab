#!/usr/bin/python

# Copyright: (c) 2026, the beekeeper.hivemq authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: hivemq_apply
short_description: Apply or remove a set of Kubernetes manifests in one task
version_added: 0.1.0
author:
  - the beekeeper.hivemq authors (@beekeeper)
description:
  - Applies manifests of any kind by server-side apply, in an order that works, and waits until they are ready.
  - Namespaces come first, then CustomResourceDefinitions (which are waited for until the API server serves them), then
    what others refer to, then workloads, custom resources and webhooks. Removal goes the other way round.
  - An object that is as it was applied costs one request; unchanged objects are not written.
  - Nothing is sent if a manifest is malformed or an object is there twice.
extends_documentation_fragment:
  - beekeeper.hivemq._auth
  - beekeeper.hivemq._wait
  - beekeeper.hivemq._attributes
  - beekeeper.hivemq._attributes.action
attributes:
  check_mode:
    description: Can run in C(check_mode) and return what it would change, without changing anything.
    support: full
    details: The API server computes each change. Objects whose Namespace or CustomResourceDefinition is not there yet
      are predicted without it and marked with C(predicted).
options:
  definition:
    description:
      - The manifests, as a list of dictionaries, a dictionary, or YAML text with one or more documents.
      - For O(state=absent) C(apiVersion), C(kind) and C(metadata) are enough.
    type: raw
    aliases: [manifests]
  src:
    description:
      - Files with manifests, one or more documents each, on the control node. Relative paths are looked for in
        C(files/) of the role, then beside the playbook. Vaulted files are decrypted.
    type: list
    elements: path
  state:
    description:
      - Whether the objects are to be there or not. Removing what is not there is fine.
    type: str
    choices: [present, absent]
    default: present
  namespace:
    description:
      - Namespace for namespaced manifests that name none. V(default) if this is not set either.
    type: str
  force_conflicts:
    description:
      - Whether to take over fields that another field manager owns. If V(false), such a field fails the task.
    type: bool
    default: true
  field_manager:
    description:
      - Name under which the API server records the fields that were applied. Changing it makes the fields of the former
        name stay, even when they're gone from the manifest.
    type: str
    default: beekeeper-ansible
  allow_data_loss:
    description:
      - Removing a CustomResourceDefinition removes every object of its kind in all namespaces. While there are any,
        this is refused, in check mode too, unless this option is V(true).
    type: bool
    default: false
  prune:
    description:
      - Remove objects that carry a label and are not in the set, such as those of an earlier version.
      - Objects that another object controls, such as the pods of a Deployment, are left to Kubernetes.
    type: dict
    suboptions:
      label_selector:
        description:
          - Label selector. Only objects it selects are ever removed.
        type: str
        required: true
      kinds:
        description:
          - Kinds to look at. By default those of the set, and all of Role, RoleBinding, ClusterRole and
            ClusterRoleBinding if there is one of them, but never unasked Namespaces, CustomResourceDefinitions,
            volumes, their claims, or HiveMQCluster.
        type: list
        elements: dict
        suboptions:
          api_version:
            description: API version, such as V(apps/v1).
            type: str
            required: true
          kind:
            description: Kind, such as V(Deployment).
            type: str
            required: true
      namespaces:
        description:
          - Namespaces to look in. All of them if empty.
        type: list
        elements: str
        default: []
seealso:
  - module: beekeeper.hivemq.hivemq_cluster
"""

EXAMPLES = r"""
- name: Apply files and inline manifests together, and wait until all is ready
  beekeeper.hivemq.hivemq_apply:
    src:
      - operator.yaml
    definition:
      - apiVersion: v1
        kind: Namespace
        metadata:
          name: hivemq

- name: Apply a set, and remove what an earlier version of it had
  beekeeper.hivemq.hivemq_apply:
    src: [monitoring.yaml]
    prune:
      label_selector: app.kubernetes.io/part-of=hivemq-monitoring

- name: Remove a CustomResourceDefinition and every object of its kind
  beekeeper.hivemq.hivemq_apply:
    state: absent
    definition:
      apiVersion: apiextensions.k8s.io/v1
      kind: CustomResourceDefinition
      metadata:
        name: hivemq-clusters.hivemq.com
    allow_data_loss: true
"""

RETURN = r"""
objects:
  description: What happened, or would happen, to each object, in order.
  returned: always, unless nothing was sent
  type: list
  elements: dict
  contains:
    api_version:
      description: API version.
      type: str
      sample: apps/v1
    kind:
      description: Kind.
      type: str
      sample: Deployment
    namespace:
      description: Namespace, or null.
      type: str
      sample: hivemq
    name:
      description: Name.
      type: str
      sample: hivemq-operator
    action:
      description: One of V(created), V(configured), V(unchanged), V(deleted) and V(pruned).
      type: str
      sample: unchanged
    predicted:
      description: Whether it was predicted in check mode without the API server.
      type: bool
      sample: false
summary:
  description: The same in one line.
  returned: always, unless nothing was sent
  type: str
  sample: 1 configured, 12 unchanged
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

from ..module_utils._task import apply
from ..module_utils._task.host import execute, module_host


def main() -> None:
    """Run as a module."""
    module = AnsibleModule(argument_spec=apply.ARGUMENT_SPEC, supports_check_mode=True, **apply.OPTIONS)
    execute(module_host(module), apply.run)


if __name__ == "__main__":
    main()
