# Copyright: (c) 2026, the beekeeper.hivemq authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The kind cluster: created, given a network, load balancer and images; recognised, repaired by a new one, removed."""

from __future__ import annotations

import ipaddress
import json
import shutil
import subprocess
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from . import builds, cache, images, settings
from .node_image import NodeImage
from .steps import LabError, Step, step

MARKER = "beekeeper-lab"


def content_key(node: NodeImage) -> str:
    """Return the identity of the cluster's own make-up; another one means that the cluster is made anew."""
    return cache.key(node.reference, json.dumps(_kind_config(node)), _metallb_pool("0.0.0.0/0"), settings.METALLB)


def is_up(key: str) -> bool:
    """True if all nodes run as they were completed, from the same content, and the API server answers."""
    running = subprocess.run(
        ["docker", "ps", "--filter", f"label=io.x-k8s.kind.cluster={settings.CLUSTER}", "--format", "{{.Names}}"],
        capture_output=True,
        text=True,
        check=False,
    )
    if set(running.stdout.split()) != set(settings.NODES):
        return False
    _write_kubeconfig()
    command = kubectl("get", "configmap", MARKER, "-n", "kube-system", "-o", "json", "--request-timeout=5s")
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return done.returncode == 0 and json.loads(done.stdout).get("data") == _marks(key)


def _marks(key: str) -> dict[str, str]:
    # A node that the engine has started again is not the one that was completed: it has lost its routes.
    template = "{{.Id}} {{.State.StartedAt}}"
    nodes = ["docker", "inspect", "--format", template, *settings.NODES]
    started = subprocess.run(nodes, capture_output=True, text=True, check=False).stdout
    return {"key": key, "nodes": cache.key(started)}


def exists() -> bool:
    done = subprocess.run(
        ["docker", "ps", "--all", "--quiet", "--filter", f"label=io.x-k8s.kind.cluster={settings.CLUSTER}"],
        capture_output=True,
        text=True,
        check=False,
    )
    return bool(done.stdout.strip())


def create(node: NodeImage, key: str) -> None:
    """Make the cluster; anything left of an earlier one is removed first."""
    if exists():
        delete()
    settings.BUILD.mkdir(parents=True, exist_ok=True)
    config = settings.BUILD / "kind.json"
    config.write_text(json.dumps(_kind_config(node), indent=2))
    with step("Create the kind cluster (about 1 minute)") as current:
        command = [
            kind(),
            "create",
            "cluster",
            "--name",
            settings.CLUSTER,
            "--image",
            node.reference,
            "--config",
            config,
        ]
        current.run([*command, "--kubeconfig", settings.KUBECONFIG], deadline=600)
    with step("Connect the pod networks of the nodes") as current:
        if node.built_here:
            _connect_pods(current)
        current.run(kubectl("wait", "--for=condition=Ready", "nodes", "--all", "--timeout=120s"))
    load(images.programs()[1:], settings.NODES)
    with step("Install MetalLB") as current:
        _install_metallb(current)
        names = ("deployment/controller", "daemonset/speaker")
        for name in names:
            current.run(kubectl("rollout", "status", "-n", "metallb-system", name, "--timeout=180s"))
        _apply_metallb_pool(current)
        # kube-dns was scheduled before there was a pod network.
        current.run(kubectl("rollout", "status", "-n", "kube-system", "deployment/coredns", "--timeout=180s"))
        marker = settings.BUILD / "marker.json"
        body = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": MARKER, "namespace": "kube-system"}}
        marker.write_text(json.dumps({**body, "data": _marks(key)}))
        current.run(kubectl("apply", "-f", marker))


def delete() -> None:
    with step("Delete the kind cluster") as current:
        current.run([kind(), "delete", "cluster", "--name", settings.CLUSTER, "--kubeconfig", settings.KUBECONFIG])
        settings.KUBECONFIG.unlink(missing_ok=True)


def load(wanted: Sequence[images.Image], nodes: Sequence[str]) -> None:
    """Bring images into the nodes' containerd; those that are there with the same content are left alone."""
    with ThreadPoolExecutor(len(nodes)) as pool:
        present = dict(zip(nodes, pool.map(_loaded, nodes), strict=True))
    missing = [image for image in wanted if any(image.content_key not in present[node] for node in nodes)]
    if not missing:
        return
    archive = images.archive(missing)
    with step(f"Load {len(missing)} images into {len(nodes)} nodes") as current, ThreadPoolExecutor(2) as pool:
        for _ in pool.map(lambda node: _import(current, archive, node, missing), nodes):
            pass


def ensure_client(image: images.Image) -> None:
    """Leave one client container on the cluster's network, outside of Kubernetes."""
    done = subprocess.run(
        ["docker", "inspect", "-f", "{{.State.Running}} {{.Config.Image}} {{.Image}}", settings.CLIENT],
        capture_output=True,
        text=True,
        check=False,
    )
    wanted = subprocess.run(
        ["docker", "image", "inspect", "-f", "{{.Id}}", image.reference], capture_output=True, text=True, check=True
    ).stdout.strip()
    if done.returncode == 0 and done.stdout.split() == ["true", image.reference, wanted]:
        return
    with step("Start the client container") as current:
        remove_client(current)
        command = ["docker", "run", "--detach", "--init", "--name", settings.CLIENT, "--network", settings.NETWORK]
        current.run([*command, image.reference])


def remove_client(current: Step) -> None:
    if current.read(["docker", "ps", "--all", "--quiet", "--filter", f"name=^{settings.CLIENT}$"]).strip():
        current.run(["docker", "rm", "--force", settings.CLIENT])


def kind() -> Path:
    return builds.kind() / "kind"


def kubectl(*arguments: str | Path) -> list[str]:
    """Return a kubectl command for the cluster: our own build where there is one, else the machine's."""
    return [str(_kubectl()), "--kubeconfig", str(settings.KUBECONFIG), *[str(argument) for argument in arguments]]


def _kubectl() -> Path:
    link = settings.BUILD / "bin" / "kubectl"
    if not link.exists():
        link.parent.mkdir(parents=True, exist_ok=True)
        link.unlink(missing_ok=True)
        machine = shutil.which("kubectl")
        link.symlink_to(machine if machine and not builds.has_kubernetes() else builds.kubernetes() / "hyperkube")
    return link


def _write_kubeconfig() -> None:
    settings.BUILD.mkdir(parents=True, exist_ok=True)
    command = [str(kind()), "get", "kubeconfig", "--name", settings.CLUSTER]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode == 0:
        settings.KUBECONFIG.write_text(done.stdout)
        settings.KUBECONFIG.chmod(0o600)


def _kind_config(node: NodeImage) -> dict[str, object]:
    # Lowering oom_score_adj needs a capability that not every machine has.
    patches = [f"kind: {kind}\noomScoreAdj: 0\n" for kind in ("KubeletConfiguration", "KubeProxyConfiguration")]
    ports = [
        {"containerPort": port, "hostPort": port, "listenAddress": "127.0.0.1", "protocol": "TCP"}
        for port in settings.LOOPBACK_PORTS
    ]
    return {
        "kind": "Cluster",
        "apiVersion": "kind.x-k8s.io/v1alpha4",
        "networking": {"disableDefaultCNI": node.built_here, "podSubnet": settings.POD_SUBNET},
        "kubeadmConfigPatches": patches,
        "nodes": [{"role": "control-plane", "extraPortMappings": ports}, *[{"role": "worker"}] * len(settings.WORKERS)],
    }


def _connect_pods(current: Step) -> None:
    """Give each node a bridge-less pod network (CNI plugin `ptp`) and a route to the pods of every other node."""
    nodes = json.loads(current.read(kubectl("get", "nodes", "-o", "json")))["items"]
    ranges = {node["metadata"]["name"]: node["spec"]["podCIDR"] for node in nodes}
    addresses = {
        node["metadata"]["name"]: next(a["address"] for a in node["status"]["addresses"] if a["type"] == "InternalIP")
        for node in nodes
    }
    for name, subnet in ranges.items():
        network = {
            "cniVersion": "0.3.1",
            "name": "lab",
            "plugins": [
                {
                    "type": "ptp",
                    "ipMasq": False,
                    "mtu": 1500,
                    "ipam": {
                        "type": "host-local",
                        "dataDir": "/run/cni-ipam-state",
                        "routes": [{"dst": "0.0.0.0/0"}],
                        "ranges": [[{"subnet": subnet}]],
                    },
                },
                {"type": "portmap", "capabilities": {"portMappings": True}},
            ],
        }
        commands = [f"ip route replace {ranges[other]} via {addresses[other]}" for other in ranges if other != name]
        outward = f"POSTROUTING -s {subnet} ! -d {settings.POD_SUBNET} -j MASQUERADE"
        commands.append(f"iptables -t nat -C {outward} 2>/dev/null || iptables -t nat -A {outward}")
        commands.append(f"mkdir -p /etc/cni/net.d && echo '{json.dumps(network)}' >/etc/cni/net.d/10-lab.conflist")
        current.run(["docker", "exec", name, "sh", "-euc", "\n".join(commands)])


def _install_metallb(current: Step) -> None:
    folder = builds.go_module_folder(current, f"go.universe.tf/metallb@v{settings.METALLB}")
    current.run(kubectl("apply", "--server-side", "-f", folder / "config" / "manifests" / "metallb-native.yaml"))


def _metallb_pool(addresses: str) -> str:
    common = {"apiVersion": "metallb.io/v1beta1", "metadata": {"name": "lab", "namespace": "metallb-system"}}
    pool = {**common, "kind": "IPAddressPool", "spec": {"addresses": [addresses]}}
    advertisement = {**common, "kind": "L2Advertisement", "spec": {"ipAddressPools": ["lab"]}}
    return json.dumps({"apiVersion": "v1", "kind": "List", "items": [pool, advertisement]})


def _apply_metallb_pool(current: Step) -> None:
    template = "{{range .IPAM.Config}}{{.Subnet}} {{end}}"
    subnets = current.read(["docker", "network", "inspect", settings.NETWORK, "-f", template]).split()
    networks = [ipaddress.ip_network(subnet) for subnet in subnets]
    network = next(network for network in networks if network.version == 4)
    last = int(network.broadcast_address)
    path = settings.BUILD / "metallb-pool.json"
    path.write_text(_metallb_pool(f"{ipaddress.ip_address(last - 55)}-{ipaddress.ip_address(last - 5)}"))

    def admitted() -> bool:
        # The webhook answers a moment after its pod is ready.
        try:
            current.run(kubectl("apply", "-f", path))
        except LabError:
            return False
        return True

    current.wait_until("MetalLB's webhook to admit the address pool", admitted, deadline=90, interval=1)


def _loaded(node: str) -> set[str]:
    command = ["docker", "exec", node, "sh", "-c", "cat /var/lib/beekeeper-images/* 2>/dev/null || true"]
    return set(subprocess.run(command, capture_output=True, text=True, check=False).stdout.split())


def _import(current: Step, archive: Path, node: str, loaded: Sequence[images.Image]) -> None:
    with archive.open("rb") as tar:
        command = ["docker", "exec", "--interactive", node, "ctr", "--namespace=k8s.io", "images", "import", "-"]
        current.run(command, stdin=tar, deadline=300)
    # What a node holds is noted by content: a tag alone can't tell two builds of the same version apart.
    notes = "\n".join(f"echo {image.content_key} >/var/lib/beekeeper-images/{_file(image)}" for image in loaded)
    current.run(["docker", "exec", node, "sh", "-euc", f"mkdir -p /var/lib/beekeeper-images\n{notes}"])


def _file(image: images.Image) -> str:
    return image.reference.replace("/", "_").replace(":", "_")
