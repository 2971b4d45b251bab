# Copyright: (c) 2026, the beekeeper.hivemq authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Names, versions and places of the lab; every value that two files share."""

from __future__ import annotations

import os
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[3]
LAB = REPOSITORY / "tests" / "lab"
IMAGES = LAB / "images"
BUILD = REPOSITORY / "build" / "lab"
LOGS = REPOSITORY / "build" / "logs"
CACHE = Path(os.environ.get("BEEKEEPER_CACHE", Path.home() / ".cache" / "beekeeper"))
KUBECONFIG = BUILD / "kubeconfig"
INVENTORY = BUILD / "inventory.yml"

CLUSTER = "beekeeper"
CONTROL_PLANE = f"{CLUSTER}-control-plane"
WORKERS = (f"{CLUSTER}-worker", f"{CLUSTER}-worker2", f"{CLUSTER}-worker3")
NODES = (CONTROL_PLANE, *WORKERS)
CLIENT = f"{CLUSTER}-client"
NETWORK = "kind"
POD_SUBNET = "10.244.0.0/16"

# The host reaches brokers at 127.0.0.1:<port>; each port is the NodePort of the same number.
LOOPBACK_PORTS = (31883, 31884, 31885)

KUBERNETES = "1.34.4"
KIND = "0.33.0"
HELM = "3.22.0"
LOCAL_PATH = "0.0.30"
METALLB = "0.13.12"
DEBIAN = "bookworm"
HIVEMQ_CE = ("2025.4", "2025.5")

BROKER_IMAGE = "localhost/beekeeper/hivemq-ce"
OPERATOR_IMAGE = "localhost/beekeeper/hivemq-operator"
CLIENT_IMAGE = "localhost/beekeeper/lab-client"
BASE_IMAGE = "localhost/beekeeper/base"
NODE_IMAGE = "localhost/beekeeper/kind-node"
