# Copyright: (c) 2026, the beekeeper.hivemq authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rules about what ends in the pods: image, resources, labels, environment, mounts, extensions."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

from . import _environment, names, quantity
from ._rules_mounts import static
from .spec import Cluster, image_tag
from .structure import child, shown
from .violation import Violation

_SUBDOMAIN = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*")
_NAME_PART = re.compile(r"[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?")
_IMAGE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._/:@+-]*[A-Za-z0-9]")
_TAG = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,127}")
_ENV_NAME = re.compile(r"[A-Za-z._-][A-Za-z0-9._-]*")
_EXTENSION_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
_HEAP = re.compile(r"(?:^|\s)-X(mx|ms)(\d{1,15})([kKmMgGtT]?)(?=\s|$)", re.ASCII)
_HEAP_SHARE = re.compile(r"(?:^|\s)-XX:MaxRAMPercentage=(\d{1,3}(?:\.\d{1,6})?)(?=\s|$)", re.ASCII)
# Percent of the memory beyond which too little is left for buffers, threads and the virtual machine itself.
_LARGEST_SHARE = 75
# The vendor's default, in bytes.
_ENOUGH_EPHEMERAL = 15 * 10**9
_MIB = 1024 * 1024
# HiveMQ's own start takes more; anything below is a forgotten unit (memory: 4), not a small broker.
_LEAST = {"memory": Decimal(64 * _MIB), "ephemeralStorage": Decimal(_MIB)}
_MOST_CPU = 10_000
_MAX_ANNOTATIONS = 256 * 1024


def image_rules(cluster: Cluster, spec: Mapping[str, Any]) -> Iterator[Violation]:
    """The image and its tag."""
    image, version = cluster.spec.image, spec.get("hivemqVersion") or ""
    tag = image_tag(image)
    if not _IMAGE.fullmatch(image):
        yield Violation("image-form", "spec.image", f"is {shown(image)}, which is no image reference", "",
                        "write it like registry.example.com/hivemq/hivemq4")  # fmt: skip
    if version and not _TAG.fullmatch(version):
        yield Violation("version-form", "spec.hivemqVersion", f"is {shown(version)}, which is no image tag", "",
                        "write a tag such as 4.47.1")  # fmt: skip
    if version and tag and not tag.startswith("@") and tag != version:
        yield Violation(
            "image-tag-twice",
            "spec.image",
            f"has the tag {shown(tag)} and hivemqVersion says {shown(version)}",
            "only one of them can be the version",
            "write the image without a tag",
        )
    if cluster.spec.version in ("latest", "snapshot"):
        yield Violation("version-moving", "spec.hivemqVersion" if version else "spec.image",
                        f"is {shown(cluster.spec.version)}, which is another version at another time",
                        "a broker that is made again may not fit the others, and may not read their data",
                        "write the version itself, such as 4.47.1", "warning")  # fmt: skip
    if cluster.spec.version.startswith("k8s-"):
        yield Violation(
            "image-legacy",
            "spec.hivemqVersion",
            f"{shown(cluster.spec.version)} is an image for the vendor's operator",
            "its start scripts write into the configuration, which this version mounts read only",
            "use the same version without k8s-",
        )


def _amount(path: str, text: str) -> tuple[quantity.Quantity | None, Iterator[Violation]]:
    try:
        amount = quantity.parse(text)
    except ValueError as error:
        return None, iter(
            [Violation("quantity", path, str(error), "", "write a number with a unit, such as 500m, 2 or 8Gi")]
        )
    if amount.value <= 0:
        return None, iter([Violation("quantity-positive", path, f"is {shown(text)}", "", "ask for more than nothing")])
    return amount, iter(())


def resource_rules(cluster: Cluster) -> Iterator[Violation]:
    """Requests, limits, and the heap inside them."""
    spec = cluster.spec
    table = {
        "cpu": (spec.cpu, spec.cpu_limit_ratio),
        "memory": (spec.memory, spec.memory_limit_ratio),
        "ephemeralStorage": (spec.ephemeral_storage, spec.ephemeral_storage_limit_ratio),
    }
    memory_limit: Decimal | None = None
    for name, (text, ratio) in table.items():
        path = f"spec.{name}"
        amount, problems = _amount(path, text)
        yield from problems
        if amount is None:
            continue
        limit = amount.times(ratio).value
        if name == "memory":
            memory_limit = limit
        if limit > quantity.LARGEST:
            yield Violation("limit-too-large", f"{path}LimitRatio", "makes a limit larger than Kubernetes can count",
                            "", "choose a smaller ratio")  # fmt: skip
        if name in _LEAST and amount.value < _LEAST[name]:
            yield Violation("quantity-unit", path, f"is {shown(text)}, which means {amount} bytes",
                            "no broker runs in so little", f"add a unit, such as {text.strip()[:20]}Gi")  # fmt: skip
        if name == "cpu" and amount.value > _MOST_CPU:
            yield Violation("quantity-unit", path, f"is {shown(text)}, which means {amount} cores",
                            "no node has so many", "count in cores (4) or thousandths (500m)")  # fmt: skip
    yield from _ephemeral(cluster)
    if memory_limit is not None:
        yield from _heap(spec.java_options, memory_limit)


def _ephemeral(cluster: Cluster) -> Iterator[Violation]:
    spec = cluster.spec
    if spec.community or "data" in spec.claims:
        return
    try:
        size = quantity.parse(spec.ephemeral_storage)
    except ValueError:
        return
    if _LEAST["ephemeralStorage"] <= size.value < _ENOUGH_EPHEMERAL:
        yield Violation("ephemeral-small", "spec.ephemeralStorage", f"is {size}",
                        "data, logs and dumps of a broker lie there: one that needs more is evicted",
                        "ask for 15Gi, or keep the data in a volumeClaimTemplate", "warning")  # fmt: skip


def _heap(options: str, memory_limit: Decimal) -> Iterator[Violation]:
    share = _HEAP_SHARE.findall(options)
    found = {
        name: [(size, unit) for kind, size, unit in _HEAP.findall(options) if kind == name] for name in ("mx", "ms")
    }
    if not found["mx"]:
        if share and float(share[-1]) > _LARGEST_SHARE:
            yield Violation("heap-share", "spec.javaOptions", f"gives {share[-1]} % of the memory to the heap",
                            "the broker needs memory beside its heap and may be killed",
                            "leave about half of the memory to the rest", "warning")  # fmt: skip
        return
    size, unit = found["mx"][-1]  # the virtual machine takes the last one
    heap = _bytes(size, unit)
    if found["ms"] and _bytes(*found["ms"][-1]) > heap:
        start = "".join(found["ms"][-1])
        yield Violation("heap-start", "spec.javaOptions",
                        f"begins with a heap of {start}, more than the {size}{unit} it may have",
                        "the virtual machine does not start", "lower -Xms, or raise -Xmx")  # fmt: skip
    if heap >= memory_limit:
        yield Violation(
            "heap-exceeds-memory",
            "spec.javaOptions",
            f"asks for a heap of {size}{unit}, the memory limit is {quantity.Quantity(memory_limit, 'BinarySI')}",
            "the broker needs memory beside its heap and would be killed",
            "leave about half of the memory to the rest, or remove -Xmx",
        )


def _bytes(size: str, unit: str) -> int:
    factor: int = 1024 ** " kmgt".index(unit.lower() or " ")
    return int(size) * factor


def label_rules(cluster: Cluster) -> Iterator[Violation]:
    """Labels, annotations and node selectors."""
    spec = cluster.spec
    tables = {"labels": spec.labels, "podLabels": spec.pod_labels, "nodeSelector": spec.node_selector}
    tables |= {
        f"ports[{index}].service.labels": port.service.get("labels", {}) for index, port in enumerate(spec.ports)
    }
    for name, labels in tables.items():
        for key, value in labels.items():
            path = child(f"spec.{name}", key)
            yield from _label_key(path, key)
            if value and not _NAME_PART.fullmatch(value):
                yield Violation("label-form", path, f"has the value {shown(value)}, which is no label value", "",
                                "use at most 63 of A-Z, a-z, 0-9, -, _ and .")  # fmt: skip
    reserved = {**names.selector(cluster.name), names.OFFLINE_LABEL: "false"}
    for key, value in spec.pod_labels.items():
        if key in reserved and value != reserved[key]:
            yield Violation("label-reserved", child("spec.podLabels", key), "is a label the operator sets itself",
                            "Services find the brokers by it", "remove it")  # fmt: skip
    for key, value in spec.labels.items():
        if names.selector(cluster.name).get(key, value) != value:
            yield Violation("label-reserved", child("spec.labels", key), "is a label the operator sets itself",
                            "the value given is not used", "remove it", "warning")  # fmt: skip
    for key in spec.pod_annotations:
        yield from _label_key(child("spec.podAnnotations", key), key)
    for index, port in enumerate(spec.ports):
        for key in port.service.get("annotations", {}):
            yield from _label_key(child(f"spec.ports[{index}].service.annotations", key), key)
    if names.CONFIG_HASH_ANNOTATION in spec.pod_annotations:
        yield Violation("label-reserved", child("spec.podAnnotations", names.CONFIG_HASH_ANNOTATION),
                        "is an annotation the operator sets itself", "", "remove it")  # fmt: skip
    size = sum(len(key.encode()) + len(value.encode()) for key, value in spec.pod_annotations.items())
    if size > _MAX_ANNOTATIONS - 1024:
        yield Violation("annotations-size", "spec.podAnnotations", f"have {size} bytes together",
                        "Kubernetes takes 256 KiB", "shorten them")  # fmt: skip


def _label_key(path: str, key: str) -> Iterator[Violation]:
    prefix, slash, name = key.rpartition("/")
    if not _NAME_PART.fullmatch(name) or (slash and (len(prefix) > 253 or not _SUBDOMAIN.fullmatch(prefix))):
        yield Violation("label-form", path, "is no valid key", "",
                        "write name or example.com/name, the name with at most 63 of A-Z, a-z, 0-9, -, _ and .",
                        )  # fmt: skip


def env_rules(cluster: Cluster) -> Iterator[Violation]:
    """Environment variables."""
    own = {variable["name"] for variable in _environment.own_variables(cluster)}
    seen: dict[str, int] = {}
    for index, variable in enumerate(cluster.spec.env):
        name, path = variable["name"], f"spec.env[{index}]"
        if not _ENV_NAME.fullmatch(name):
            yield Violation("env-name", f"{path}.name", f"is {shown(name)}, which is no name of a variable", "",
                            "use A-Z, a-z, 0-9, _, - and ., and no digit at the start")  # fmt: skip
        if name in seen:
            yield Violation("env-duplicate", f"{path}.name", f"{shown(name)} is also item {seen[name]}",
                            "only the last one counts", "remove one of them", "warning")  # fmt: skip
        elif name in own:
            yield Violation("env-replaces-own", f"{path}.name", f"{shown(name)} is a variable the operator sets",
                            "yours replaces it, and the field of the spec it stands for has no effect", "remove it "
                            "and use the field, if that is not what you want", "warning")  # fmt: skip
        seen.setdefault(name, index)
        source = variable.get("valueFrom")
        if source is not None and (len(source) != 1 or variable.get("value")):
            yield Violation("env-source", f"{path}.valueFrom", "must have exactly one field, and no value beside it",
                            "", "give either value or one source")  # fmt: skip
        for kind in ("configMapKeyRef", "secretKeyRef"):
            if source and not source.get(kind, {"name": "absent"}).get("name"):
                yield Violation("env-reference", f"{path}.valueFrom.{kind}.name", "is missing",
                                "no pod could be made", "name the object that has the key")  # fmt: skip


def toleration_rules(cluster: Cluster) -> Iterator[Violation]:
    """Tolerations, as the API server checks them when the pod is made: too late for a clear word."""
    for index, item in enumerate(cluster.spec.tolerations):
        operator = item.get("operator") or "Equal"
        problem = ""
        if operator not in ("Exists", "Equal"):
            problem = f"has the operator {shown(operator)}, must be Exists or Equal"
        elif item.get("effect") and item["effect"] not in ("NoSchedule", "PreferNoSchedule", "NoExecute"):
            problem = f"has the effect {shown(item['effect'])}, must be NoSchedule, PreferNoSchedule or NoExecute"
        elif not item.get("key") and operator != "Exists":
            problem = "has no key, so operator must be Exists"
        elif operator == "Exists" and item.get("value"):
            problem = "has operator Exists, so it can't have a value"
        elif "tolerationSeconds" in item and item.get("effect") != "NoExecute":
            problem = "has tolerationSeconds, so effect must be NoExecute"
        if problem:
            yield Violation("toleration", f"spec.tolerations[{index}]", problem, "no pod could be made", "change it")


def security_rules(cluster: Cluster) -> Iterator[Violation]:
    """Security contexts that keep every broker from starting."""
    pod = {"runAsNonRoot": True, "runAsUser": 10000, **cluster.spec.pod_security_context}
    container = {**pod, **cluster.spec.container_security_context}
    if container["runAsNonRoot"] and container["runAsUser"] == 0:
        where = "container" if "runAsUser" in cluster.spec.container_security_context else "pod"
        yield Violation("root-refused", f"spec.{where}SecurityContext.runAsUser", "is 0 while runAsNonRoot is true",
                        "no broker would start", "use the image's user 10000")  # fmt: skip


def reference_rules(cluster: Cluster) -> Iterator[Violation]:
    """Names of other objects."""
    spec = cluster.spec
    references = [
        *((f"spec.imagePullSecrets[{index}]", name) for index, name in enumerate(spec.image_pull_secrets)),
        *((f"spec.configMaps[{index}].name", item.name) for index, item in enumerate(spec.config_maps)),
        *((f"spec.secrets[{index}].name", item.name) for index, item in enumerate(spec.secrets)),
        *((f"spec.extensions[{index}].configMap", item.config_map) for index, item in enumerate(spec.extensions)),
        ("spec.serviceAccountName", spec.service_account_name),
        ("spec.priorityClassName", spec.priority_class_name),
        ("spec.runtimeClassName", spec.runtime_class_name),
    ]
    for path, name in references:
        if name and (len(name) > 253 or not _SUBDOMAIN.fullmatch(name)):
            yield Violation("reference-name", path, f"is {shown(name)}, which is no name of an object", "",
                            "use a-z, 0-9, - and .")  # fmt: skip


def extension_rules(cluster: Cluster) -> Iterator[Violation]:
    """Extensions."""
    for index, item in enumerate(cluster.spec.extensions):
        path = f"spec.extensions[{index}]"
        if not _EXTENSION_NAME.fullmatch(item.name):
            yield Violation("extension-name", f"{path}.name", f"is {shown(item.name)}, which is no name of a folder",
                            "", "use A-Z, a-z, 0-9, -, _ and .")  # fmt: skip
        if item.uri not in ("", "preinstalled"):
            yield Violation(
                "extension-uri",
                f"{path}.extensionUri",
                f"is {shown(item.uri)}, only preinstalled is supported",
                "brokers don't download extensions in this version",
                "build the extension into the image, or give its files by configMap",
            )
        if item.static and item.config_map:
            yield static(f"{path}.static")
        if item.parallel:
            yield Violation("extension-parallel", f"{path}.updateStrategy", "is parallel, and every change is serial",
                            "brokers get a change of the extension one after the other",
                            "remove it, or write serial", "warning")  # fmt: skip
