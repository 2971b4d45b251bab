# Copyright: (c) 2026, the beekeeper.hivemq authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Assembles the folder from which the operator's image is built. Standard library and pip only.

    python3 operator/build_context.py OUT && docker build OUT

OUT must not exist or be empty. The same commit gives the same files, whoever builds and whichever Python builds.
"""

from __future__ import annotations

import argparse
import os
import platform
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

OPERATOR = Path(__file__).resolve().parent
UTILS = OPERATOR.parent / "plugins" / "module_utils"
# The layers that the operator shares with the collection.
SHARED = ("_hivemq", "_kube")
IN_IMAGE = Path("ansible_collections/beekeeper/hivemq/plugins/module_utils")
# The Python in the image, and the oldest C libraries to take wheels for (Debian 12 has glibc 2.36).
PYTHON = "3.11"
GLIBC = ("manylinux_2_28", "manylinux_2_17", "manylinux2014")
# Of the installed packages, what nothing here imports: the asynchronous client, and the typed models and calls of each
# API group (`_kube` sends plain dictionaries). Half of the image would be these. `_prove` shows that all imports work.
UNUSED = ("kubernetes/aio", "kubernetes/client/api", "kubernetes/client/apis", "kubernetes/client/models/v*.py", "bin")
# 2000-01-01: some archive formats can't hold 1970.
EPOCH = 946684800


def assemble(out: Path, architecture: str) -> None:
    """Writes the complete build context to `out`. `architecture` is Linux's name of it, such as x86_64 or aarch64."""
    out.mkdir(parents=True, exist_ok=True)
    if any(out.iterdir()):
        raise SystemExit(f"{out} is not empty: name a new folder")
    _install(out / "site", architecture)
    for layer in SHARED:
        _copy(UTILS / layer, out / IN_IMAGE / layer)
    _copy(OPERATOR / "src" / "beekeeper_operator", out / "src" / "beekeeper_operator")
    shutil.copyfile(OPERATOR / "Dockerfile", out / "Dockerfile")
    _prove(out)
    _level(out)


def _install(site: Path, architecture: str) -> None:
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-input"]
    command += [
        "--no-compile",
        "--no-deps",
        "--only-binary",
        ":all:",
        "--implementation",
        "cp",
        "--python-version",
        PYTHON,
    ]
    for glibc in GLIBC:
        command += ["--platform", f"{glibc}_{architecture}"]
    command += ["--target", str(site), "--requirement", str(OPERATOR / "requirements.txt")]
    subprocess.run(command, check=True)
    for pattern in UNUSED:
        for path in sorted(site.glob(pattern)):
            shutil.rmtree(path) if path.is_dir() else path.unlink()
    for path in sorted(site.rglob("*"), reverse=True):
        # pip's book-keeping names the scripts just removed, with the hash of a path on this machine; tests aren't run.
        if path.name in {"RECORD", "INSTALLER", "REQUESTED"}:
            path.unlink()
        elif path.name in {"test", "tests", "__pycache__"} and path.is_dir():
            shutil.rmtree(path)


def _copy(source: Path, target: Path) -> None:
    for path in _python_files(source):
        (target / path.relative_to(source)).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, target / path.relative_to(source))


def _python_files(source: Path) -> Iterator[Path]:
    return (path for path in sorted(source.rglob("*.py")) if "__pycache__" not in path.parts)


def _prove(out: Path) -> None:
    """Imports the operator from `out` alone, if this Python is the image's: nothing needed was left out."""
    if f"{sys.version_info.major}.{sys.version_info.minor}" != PYTHON:
        return
    folders = [str(out / "src"), str(out), str(out / "site")]
    # -I and -S: neither the environment's nor this installation's packages help out.
    program = f"import sys; sys.dont_write_bytecode = True; sys.path[:0] = {folders!r}; import beekeeper_operator.app"
    with tempfile.TemporaryDirectory() as elsewhere:
        subprocess.run([sys.executable, "-I", "-S", "-c", program], check=True, cwd=elsewhere)


def _level(out: Path) -> None:
    """Equal modes and times for equal content."""
    for path in (out, *out.rglob("*")):
        path.chmod(0o755 if path.is_dir() or path.suffix == ".so" else 0o644)
        os.utime(path, (EPOCH, EPOCH))


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line."""
    parser = argparse.ArgumentParser(description="Assembles the folder from which the operator's image is built.")
    parser.add_argument("out", type=Path, help="folder to write; must not exist or be empty")
    parser.add_argument(
        "--architecture", default=platform.machine(), help="Linux's name of it (default: this machine's)"
    )
    options = parser.parse_args(arguments)
    try:
        assemble(options.out.resolve(), options.architecture)
    except subprocess.CalledProcessError as error:
        print(f"{' '.join(map(str, error.cmd[:4]))} ... ended with {error.returncode}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
