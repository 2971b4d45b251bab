# Copyright: (c) 2026, the beekeeper.hivemq authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""`up`, `down` and `status` of the lab."""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time

from . import cluster, engine, images, node_image, settings
from .steps import LabError, main, say, step


def up() -> None:
    """Bring everything up that isn't: engine, images, cluster, client; then write the inventory."""
    started = time.monotonic()
    engine.ensure()
    node = node_image.ensure()
    key = cluster.content_key(node)
    if not cluster.is_up(key):
        cluster.create(node, key)
    operator = images.operator()
    cluster.load([*images.brokers(), operator], settings.WORKERS)
    cluster.ensure_client(images.client())
    images.prune()
    _write_inventory(operator)
    say(f"The lab is up ({time.monotonic() - started:.0f} s): export KUBECONFIG={settings.KUBECONFIG}")


def down() -> None:
    """Leave nothing running: no cluster, no client, no container engine of ours."""
    if engine.answers():
        if cluster.exists():
            cluster.delete()
        with step("Remove the client container") as current:
            cluster.remove_client(current)
    engine.stop_if_ours()
    say("The lab is down")


def status() -> None:
    """Say whether the lab is up; fails if it isn't."""
    if not engine.answers() or not cluster.exists():
        raise LabError("the lab is down; 'make lab-up' brings it up")
    subprocess.run(cluster.kubectl("get", "nodes,pods", "--all-namespaces"), check=False)


def _write_inventory(operator: images.Image) -> None:
    """Write what playbooks need: how to reach the worker nodes and the client, and the images of this checkout."""
    over_docker = {
        "ansible_connection": "community.docker.docker",
        "ansible_python_interpreter": "/usr/bin/python3",
        # Commands run as root in the containers, which have no sudo.
        "hivemq_node_tuning_become": False,
    }
    inventory = {
        "all": {
            "vars": {
                "hivemq_kubeconfig": str(settings.KUBECONFIG),
                "hivemq_operator_image": operator.reference,
                "hivemq_lab_broker_image": settings.BROKER_IMAGE,
                "hivemq_lab_broker_versions": list(settings.HIVEMQ_CE),
                "hivemq_lab_loopback_ports": list(settings.LOOPBACK_PORTS),
                "hivemq_lab_client": settings.CLIENT,
            },
            "hosts": {
                "localhost": {
                    "ansible_connection": "local",
                    "ansible_python_interpreter": "{{ ansible_playbook_python }}",
                }
            },
            "children": {
                "k8s_nodes": {"hosts": {name: {} for name in settings.WORKERS}, "vars": over_docker},
                "lab_clients": {"hosts": {settings.CLIENT: {}}, "vars": over_docker},
            },
        }
    }
    settings.BUILD.mkdir(parents=True, exist_ok=True)
    # JSON is YAML, and needs no library on a fresh machine.
    settings.INVENTORY.write_text(json.dumps(inventory, indent=2) + "\n")


def parse() -> int:
    parser = argparse.ArgumentParser(prog="lab", description=__doc__)
    parser.add_argument("command", choices=("up", "down", "status"))
    return main({"up": up, "down": down, "status": status}[parser.parse_args().command])


if __name__ == "__main__":
    sys.exit(parse())
