# Copyright: (c) 2026, the beekeeper.hivemq authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Programs, file trees and libraries that images are made of: Go modules, Debian packages, Maven artifacts."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from . import cache, settings
from . import packages as packages_of_machine
from .steps import LabError, Step, step

NODE_PACKAGES = (
    "systemd,systemd-sysv,dbus,ca-certificates,containerd,runc,iptables,nftables,conntrack,iproute2,ethtool,kmod,procps,jq,"
    "curl,containernetworking-plugins,socat,util-linux,mount,e2fsprogs,libseccomp2,python3"
)
BASE_PACKAGES = "ca-certificates,iptables,libstdc++6,python3,zlib1g"
KUBERNETES_VERSION_FLAGS = " ".join(
    f"-X {package}.{name}={value}"
    for package in ("k8s.io/component-base/version", "k8s.io/client-go/pkg/version")
    for name, value in (
        ("gitVersion", f"v{settings.KUBERNETES}"),
        ("gitMajor", settings.KUBERNETES.split(".")[0]),
        ("gitMinor", settings.KUBERNETES.split(".")[1]),
    )
)
JAVA_MODULES = "java.se,jdk.crypto.ec,jdk.management,jdk.naming.dns,jdk.unsupported,jdk.zipfs"


def kubernetes() -> Path:
    """Return a folder with `hyperkube`: all Kubernetes programs and etcd in one binary."""
    title = f"Build Kubernetes {settings.KUBERNETES} (about 6 minutes)"
    return _go_module("kubernetes", "hyperkube", title, KUBERNETES_VERSION_FLAGS)


def has_kubernetes() -> bool:
    return cache.is_cached("kubernetes", cache.key(settings.IMAGES / "kubernetes", KUBERNETES_VERSION_FLAGS))


def coredns() -> Path:
    return _go_module("coredns", "coredns", "Build CoreDNS (about 1 minute)")


def pause() -> Path:
    return _go_module("pause", "pause", "Build the pause program")


def kind() -> Path:
    return _go_install("kind", f"sigs.k8s.io/kind@v{settings.KIND}", "Build kind")


def helm() -> Path:
    """Return a folder with `helm`, which only a benchmark wants."""
    return _go_install("helm", f"helm.sh/helm/v3/cmd/helm@v{settings.HELM}", "Build helm (about 90 s)")


def local_path_provisioner() -> Path:
    package = f"github.com/rancher/local-path-provisioner@v{settings.LOCAL_PATH}"
    return _go_install("local-path-provisioner", package, "Build the local-path provisioner (about 1 minute)")


def metallb() -> Path:
    """Return a folder with `controller` and `speaker`."""
    module = f"go.universe.tf/metallb/{{}}@v{settings.METALLB}"
    return _go_install(
        "metallb", f"{module.format('controller')} {module.format('speaker')}", "Build MetalLB (about 90 s)"
    )


def node_root() -> Path:
    """Return a folder with `root.tar`: Debian with systemd, containerd and what a Kubernetes node needs."""
    return _debian("node-root", NODE_PACKAGES, "Make the node's file system from Debian packages (about 1 minute)")


def base_root() -> Path:
    """Return a folder with `root.tar`: a small Debian with Python and iptables, the base of every other image."""
    return _debian("base-root", BASE_PACKAGES, "Make the base file system from Debian packages (about 1 minute)")


def java() -> Path:
    """Return a folder with a Java run time cut from the machine's JDK to what HiveMQ uses."""
    release = subprocess.run(["java", "-version"], capture_output=True, text=True, check=False).stderr
    content_key = cache.key("java", release, JAVA_MODULES)

    def build(into: Path) -> None:
        with step("Cut a Java run time with jlink") as current:
            jlink = shutil.which("jlink")
            if jlink is None:
                raise current.failed("jlink is missing: install a JDK 17")
            current.run(
                [
                    jlink,
                    "--add-modules",
                    JAVA_MODULES,
                    "--strip-debug",
                    "--no-header-files",
                    "--no-man-pages",
                    "--compress=2",
                ]
                + ["--output", into / "java"]
            )

    return cache.artifact("java", content_key, build)


def hivemq_ce(version: str) -> Path:
    """Return a folder with `lib/`: HiveMQ Community Edition of that version and what it depends on."""
    source = settings.IMAGES / "hivemq-ce"
    content_key = cache.key("hivemq-ce", version, source / "pom.xml")

    def build(into: Path) -> None:
        with step(f"Get HiveMQ Community Edition {version}") as current:
            command = ["mvn", "-B", "-ntp", "-f", source / "pom.xml", f"-Dhivemq.version={version}"]
            current.run([*command, "dependency:copy-dependencies", f"-DoutputDirectory={into / 'lib'}"])

    return cache.artifact(f"hivemq-ce-{version}", content_key, build)


def allow_all_extension(library: Path) -> Path:
    """Return a folder with the compiled lab extension that lets every client in."""
    source = settings.IMAGES / "hivemq-ce" / "hivemq-allow-all-extension"
    content_key = cache.key(source, library.name)

    def build(into: Path) -> None:
        with step("Compile the allow-all extension") as current:
            (sdk,) = library.glob("hivemq-extension-sdk-*.jar")
            classes = into / "classes"
            current.run(
                ["javac", "-proc:none", "--release", "11", "-cp", sdk, "-d", classes, *sorted(source.rglob("*.java"))]
            )
            shutil.copytree(source / "META-INF", classes / "META-INF")
            extension = into / "hivemq-allow-all-extension"
            extension.mkdir()
            current.run(["jar", "--create", "--file", extension / "hivemq-allow-all-extension.jar", "-C", classes, "."])
            shutil.copy(source / "hivemq-extension.xml", extension)
            shutil.rmtree(classes)

    return cache.artifact("allow-all-extension", content_key, build)


def python_packages(name: str, *requirements: str) -> Path:
    """Return a folder with `site/`: Python packages for the base image's interpreter (Debian 12 has 3.11)."""
    content_key = cache.key(name, *requirements, sys.version)

    def build(into: Path) -> None:
        if sys.version_info[:2] != (3, 11):
            raise LabError(f"the lab must run on Python 3.11, as its images do; this is {sys.version.split()[0]}")
        with step(f"Get Python packages for {name}") as current:
            command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-compile", "--target", into / "site"]
            current.run([*command, *requirements])

    return cache.artifact(f"python-{name}", content_key, build)


def go_module_folder(current: Step, module: str) -> Path:
    """Return where Go keeps the source of `module@version`, downloaded if need be."""
    current.run(["go", "mod", "download", module], env=_go_env(), cwd=settings.CACHE)
    folder = current.read(["go", "list", "-m", "-f", "{{.Dir}}", module])
    return Path(folder.strip())


def _go_env(**more: str) -> dict[str, str]:
    return {**os.environ, "CGO_ENABLED": "0", "GOFLAGS": "-buildvcs=false", **more}


def _go_module(folder: str, program: str, title: str, flags: str = "") -> Path:
    source = settings.IMAGES / folder
    content_key = cache.key(source, flags)

    def build(into: Path) -> None:
        with step(title) as current:
            command = ["go", "build", "-trimpath", "-ldflags", f"-s -w {flags}".strip(), "-o", into / program, "."]
            current.run(command, cwd=source, env=_go_env())

    return cache.artifact(folder, content_key, build)


def _go_install(name: str, packages: str, title: str) -> Path:
    def build(into: Path) -> None:
        with step(title) as current:
            command = ["go", "install", "-trimpath", "-ldflags", "-s -w", *packages.split()]
            current.run(command, env=_go_env(GOBIN=str(into)), cwd=into)

    return cache.artifact(name, cache.key(packages), build)


def _debian(name: str, packages: str, title: str) -> Path:
    def build(into: Path) -> None:
        packages_of_machine.ensure({"mmdebstrap": "mmdebstrap"})
        with step(title) as current:
            leave_out = [f"--dpkgopt=path-exclude=/usr/share/{folder}/*" for folder in ("doc", "locale", "man")]
            command = ["mmdebstrap", "--variant=essential", f"--include={packages}", *leave_out]
            current.run([*command, settings.DEBIAN, into / "root.tar"])

    return cache.artifact(name, cache.key(name, packages, settings.DEBIAN), build)


def in_parallel(*makers: Callable[[], object]) -> None:
    """Make several builds two at a time: compilers and downloads leave each other room."""
    with ThreadPoolExecutor(2) as pool:
        for done in [pool.submit(make) for make in makers]:
            done.result()
