# Copyright: (c) 2026, the beekeeper.hivemq authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rules about volumes and where they are mounted."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from . import _pod, names, quantity
from .spec import CONTROLLERS, Cluster
from .structure import shown
from .violation import Violation

_HIDING = {_pod.CONFIG_PATH, _pod.EXTENSIONS_PATH, *_pod.WRITABLE.values(), f"{names.HOME}/bin", f"{names.HOME}/lib"}
_LABEL = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?")
# Volumes of the vendor's pods that only its start scripts need.
_VENDOR_VOLUMES = ("shared-data", "conf-override", "live-info", "dns-wait-config")
_VENDOR_FOLDERS = re.compile(r"/(conf-override|hivemq-data|etc/podinfo)(?![-\w])")
_LONGEST_PATH = 1024
# The vendor's recommendation for production, in bytes.
_ENOUGH_STORAGE = 100 * 10**9


def mount_rules(cluster: Cluster) -> Iterator[Violation]:
    """Where ConfigMaps, Secrets and additional volumes are mounted."""
    taken: dict[str, str] = {}
    above: dict[str, str] = {}  # folders within which something is mounted
    for kind, items in (("configMaps", cluster.spec.config_maps), ("secrets", cluster.spec.secrets)):
        for index, item in enumerate(items):
            where = f"spec.{kind}[{index}]"
            if item.static:
                yield static(f"{where}.static")
            if not item.mounted:
                continue
            problem = _path_problem(item.path)
            target = item.path.rstrip("/")
            if problem:
                yield Violation("mount-path", f"{where}.path", f"is {shown(item.path)}, {problem}", "",
                                "write an absolute path such as /opt/hivemq/license")  # fmt: skip
                continue
            yield from _reserved(f"{where}.path", target)
            parents = _parents(target)
            owner = next((taken[path] for path in (target, *parents) if path in taken), above.get(target))
            if owner is not None:
                yield Violation("mount-path-clash", f"{where}.path", f"is the path of {owner}, or one lies within "
                                "the other", "one would hide the other", "choose another path")  # fmt: skip
            taken.setdefault(target, where)
            for path in parents:
                above.setdefault(path, where)
    known = _pod.volume_names(cluster.spec)
    for index, mount in enumerate(cluster.spec.additional_volume_mounts):
        where, path = f"spec.additionalVolumeMounts[{index}]", str(mount["mountPath"])
        yield from volume_reference(known, f"{where}.name", str(mount["name"]))
        problem, target = _path_problem(path), path.rstrip("/")
        if problem:
            yield Violation("mount-path", f"{where}.mountPath", f"is {shown(path)}, {problem}", "",
                            "write an absolute path such as /opt/hivemq/license")  # fmt: skip
            continue
        yield from _reserved(f"{where}.mountPath", target)
        if target in taken:
            yield Violation("mount-path-clash", f"{where}.mountPath", f"is the path of {taken[target]}",
                            "one would hide the other", "choose another path")  # fmt: skip
        if _VENDOR_FOLDERS.match(target):
            yield _vendor_folder(f"{where}.mountPath", target)
        taken.setdefault(target, where)


def volume_reference(known: Mapping[str, str], path: str, name: str) -> Iterator[Violation]:
    """A mount names a volume, which has to be there. `known`: `_pod.volume_names`."""
    if name in known:
        return
    if name in _VENDOR_VOLUMES:
        problem = f"is {shown(name)}, a volume for the start scripts of the vendor's images"
        remedy = "mount the volume of the folder that is meant: data, extensions, log, backup, audit or dumps"
    else:
        problem = f"is {shown(name)}, and there is no such volume"
        remedy = f"add it to additionalVolumes, or name one of {', '.join(sorted(known))[:300]}"
    yield Violation("volume-unknown", path, problem, "the controller could not make any pod", remedy)


def vendor_folders(path: str, texts: Iterable[str]) -> Iterator[Violation]:
    """A script names a folder of the vendor's images."""
    for text in texts:
        found = _VENDOR_FOLDERS.search(text)
        if found:
            yield _vendor_folder(path, found.group())
            return


def _vendor_folder(path: str, folder: str) -> Violation:
    return Violation(
        "vendor-folder",
        path,
        f"refers to {folder}, a folder that only the start scripts of the vendor's images know",
        "no one reads what is put there",
        "use the folders of the broker: /opt/hivemq/extensions, /opt/hivemq/data, /opt/hivemq/license",
        "warning",
    )


def volume_rules(cluster: Cluster) -> Iterator[Violation]:
    """Additional volumes."""
    names_there = {_pod.CONFIG_VOLUME, _pod.EXTENSIONS_VOLUME, *_pod.WRITABLE}
    names_there |= {_pod.volume_name("configmap", item.name) for item in cluster.spec.config_maps}
    names_there |= {_pod.volume_name("configmap", item.config_map) for item in cluster.spec.extensions}
    names_there |= {_pod.volume_name("secret", item.name) for item in cluster.spec.secrets}
    for index, volume in enumerate(cluster.spec.additional_volumes):
        name, path = str(volume["name"]), f"spec.additionalVolumes[{index}].name"
        if not _LABEL.fullmatch(name):
            yield Violation("volume-name", path, f"is {shown(name)}, which is no name of a volume", "",
                            "use at most 63 of a-z, 0-9 and -")  # fmt: skip
        elif name in names_there:
            yield Violation("volume-name-clash", path, f"is {shown(name)}, a name that another volume of the pods has",
                            "the controller could not make any pod", "choose another name")  # fmt: skip
        names_there.add(name)


def claim_rules(cluster: Cluster) -> Iterator[Violation]:
    """Persistent volumes of the brokers."""
    spec = cluster.spec
    if not spec.volume_claim_templates:
        return
    kind = CONTROLLERS.get(spec.controller_template, "StatefulSet")
    if kind != "StatefulSet":
        yield Violation("claims-unused", "spec.volumeClaimTemplates", f"has no effect with a {kind}",
                        "only a StatefulSet makes volumes: what brokers store is lost with their pods",
                        "set controllerTemplate: cluster-stateful-set.yaml, or remove the field", "warning",
                        )  # fmt: skip
        return
    taken = {_pod.CONFIG_VOLUME, _pod.EXTENSIONS_VOLUME, *(str(item["name"]) for item in spec.additional_volumes)}
    known = _pod.volume_names(spec)
    mounted = {known.get(str(mount["name"])) for mount in _all_mounts(cluster)}
    for index, (name, claim) in enumerate(zip(spec.claims, spec.volume_claim_templates, strict=True)):
        path = f"spec.volumeClaimTemplates[{index}]"
        if not _LABEL.fullmatch(name):
            yield Violation("claim-name", f"{path}.metadata.name", f"is {shown(name)}" if name else "is missing",
                            "", "name it data, or with at most 63 of a-z, 0-9 and -")  # fmt: skip
        elif name in taken:
            yield Violation("volume-name-clash", f"{path}.metadata.name",
                            f"is {shown(name)}, a name that another volume of the pods has",
                            "the controller could not make any pod", "choose another name")  # fmt: skip
        elif name not in _pod.WRITABLE and name not in mounted:
            yield Violation("claim-unmounted", path, f"has the name {shown(name)}, which nothing mounts",
                            "brokers don't store anything there", "name it data, or mount it by additionalVolumeMounts",
                            "warning")  # fmt: skip
        taken.add(name)
        yield from _claim_spec(f"{path}.spec", name, claim.get("spec") or {})


def _all_mounts(cluster: Cluster) -> Iterator[Mapping[str, Any]]:
    yield from cluster.spec.additional_volume_mounts
    for container in (*cluster.spec.sidecars, *cluster.spec.init_containers):
        yield from container.get("volumeMounts", ())


def _claim_spec(path: str, name: str, spec: Mapping[str, Any]) -> Iterator[Violation]:
    if not spec.get("accessModes"):
        yield Violation("claim-form", f"{path}.accessModes", "is missing", "Kubernetes refuses the claim",
                        "write accessModes: [ReadWriteOnce]")  # fmt: skip
    amount = (spec.get("resources") or {}).get("requests", {}).get("storage")
    if amount is None:
        yield Violation("claim-form", f"{path}.resources.requests.storage", "is missing",
                        "Kubernetes refuses the claim", "write how much, such as 100Gi")  # fmt: skip
        return
    if name in _pod.WRITABLE and spec.get("volumeMode", "Filesystem") != "Filesystem":
        yield Violation("claim-block", f"{path}.volumeMode", f"is {shown(spec['volumeMode'])}",
                        "a broker stores files", "remove it")  # fmt: skip
    try:
        size = quantity.parse(amount)
    except ValueError as error:
        yield Violation("quantity", f"{path}.resources.requests.storage", str(error), "", "write it like 100Gi")
        return
    if name == "data" and size.value < _ENOUGH_STORAGE:
        yield Violation("storage-small", f"{path}.resources.requests.storage", f"is {size}",
                        "the vendor asks for at least 100 GB in production: sessions and queued messages of all "
                        "copies lie there, and a full disk stops a broker", "ask for 100Gi or more", "warning",
                        )  # fmt: skip


def static(path: str) -> Violation:
    """The content of a mount is static, and no one restarts brokers when it changes."""
    return Violation(
        "static-not-watched",
        path,
        "is true, but a change of the content alone restarts nothing yet",
        "brokers keep what they read at their start",
        "restart them by a change of podAnnotations after a change of the content",
        "warning",
    )


def _parents(path: str) -> list[str]:
    """/a/b and /a of /a/b/c."""
    parts = path.split("/")
    return ["/".join(parts[:length]) for length in range(len(parts) - 1, 1, -1)]


def _path_problem(path: str) -> str:
    if len(path) > _LONGEST_PATH:
        return "which is too long"
    if not path.startswith("/"):
        return "which is not absolute"
    parts = path.rstrip("/").split("/")[1:]
    if any(part in ("", ".", "..") for part in parts):
        return "which is not a plain path (no //, . or ..)"
    return "which has a character that a mount path can't have" if re.search(r"[:\n\r\t]", path) else ""


def _reserved(path: str, target: str) -> Iterator[Violation]:
    def inside(inner: str, outer: str) -> bool:
        return inner == outer or inner.startswith(outer + "/")

    remedy = "choose a folder of its own, such as /etc/hivemq/tls"
    if inside(target, _pod.EXTENSIONS_PATH):
        remedy = "put the ConfigMap into the extension's folder with extensions[].configMap"
    elif not (
        any(inside(folder, target) for folder in _HIDING)
        or inside(target, _pod.CONFIG_PATH)
        or inside(target, _pod.STAGING)
    ):
        return
    yield Violation("mount-path-reserved", path, f"is {shown(target)}, where the broker has files of its own",
                    "the mount would hide them", remedy)  # fmt: skip
