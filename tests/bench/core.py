# Copyright: (c) 2026, the beekeeper.hivemq authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How long the core takes for one resource, against ``helm template`` of the vendor's chart in the same run.

Ours: validation and objects of one resource with most of its fields, in a process that is warm, as the operator is;
the classification of a change is measured beside it. Helm: the vendor's chart, a folder that the environment variable
``HELM_CHART`` names (charts/hivemq-operator of its public repository), rendered with its own values and without the
monitoring charts it depends on, from the start of the program to its end. Both in turns, several rounds. Without
``HELM_CHART`` only ours is measured. Writes ``build/bench/core.json``. The last number of the last line: how many times
faster validation and objects are.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "build" / "collections"))
sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "lab"))

import yaml
from ansible_collections.beekeeper.hivemq.plugins.module_utils._hivemq.change import change
from ansible_collections.beekeeper.hivemq.plugins.module_utils._hivemq.objects import objects
from ansible_collections.beekeeper.hivemq.plugins.module_utils._hivemq.spec import parse
from ansible_collections.beekeeper.hivemq.plugins.module_utils._hivemq.validate import errors, validate
from beekeeper_lab import builds

ROOT = Path(__file__).resolve().parents[2]
RESULT = ROOT / "build" / "bench" / "core.json"
BALANCER = '[{"op":"add","path":"/spec/type","value":"LoadBalancer"}]'
RESOURCE: dict[str, Any] = {
    "apiVersion": "hivemq.com/v1",
    "kind": "HiveMQCluster",
    "metadata": {"name": "plant", "namespace": "hivemq", "uid": "1-2-3", "generation": 4, "labels": {"team": "field"}},
    "spec": {
        "nodeCount": 5,
        "image": "registry.example.com/hivemq/hivemq4",
        "hivemqVersion": "4.40.0",
        "imagePullSecrets": ["registry"],
        "cpu": "4",
        "memory": "8Gi",
        "ephemeralStorage": "20Gi",
        "cpuLimitRatio": 2,
        "labels": {"a": "b"},
        "podLabels": {"a": "b", "c": "d"},
        "podAnnotations": {"a": "b"},
        "nodeSelector": {"pool": "mqtt"},
        "tolerations": [{"key": "mqtt", "operator": "Exists", "effect": "NoSchedule"}],
        "priorityClassName": "high",
        "javaOptions": "-XX:MaxRAMPercentage=50",
        "env": [{"name": f"VARIABLE_{number}", "value": str(number)} for number in range(10)],
        "ports": [
            {"name": "mqtt", "port": 1883, "expose": True, "patch": [BALANCER]},
            {"name": "ws", "port": 8000, "expose": True},
            {"name": "cc", "port": 8080, "expose": True},
        ],
        "listenerConfiguration": "<tcp-listener><port>1883</port><bind-address>0.0.0.0</bind-address></tcp-listener>"
        "<websocket-listener><port>8000</port><bind-address>0.0.0.0</bind-address><path>/mqtt</path>"
        "</websocket-listener>",
        "clusterReplicaCount": 2,
        "configMaps": [{"name": f"map-{number}", "path": f"/etc/map-{number}"} for number in range(3)],
        "secrets": [{"name": "tls", "path": "/etc/tls"}],
        "extensions": [{"name": f"extension-{number}", "configMap": f"extension-{number}"} for number in range(3)],
        "mqtt": {"maxQos": 1, "keepaliveMax": 300, "sessionExpiryInterval": 3600},
        "restrictions": {"maxConnections": 100000},
        "security": {"allowEmptyClientId": False},
    },
}
CHANGED = {**RESOURCE, "spec": {**RESOURCE["spec"], "memory": "10Gi", "nodeCount": 6}}


def validated_objects() -> None:
    """What the operator does with a resource it sees."""
    found = errors(validate(RESOURCE))
    if found:
        sys.exit(f"the resource to measure with isn't sound: {found[0]}")
    objects(parse(RESOURCE))


def changed() -> None:
    """What check mode adds."""
    if change(RESOURCE, CHANGED).effects != ("scale_up", "rolling"):
        sys.exit("the change to measure with is another one than expected")


def milliseconds(work: Callable[[], object]) -> float:
    """How long one call takes."""
    started = time.perf_counter()
    work()
    return 1000 * (time.perf_counter() - started)


def chart_without_dependencies(source: Path, folder: Path) -> Path:
    """A copy of the chart that renders alone: less work for helm, not more."""
    target = folder / "chart"
    shutil.copytree(source, target)
    description = yaml.safe_load((target / "Chart.yaml").read_text())
    description.pop("dependencies", None)
    (target / "Chart.yaml").write_text(yaml.safe_dump(description))
    (target / "Chart.lock").unlink(missing_ok=True)
    return target


def helm_template(program: Path, chart: Path) -> Callable[[], None]:
    """Renders the chart; ends the benchmark if that fails."""
    command = [str(program), "template", "plant", str(chart), "--namespace", "hivemq"]

    def render() -> None:
        done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
        if done.returncode or "kind: HiveMQCluster" not in done.stdout:
            sys.exit(f"{' '.join(command)} failed:\n{done.stdout[-1000:]}{done.stderr[-1000:]}")

    return render


def measure(ways: dict[str, tuple[Callable[[], None], int]], rounds: int) -> dict[str, list[float]]:
    """Milliseconds of each way; the number beside it says how often it is done in a round."""
    results: dict[str, list[float]] = {name: [] for name in ways}
    for work, _times in ways.values():
        work()  # what is only done once, such as reading files into the cache, is not what is measured
    for _round in range(rounds):
        for name, (work, times) in ways.items():
            results[name] += [milliseconds(work) for _time in range(times)]
    return results


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=15, help="how often all are measured, in turns")
    rounds = parser.parse_args().rounds
    ways: dict[str, tuple[Callable[[], None], int]] = {
        "validation and objects": (validated_objects, 20),
        "change": (changed, 5),
    }
    given = os.environ.get("HELM_CHART", "")
    with tempfile.TemporaryDirectory() as folder:
        if given:
            if not (Path(given) / "Chart.yaml").is_file():
                sys.exit(f"HELM_CHART is {given}, where no Chart.yaml is")
            chart = chart_without_dependencies(Path(given), Path(folder))
            ways["helm template"] = (helm_template(builds.helm() / "helm", chart), 1)
        results = measure(ways, rounds)
    return report(results)


def report(results: dict[str, list[float]]) -> int:
    summary = {
        name: {
            "milliseconds_median": round(statistics.median(values), 3),
            "milliseconds_min": round(min(values), 3),
            "milliseconds_max": round(max(values), 3),
            "runs": len(values),
        }
        for name, values in results.items()
    }
    for name, figures in summary.items():
        spread = f"{figures['milliseconds_min']:.2f} to {figures['milliseconds_max']:.2f}"
        print(f"{name:>24}: {figures['milliseconds_median']:8.2f} ms ({spread}), {figures['runs']} runs")
    ours, told = (summary[name]["milliseconds_median"] for name in ("validation and objects", "change"))
    content: dict[str, Any] = {"ways": summary}
    line = f"bench-core: validation and objects {ours:.2f} ms, change {told:.2f} ms"
    if "helm template" in summary:
        helm = summary["helm template"]["milliseconds_median"]
        content["times_faster"] = round(helm / ours, 1)
        content["times_faster_with_change"] = round(helm / (ours + told), 1)
        line += f", helm template {helm:.0f} ms; times faster with the change {content['times_faster_with_change']}"
        line += f", without {content['times_faster']}"
    else:
        line += "; helm is not measured: HELM_CHART names no chart"
    RESULT.parent.mkdir(parents=True, exist_ok=True)
    RESULT.write_text(json.dumps(content, indent=2) + "\n")
    print(line)
    return 0


if __name__ == "__main__":
    sys.exit(main())
