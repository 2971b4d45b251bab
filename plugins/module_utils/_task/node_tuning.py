# Copyright: (c) 2026, the beekeeper.hivemq authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What hivemq_node_tuning does.

Runs on the nodes: standard library only, Python 3.8 and newer. It doesn't import `_task.host`, not even inside a
function: Ansible sends all that a module may import, and the Kubernetes client layer has no business on a node.
This module util is private to the collection. It can change at any time.
"""

from __future__ import annotations

from typing import Any, Protocol

from .._node.sysctl import SysctlError, parse, settings
from .._node.tuning import Node, Plan

KEEPALIVE = {
    "net.ipv4.tcp_keepalive_time": 300,
    "net.ipv4.tcp_keepalive_intvl": 300,
    "net.ipv4.tcp_keepalive_probes": 2,
}
"""HiveMQ's advice for load balancers that drop connections after 350 seconds of silence."""

ARGUMENT_SPEC: dict[str, Any] = {
    "sysctls": {"type": "dict", "default": KEEPALIVE},
    "path": {"type": "path", "default": "/etc/sysctl.d/tcpkeepalive.conf"},
    "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
    "reload": {"type": "bool", "default": True},
}


class NodeHost(Protocol):
    """The part of an `AnsibleModule` that is needed."""

    params: dict[str, Any]
    check_mode: bool

    def warn(self, warning: str) -> None:
        """Show a warning."""


def run(host: NodeHost, root: str = "/") -> dict[str, Any]:
    """Tune the node below `root`, or restore it. Raises SysctlError."""
    params = host.params
    path = params["path"]
    if not path.startswith("/") or not path.endswith(".conf") or ".." in path.split("/"):
        raise SysctlError(
            f"path is '{path}', but must be absolute and end with .conf",
            "Other files are not read when the system starts; use one in /etc/sysctl.d.",
        )
    node = Node(root)
    wanted = settings(params["sysctls"]) if params["state"] == "present" else {}
    plan = node.plan(path, wanted, reload=params["reload"])
    if not host.check_mode:
        node.apply(plan)
    for problem in plan.unsupported:
        host.warn(f"{problem['key']} is left alone: {problem['reason']}")
    return {
        "changed": plan.changed,
        "sysctls": _keys(plan),
        "unsupported": plan.unsupported,
        "notes": plan.notes,
        "path": path,
        "record": node.record_path(path),
        "diff": _diff(plan),
    }


def _keys(plan: Plan) -> dict[str, dict[str, Any]]:
    """Each key with its states. Of a key that is restored, `desired` is the value it had in the beginning."""
    before, after = parse(plan.text_before or ""), parse(plan.text_after or "")
    return {
        key: {
            "desired": plan.wanted.get(key, plan.running_after[key]),
            "running_before": plan.running_before[key],
            "running": plan.running_after[key],
            "persisted_before": before.get(key),
            "persisted": after.get(key),
            "changed": plan.running_before[key] != plan.running_after[key] or before.get(key) != after.get(key),
        }
        for key in plan.running_before
    }


def _diff(plan: Plan) -> list[dict[str, str]]:
    """The file and the running values, as Ansible shows differences; only what differs."""
    parts = []
    if plan.text_before != plan.text_after:
        parts.append(_part(plan.path, _shown(plan.text_before), _shown(plan.text_after)))
    keys = [key for key, value in plan.running_after.items() if plan.running_before[key] != value]
    if keys:
        before, after = (
            "".join(f"{key} = {values[key]}\n" for key in keys) for values in (plan.running_before, plan.running_after)
        )
        parts.append(_part("running kernel", before, after))
    return parts


def _part(header: str, before: str, after: str) -> dict[str, str]:
    return {"before_header": header, "after_header": header, "before": before, "after": after}


def _shown(text: str | None) -> str:
    """Bytes that are no UTF-8 can't be shown, and results have to be."""
    return (text or "").encode("utf-8", "surrogateescape").decode("utf-8", "replace")
