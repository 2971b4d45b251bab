# Copyright: (c) 2026, the beekeeper.hivemq authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A fake node: a directory tree with proc/sys and etc. Files refuse no value, unlike a kernel."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from ansible_collections.beekeeper.hivemq.plugins.module_utils._node.sysctl import Kernel, SysctlError, key_path

PATH = "/etc/sysctl.d/tcpkeepalive.conf"
FIRST_PID_NAMESPACE = "pid:[4026531836]"


class FakeNode:
    """The tree below `root`."""

    def __init__(
        self, root: Path, running: Mapping[str, str], text: str | None = None, read_only: tuple[str, ...] = ()
    ):
        self.root = root
        for folder in ("proc/sys", "proc/self/ns", "var/lib"):
            (root / folder).mkdir(parents=True)
        (root / "proc/self/ns/pid").symlink_to(FIRST_PID_NAMESPACE)
        for key, value in running.items():
            file = self.key_file(key)
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(value + "\n")
            if key in read_only:
                file.chmod(0o444)
        if text is not None:
            self.write(PATH, text)

    def key_file(self, key: str) -> Path:
        return self.root / "proc/sys" / key_path(key)

    def running(self, key: str) -> str:
        return self.key_file(key).read_text().strip()

    def file(self, path: str = PATH) -> Path:
        return self.root / path.lstrip("/")

    def write(self, path: str, text: str) -> None:
        self.file(path).parent.mkdir(parents=True, exist_ok=True)
        self.file(path).write_bytes(text.encode("utf-8", "surrogateescape"))

    def snapshot(self) -> dict[str, tuple[int, bytes]]:
        """Mode and content of every file, and every directory below var (its content is empty)."""
        found = {}
        for path in sorted(self.root.rglob("*")):
            name = str(path.relative_to(self.root))
            if path.is_symlink() or (path.is_dir() and not name.startswith("var/")):
                continue
            found[name] = (path.stat().st_mode, b"" if path.is_dir() else path.read_bytes())
        return found


class RefusingKernel(Kernel):
    """Refuses to set some keys, as the real kernel does with values it doesn't like."""

    def __init__(self, root: str, refused: dict[str, BaseException]) -> None:
        super().__init__(root)
        self.refused = refused

    def write(self, key: str, value: str) -> None:
        if key in self.refused:
            raise self.refused.pop(key)
        super().write(key, value)


def refusal(key: str) -> SysctlError:
    return SysctlError(f"The kernel refuses the value for {key}: Invalid argument", "Look it up.")
