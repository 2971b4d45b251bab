# Copyright: (c) 2026, the beekeeper.hivemq authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Container images of the lab, each tagged by its content, and the archives that go into the cluster's nodes."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from . import builds, cache, settings
from .steps import Step, step

KEPT_PER_REPOSITORY = 3
FIXED_TAGS = (":root", ":bare", ":node")
CLIENT_REQUIREMENTS = ("paho-mqtt==2.1.0",)


@dataclass(frozen=True)
class Image:
    """An image in the local engine: the reference that pods use, and the identity of its content."""

    reference: str
    content_key: str


def base() -> Image:
    """A small Debian with Python: the base of the other images, and the helper of the local-path provisioner."""
    root = builds.base_root()
    content_key = cache.key(root.name)
    image = Image(f"{settings.BASE_IMAGE}:{content_key}", content_key)
    if not exists(image):
        with step("Import the base image") as current:
            current.run(["docker", "import", root / "root.tar", image.reference])
    return image


def brokers() -> list[Image]:
    """HiveMQ Community Edition in the layout of the vendor's images, one for each version."""
    source = settings.IMAGES / "hivemq-ce"
    java = builds.java()
    images = []
    for version in settings.HIVEMQ_CE:
        library = builds.hivemq_ce(version) / "lib"
        extension = builds.allow_all_extension(library)
        parts = (java.name, library.parent.name, extension.name, source / "Dockerfile", source / "docker-entrypoint.sh")
        reference = f"{settings.BROKER_IMAGE}:{version}"

        def context(_: Step, into: Path, library: Path = library, extension: Path = extension) -> None:
            _tree(java / "java", into / "java")
            _tree(library, into / "hivemq" / "lib")
            _tree(extension / "hivemq-allow-all-extension", into / "hivemq/extensions/hivemq-allow-all-extension")
            for folder in ("audit", "backup", "bin", "conf", "data", "dumps", "license", "log"):
                (into / "hivemq" / folder).mkdir(parents=True)
            shutil.copy(source / "config.xml", into / "hivemq" / "conf")
            shutil.copy(source / "docker-entrypoint.sh", into)
            # Modes are set here: a chmod in the image would store the libraries a second time.
            for path in (into / "hivemq").rglob("*"):
                path.chmod(0o775 if path.is_dir() else 0o664)

        images.append(_build(reference, context, source / "Dockerfile", *parts, source / "config.xml"))
    return images


def operator() -> Image:
    """The operator, from this checkout."""
    script = settings.REPOSITORY / "operator" / "build_context.py"
    utils = settings.REPOSITORY / "plugins" / "module_utils"
    parts = (settings.REPOSITORY / "operator", utils / "_hivemq", utils / "_kube")

    def context(current: Step, into: Path) -> None:
        shutil.rmtree(into)
        current.run([sys.executable, script, into])

    content_key = cache.key(base().content_key, *parts)
    reference = f"{settings.OPERATOR_IMAGE}:{content_key}"
    return _build(reference, context, settings.REPOSITORY / "operator" / "Dockerfile", *parts)


def client() -> Image:
    """A container outside of the cluster, from where clients reach the brokers."""
    site = builds.python_packages("lab-client", *CLIENT_REQUIREMENTS) / "site"
    dockerfile = settings.IMAGES / "client" / "Dockerfile"
    return _build(
        f"{settings.CLIENT_IMAGE}:dev",
        lambda _, into: _tree(site, into / "site"),
        dockerfile,
        site.parent.name,
        dockerfile,
    )


def programs() -> list[Image]:
    """Single programs under the names that their projects' manifests use."""
    metallb = builds.metallb()
    sources = {
        f"docker.io/rancher/local-path-provisioner:v{settings.LOCAL_PATH}": builds.local_path_provisioner()
        / "local-path-provisioner",
        f"quay.io/metallb/controller:v{settings.METALLB}": metallb / "controller",
        f"quay.io/metallb/speaker:v{settings.METALLB}": metallb / "speaker",
    }
    return [program_image(reference, binary) for reference, binary in sources.items()]


def program_image(reference: str, binary: Path) -> Image:
    """An image that holds one static program and nothing else."""
    dockerfile = settings.IMAGES / "node" / "Dockerfile.program"

    def context(_: Step, into: Path) -> None:
        (into / "program").mkdir()
        shutil.copy(binary, into / "program" / "entrypoint")

    return _build(reference, context, dockerfile, binary.parent.name, binary.name, dockerfile)


def archive(images: Sequence[Image]) -> Path:
    """Return a tar of images as `docker save` writes it, made once for each content."""
    content_key = cache.key(*[f"{image.reference}={image.content_key}" for image in images])

    def build(into: Path) -> None:
        names = ", ".join(sorted({image.reference.rsplit("/", 1)[1].split(":")[0] for image in images}))
        with step(f"Save images: {names}") as current:
            current.run(["docker", "save", "-o", into / "images.tar", *[image.reference for image in images]])

    return cache.artifact("image-archives", content_key, build) / "images.tar"


def prune() -> None:
    """Remove what content tags leave behind: all but the newest few of each image, and images that lost their tag."""
    for repository in (settings.NODE_IMAGE, settings.OPERATOR_IMAGE, settings.BASE_IMAGE):
        # Newest first. One in use is kept by the engine itself.
        command = ["docker", "images", repository, "--format", "{{.Repository}}:{{.Tag}}"]
        tags = subprocess.run(command, capture_output=True, text=True, check=False).stdout.split()
        outdated = [tag for tag in tags if not tag.endswith(FIXED_TAGS)][KEPT_PER_REPOSITORY:]
        if outdated:
            subprocess.run(["docker", "rmi", *outdated], capture_output=True, check=False)
    untagged = ["docker", "image", "prune", "--force", "--filter", "label=beekeeper.content"]
    subprocess.run(untagged, capture_output=True, check=False)


def exists(image: Image) -> bool:
    return label(image.reference) == image.content_key or (
        image.reference.endswith(image.content_key) and _inspect(image.reference, "{{.Id}}") != ""
    )


def label(reference: str) -> str:
    """Return the content label of an image in the local engine, "" without one."""
    return _inspect(reference, '{{index .Config.Labels "beekeeper.content"}}')


def build_image(
    current: Step, reference: str, context: Path, dockerfile: Path, content_key: str, *arguments: str
) -> None:
    command: list[str | Path] = [
        "env",
        "DOCKER_BUILDKIT=0",
        "docker",
        "build",
        "--quiet",
        "--force-rm",
        "-t",
        reference,
    ]
    command += ["-f", dockerfile, "--label", f"beekeeper.content={content_key}"]
    for argument in arguments:
        command += ["--build-arg", argument]
    current.run([*command, context])


def _build(reference: str, fill: Callable[[Step, Path], None], dockerfile: Path, *parts: str | Path) -> Image:
    below = base()
    image = Image(reference, cache.key(below.content_key, reference, *parts))
    if exists(image):
        return image
    with step(f"Build image {reference.split('/', 1)[1]}") as current, tempfile.TemporaryDirectory() as folder:
        context = Path(folder) / "context"
        context.mkdir(mode=0o755)
        fill(current, context)
        build_image(current, reference, context, dockerfile, image.content_key, f"BASE={below.reference}")
    return image


def _inspect(reference: str, template: str) -> str:
    done = subprocess.run(
        ["docker", "image", "inspect", "-f", template, reference],
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    return done.stdout.strip() if done.returncode == 0 else ""


def _tree(source: Path, target: Path) -> None:
    shutil.copytree(source, target, symlinks=True)
