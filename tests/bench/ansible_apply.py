# Copyright: (c) 2026, the beekeeper.hivemq authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Second run of site.yml's Kubernetes part against kubernetes.core.k8s on the same objects: wall time and API calls.

Three ways in one run, interleaved, several times: our playbooks; ``kubernetes.core.k8s`` in a loop; the same as one
list. What Ansible itself takes to start is measured with a playbook without tasks, and shown beside the others.
Writes ``build/bench/ansible.json``. The last number of the last line: how many times faster than the loop, from the
start of ``ansible-playbook`` to its end.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))

from counting_proxy import CountingProxy, counted

ROOT = Path(__file__).resolve().parents[2]
LAB = ROOT / "build" / "lab"
RESULT = ROOT / "build" / "bench" / "ansible.json"
HERE = ROOT / "tests" / "bench" / "ansible"
WAYS = {
    "ours": "site.yml",
    "k8s in a loop": "k8s_loop.yml",
    "k8s as one list": "k8s_list.yml",
    "no tasks": "no_tasks.yml",
}


# What site.yml makes and no label tells: (kind, namespace, name).
NAMED = (
    ("namespace", "", "hivemq-operator"),
    ("customresourcedefinition", "", "hivemq-clusters.hivemq.com"),
    ("namespace", "", "bench"),
    ("hivemq-cluster", "bench", "bench"),
)
LABELLED = "serviceaccounts,clusterroles,clusterrolebindings,services,deployments"
ORDER = ("Namespace", "CustomResourceDefinition", "ServiceAccount", "ClusterRole", "ClusterRoleBinding", "Service")
WRITTEN_BY_THE_SERVER = ("managedFields", "uid", "resourceVersion", "creationTimestamp", "generation", "annotations")


def run(playbook: Path, kubeconfig: Path, *arguments: str) -> tuple[float, str]:
    """Run a playbook; returns seconds and output, and ends the benchmark if it fails."""
    program = Path(sys.executable).with_name("ansible-playbook")
    command = [
        str(program),
        "--inventory",
        str(LAB / "inventory.yml"),
        str(playbook),
        "-e",
        f"hivemq_kubeconfig={kubeconfig}",
    ]
    env = {
        **os.environ,
        "ANSIBLE_CONFIG": str(ROOT / "ansible.cfg"),
        "ANSIBLE_NOCOLOR": "1",
    }
    started = time.perf_counter()
    done = subprocess.run(
        [*command, *arguments],
        cwd=ROOT,
        env=env,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    took = time.perf_counter() - started
    if done.returncode != 0:
        sys.exit(f"{playbook} failed:\n{done.stdout}\n{done.stderr}")
    return took, done.stdout


def kubectl(*arguments: str) -> str:
    command = [str(LAB / "bin" / "kubectl"), "--kubeconfig", str(LAB / "kubeconfig"), *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def live_objects() -> list[dict[str, Any]]:
    """The objects that site.yml made, as manifests."""
    label = "app.kubernetes.io/managed-by=beekeeper.hivemq"
    items = json.loads(kubectl("get", LABELLED, "--all-namespaces", "-l", label, "--output=json"))["items"]
    for kind, namespace, name in NAMED:
        where = ["--namespace", namespace] if namespace else []
        items.append(json.loads(kubectl("get", kind, name, *where, "--output=json")))
    for item in items:
        item.pop("status", None)
        for field in WRITTEN_BY_THE_SERVER:
            item["metadata"].pop(field, None)
    return sorted(items, key=lambda item: ORDER.index(item["kind"]) if item["kind"] in ORDER else len(ORDER))


def changed(output: str) -> int:
    recap = output.partition("PLAY RECAP")[2]
    return sum(int(word.partition("=")[2]) for word in recap.split() if word.startswith("changed="))


def measure(
    kubeconfig: Path, proxy: CountingProxy, repeats: int, objects_file: Path
) -> dict[str, dict[str, list[float]]]:
    results: dict[str, dict[str, list[float]]] = {way: {"seconds": [], "calls": []} for way in WAYS}
    for number in range(repeats):
        for way, playbook in WAYS.items():
            proxy.take()
            took, output = run(HERE / playbook, kubeconfig, "-e", f"objects_file={objects_file}")
            calls = sum(proxy.take().values())
            if changed(output):
                sys.exit(f"{way}: the run changed something, so it isn't the second one:\n{output}")
            results[way]["seconds"].append(took)
            results[way]["calls"].append(calls)
            print(f"    run {number + 1} of {repeats}, {way}: {took:.2f} s, {calls} API calls", flush=True)
    return results


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeats", type=int, default=5, help="how often each way is measured")
    repeats = parser.parse_args().repeats
    subprocess.run([ROOT / "tests" / "lab" / "up"], check=True)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        plain = folder / "plain.kubeconfig"
        plain.write_text(kubectl("config", "view", "--raw", "--output=json"))
        objects_file = folder / "objects.json"
        with counted(plain, folder) as (kubeconfig, proxy):
            print("==> First run: the objects are made", flush=True)
            run(HERE / "site.yml", kubeconfig)
            manifests = live_objects()
            objects_file.write_text(json.dumps(manifests))
            print(f"==> Second runs on {len(manifests)} objects", flush=True)
            results = measure(kubeconfig, proxy, repeats, objects_file)
    kubectl("delete", "namespace", "bench")
    return report(results, len(manifests))


def report(results: dict[str, dict[str, list[float]]], objects: int) -> int:
    summary = {
        way: {
            "seconds_median": round(statistics.median(result["seconds"]), 3),
            "seconds_min": round(min(result["seconds"]), 3),
            "seconds_max": round(max(result["seconds"]), 3),
            "api_calls_median": statistics.median(result["calls"]),
        }
        for way, result in results.items()
    }
    ours, loop, one_list, start = (summary[way]["seconds_median"] for way in WAYS)
    ratios = {
        "loop": round(loop / ours, 2),
        "list": round(one_list / ours, 2),
        "loop_without_start": round((loop - start) / (ours - start), 2),
        "list_without_start": round((one_list - start) / (ours - start), 2),
    }
    calls = summary["ours"]["api_calls_median"]
    RESULT.parent.mkdir(parents=True, exist_ok=True)
    RESULT.write_text(json.dumps({"objects": objects, "ways": summary, "times_faster_than": ratios}, indent=2) + "\n")
    for way, figures in summary.items():
        spread = f"{figures['seconds_min']:.2f} to {figures['seconds_max']:.2f}"
        print(f"{way:>16}: {figures['seconds_median']:6.2f} s ({spread}), {figures['api_calls_median']:.0f} API calls")
    print(
        f"bench-ansible: {objects} objects, {calls:.0f} API calls; times faster than the list {ratios['list']} "
        f"({ratios['list_without_start']} without Ansible's start), than the loop without Ansible's start "
        f"{ratios['loop_without_start']}, than the loop {ratios['loop']}"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
