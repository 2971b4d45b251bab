# Copyright: (c) 2026, the beekeeper.hivemq authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The image of a kind node: given, pulled, or built from Go modules and Debian packages."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path

from . import builds, cache, images, settings
from .steps import Step, step

GIVEN = "LAB_NODE_IMAGE"
UPSTREAM = f"kindest/node:v{settings.KUBERNETES}"
PROGRAMS = ("kube-apiserver", "kube-controller-manager", "kube-scheduler", "kube-proxy", "etcd")
NODE_LINKS = ("kubelet", "kubeadm", "kubectl")


class NodeImage:
    """The reference of a node image, and whether it is ours (then network and storage are ours too)."""

    def __init__(self, reference: str, *, built_here: bool) -> None:
        self.reference = reference
        self.built_here = built_here


def ensure() -> NodeImage:
    """Return the node image: `LAB_NODE_IMAGE` if set, else upstream's if it can be had, else one built here."""
    given = os.environ.get(GIVEN)
    if given:
        return NodeImage(given, built_here=False)
    image = _wanted()
    if images.exists(image):
        return NodeImage(image.reference, built_here=True)
    if _pulled():
        return NodeImage(UPSTREAM, built_here=False)
    _build(image)
    return NodeImage(image.reference, built_here=True)


def _wanted() -> images.Image:
    parts = (
        settings.IMAGES / "node",
        settings.IMAGES / "kubernetes",
        settings.IMAGES / "coredns",
        settings.IMAGES / "pause",
    )
    manifests = settings.LAB / "manifests" / "local-path-storage.yaml"
    content_key = cache.key(
        *parts, manifests, settings.KIND, builds.NODE_PACKAGES, builds.BASE_PACKAGES, settings.LOCAL_PATH
    )
    return images.Image(f"{settings.NODE_IMAGE}:{content_key}", content_key)


def _pulled() -> bool:
    if subprocess.run(["docker", "image", "inspect", UPSTREAM], capture_output=True, check=False).returncode == 0:
        return True
    with step(f"Try to pull {UPSTREAM}") as current:
        try:
            done = subprocess.run(
                ["docker", "pull", "--quiet", UPSTREAM], capture_output=True, timeout=600, check=False
            )
        except subprocess.TimeoutExpired:
            current.note("no answer within 600 s")
            return False
        current.note(done.stderr.decode(errors="replace"))
        return done.returncode == 0


def _build(image: images.Image) -> None:
    builds.in_parallel(
        builds.kubernetes,
        builds.node_root,
        builds.base_root,
        builds.coredns,
        builds.local_path_provisioner,
        builds.pause,
    )
    kubernetes = builds.kubernetes() / "hyperkube"
    coredns = builds.coredns() / "coredns"
    pause = builds.pause() / "pause"
    root = builds.node_root() / "root.tar"
    base = images.base()
    with step("Build the node image") as current, tempfile.TemporaryDirectory(dir=settings.CACHE) as folder:
        work = Path(folder)
        names = current.read(
            [_kubeadm(work, kubernetes), "config", "images", "list", "--kubernetes-version", settings.KUBERNETES]
        )
        for reference in names.split():
            program = reference.rsplit("/", 1)[1].split(":")[0]
            if program in PROGRAMS:
                _image(
                    current,
                    work,
                    reference,
                    "Dockerfile.kubernetes",
                    _kubernetes_context(kubernetes, program),
                    base=base.reference,
                )
            else:
                binary = {"coredns": coredns, "pause": pause}[program]
                _image(current, work, reference, "Dockerfile.program", _program_context(binary))
        helpers = [
            images.program_image(f"docker.io/rancher/local-path-provisioner:v{settings.LOCAL_PATH}", _local_path())
        ]
        current.run(["docker", "tag", base.reference, f"{settings.BASE_IMAGE}:node"])
        references = [*names.split(), *[helper.reference for helper in helpers], f"{settings.BASE_IMAGE}:node"]
        current.run(["docker", "save", "-o", work / "images.tar", *references])

        current.run(["docker", "import", root, f"{settings.NODE_IMAGE}:root"])
        kind_files = (
            builds.go_module_folder(current, f"sigs.k8s.io/kind@v{settings.KIND}") / "images" / "base" / "files"
        )
        bare = f"{settings.NODE_IMAGE}:bare"
        arguments = (f"BASE={settings.NODE_IMAGE}:root", f"KUBERNETES=v{settings.KUBERNETES}")
        context = _context(work, "node", _node_context(kubernetes, kind_files))
        images.build_image(
            current, bare, context, settings.IMAGES / "node" / "Dockerfile", image.content_key, *arguments
        )
        _bake(current, bare, work / "images.tar", image)


def _local_path() -> Path:
    return builds.local_path_provisioner() / "local-path-provisioner"


def _bake(current: Step, bare: str, archive: Path, image: images.Image) -> None:
    """Import the images into the node image's own containerd, as a node has no registry to pull from."""
    container = current.read(
        ["docker", "create", "--privileged", "--entrypoint", "/bin/sh", bare, "/tmp/import-images.sh"]
    ).strip()
    try:
        current.run(["docker", "cp", archive, f"{container}:/images.tar"])
        current.run(["docker", "start", "--attach", container])
        entrypoint = '["/usr/local/bin/entrypoint", "/sbin/init"]'
        changes = ["--change", f"ENTRYPOINT {entrypoint}", "--change", "CMD []"]
        current.run(["docker", "commit", *changes, container, image.reference])
    finally:
        current.run(["docker", "rm", "--force", "--volumes", container])


def _image(
    current: Step, work: Path, reference: str, dockerfile: str, fill: Callable[[Path], None], *, base: str = ""
) -> None:
    context = _context(work, reference.replace("/", "_"), fill)
    arguments = [f"BASE={base}"] if base else []
    images.build_image(current, reference, context, settings.IMAGES / "node" / dockerfile, "node", *arguments)


def _context(work: Path, name: str, fill: Callable[[Path], None]) -> Path:
    context = work / name
    context.mkdir()
    fill(context)
    return context


def _kubernetes_context(kubernetes: Path, program: str) -> Callable[[Path], None]:
    def fill(into: Path) -> None:
        (into / "bin").mkdir()
        shutil.copy(kubernetes, into / "bin" / "hyperkube")
        for name in PROGRAMS:
            (into / "bin" / name).symlink_to("hyperkube")

    return fill


def _program_context(binary: Path) -> Callable[[Path], None]:
    def fill(into: Path) -> None:
        (into / "program").mkdir()
        shutil.copy(binary, into / "program" / "entrypoint")

    return fill


def _node_context(kubernetes: Path, kind_files: Path) -> Callable[[Path], None]:
    def fill(into: Path) -> None:
        (into / "bin").mkdir()
        shutil.copy(kubernetes, into / "bin" / "hyperkube")
        for name in NODE_LINKS:
            (into / "bin" / name).symlink_to("hyperkube")
        shutil.copytree(kind_files, into / "kind-files")
        for folder, _, files in os.walk(into / "kind-files"):
            Path(folder).chmod(0o755)
            for name in files:
                (Path(folder) / name).chmod(0o644)
        (into / "manifests").mkdir()
        shutil.copy(settings.LAB / "manifests" / "local-path-storage.yaml", into / "manifests" / "default-storage.yaml")
        for script in ("setup.sh", "import-images.sh"):
            shutil.copy(settings.IMAGES / "node" / script, into)

    return fill


def _kubeadm(work: Path, kubernetes: Path) -> Path:
    link = work / "kubeadm"
    link.symlink_to(kubernetes)
    return link
