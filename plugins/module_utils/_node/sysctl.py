# Copyright: (c) 2026, the beekeeper.hivemq authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Kernel parameters: their names and values, the running kernel's, and sysctl.d files (see sysctl.d(5)).

Runs on the nodes: standard library only, Python 3.8 and newer. ``root`` is the directory that stands for "/".
This module util is private to the collection. It can change at any time.
"""

from __future__ import annotations

import os
import re
import stat
import tempfile
from typing import Any, Iterator, Mapping, NamedTuple

BEGIN = "# BEGIN beekeeper.hivemq: written by the module hivemq_node_tuning, changes in here are overwritten"
END = "# END beekeeper.hivemq"

# In the order of precedence: of two files with the same name the first one counts.
DIRECTORIES = ("etc/sysctl.d", "run/sysctl.d", "usr/local/lib/sysctl.d", "usr/lib/sysctl.d", "lib/sysctl.d")

_KEY = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.:@/-]*\Z")
_BOOLEAN_WORDS = ("true", "false", "yes", "no", "on", "off")

# What each network, IPC, UTS or user namespace has for itself; everything else belongs to the whole kernel.
_NAMESPACED = re.compile(r"(net|user|fs\.mqueue)\.|kernel\.(shm\w*|msg\w*|sem|hostname|domainname)\Z")


class SysctlError(Exception):
    """A setting can't be understood or made. ``str()`` says what, and what to do."""

    def __init__(self, message: str, next_step: str) -> None:
        super().__init__(f"{message}. {next_step}")
        self.message = message
        self.next_step = next_step


class Reading(NamedTuple):
    """What the running kernel says about a key. ``value`` is None when it can't be read, then ``problem`` says why."""

    value: str | None
    writable: bool
    problem: str


def normal(value: str) -> str:
    """A value with single blanks between its fields, as it is compared: the kernel separates fields by tabs."""
    return " ".join(value.split())


def key_path(key: str) -> str:
    """Path of a key below /proc/sys. As in sysctl.d(5), a key whose first separator is a slash is a path already."""
    first = re.search(r"[./]", key)
    if first and first.group() == ".":
        return key.translate(str.maketrans("./", "/."))
    return key


def canonical(key: str) -> str:
    """The one spelling of a key: with dots, unless a part of its path has a dot itself (a VLAN's name)."""
    path = key_path(key.strip())
    return path if "." in path else path.replace("/", ".")


def is_namespaced(key: str) -> bool:
    """Whether a namespace has a value of its own for this key (a canonical one)."""
    return _NAMESPACED.match(key.replace("/", ".")) is not None


def settings(raw: Mapping[Any, Any]) -> dict[str, str]:
    """Check what a user asks for. Returns canonical keys and normalised values, sorted; raises SysctlError."""
    result: dict[str, str] = {}
    for key, value in raw.items():
        if not isinstance(key, str) or not _KEY.match(key.strip()) or not _is_clean(key_path(key.strip())):
            raise SysctlError(f"{key!r} is not a sysctl key", "Write it like net.ipv4.tcp_keepalive_time.")
        name = canonical(key)
        text = _value(name, value)
        if result.get(name, text) != text:
            raise SysctlError(f"{name} is given twice, with different values", "Remove one of them.")
        result[name] = text
    return dict(sorted(result.items()))


def _is_clean(path: str) -> bool:
    return all(part not in ("", ".", "..") for part in path.split("/")) and "/" in path


def _value(key: str, value: Any) -> str:
    if isinstance(value, bool) or (isinstance(value, str) and value.strip().lower() in _BOOLEAN_WORDS):
        raise SysctlError(
            f"The value of {key} is the boolean {value}, but the kernel wants a number",
            "Write 1 or 0. YAML reads yes, no, on, off, true and false as booleans.",
        )
    if not isinstance(value, (int, str)):
        raise SysctlError(
            f"The value of {key} is {value!r}, but must be a whole number or a string",
            "Write several numbers as one string, like '4096 87380 6291456'.",
        )
    text = normal(str(value))
    if not text or not text.isprintable() or "\n" in str(value).strip():
        raise SysctlError(f"The value of {key} is {value!r}, which can't be set", "Give one line of text.")
    return text


class Kernel:
    """The running kernel's parameters below ``root``/proc/sys."""

    def __init__(self, root: str = "/") -> None:
        self._base = os.path.join(root, "proc/sys")
        self._pid_namespace = os.path.join(root, "proc/self/ns/pid")

    def read(self, key: str) -> Reading:
        """Read one key. A key that is missing, not readable or not writable is told, never an exception."""
        path = os.path.join(self._base, key_path(key))
        try:
            with open(path, encoding="utf-8", errors="surrogateescape") as file:
                value = normal(file.read())
            mode = os.stat(path).st_mode
        except (FileNotFoundError, NotADirectoryError):
            reason = "the running kernel doesn't have this key: it is misspelt, or its kernel module isn't loaded"
            if key.startswith("net.") and self.in_container():
                reason += ", or only the host's network namespace has it"
            return Reading(None, False, reason)
        except IsADirectoryError:
            return Reading(None, False, "this is a group of keys, not a key")
        except OSError as error:
            return Reading(None, False, f"can't be read: {error.strerror}")
        if not mode & (stat.S_IWUSR | stat.S_IWGRP | stat.S_IWOTH):
            return Reading(value, False, "the kernel offers this key read-only")
        if os.geteuid() == 0 and not os.access(path, os.W_OK):  # anybody else is told at the first write
            return Reading(value, False, "/proc/sys is mounted read-only here, as in an unprivileged container")
        return Reading(value, True, "")

    def write(self, key: str, value: str) -> None:
        """Set one key and read it back. Raises SysctlError when the kernel refuses the value or changes it."""
        path = os.path.join(self._base, key_path(key))
        try:
            with open(path, "w", encoding="utf-8", errors="surrogateescape") as file:
                file.write(value + "\n")
        except OSError as error:
            if isinstance(error, PermissionError):
                step = "Run the task as root ('become: true'), and not in an unprivileged container."
            else:
                step = "Look up the values it takes in the kernel's documentation (admin-guide/sysctl, ip-sysctl)."
            raise SysctlError(f"The kernel refuses the value '{value}' for {key}: {error.strerror}", step) from error
        now = self.read(key).value
        if now != value:
            raise SysctlError(
                f"The kernel made '{now}' of the value '{value}' for {key}",
                "Ask for the value as the kernel writes it, within its bounds.",
            )

    def in_container(self) -> bool:
        """Whether this is another process namespace than the kernel's first, whose inode number is fixed."""
        try:
            return os.readlink(self._pid_namespace) != "pid:[4026531836]"
        except OSError:
            return False


def parse(text: str) -> dict[str, str]:
    """The settings in a sysctl.d file by canonical key; the last assignment counts. Other lines are skipped."""
    found: dict[str, str] = {}
    for line in text.split("\n"):
        line = line.strip()
        if not line or line[0] in "#;" or "=" not in line:
            continue
        key, value = line.split("=", 1)
        key = key.strip()
        if key.startswith("-"):  # "ignore errors for this one"
            key = key[1:].strip()
        if key:
            found[canonical(key)] = normal(value)
    return found


def split(text: str, path: str) -> tuple[str, bool]:
    """The part of a file that isn't ours, and whether there is a part of ours."""
    begin = text.find(BEGIN)
    if begin < 0:
        return text, False
    end = text.find(END, begin)
    if end < 0:
        raise SysctlError(
            f"{path} has the line '{BEGIN}' without its end", "Remove that line and the settings below it."
        )
    rest = text[end + len(END) :]
    return text[:begin] + (rest[1:] if rest.startswith("\n") else rest), True


def render(others: str, wanted: Mapping[str, str]) -> str:
    """The file's text: ``others`` as it is, then our block, unless ``others`` sets all of ``wanted`` already."""
    there = parse(others)
    if all(there.get(key) == value for key, value in wanted.items()):
        return others
    lines = [BEGIN] + [f"{key} = {value}" for key, value in sorted(wanted.items())] + [END, ""]
    gap = "" if not others or others.endswith("\n") else "\n"
    return others + gap + "\n".join(lines)


def read_text(path: str) -> str | None:
    """The file's text, byte for byte (``write_text`` writes it back so); None without a file."""
    try:
        with open(path, "rb") as file:
            return file.read().decode("utf-8", "surrogateescape")
    except FileNotFoundError:
        return None


def write_text(path: str, text: str) -> None:
    """Replace a file in one step: a reader sees the old text or the new. It keeps its mode; a new one has 0644."""
    directory = os.path.dirname(path)
    os.makedirs(directory, exist_ok=True)
    handle, temporary = tempfile.mkstemp(prefix=".", suffix=".tmp", dir=directory)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(text.encode("utf-8", "surrogateescape"))
            file.flush()
            os.fsync(file.fileno())
        try:
            before = os.stat(path)
        except FileNotFoundError:
            os.chmod(temporary, 0o644)
        else:
            os.chown(temporary, before.st_uid, before.st_gid)
            os.chmod(temporary, stat.S_IMODE(before.st_mode))
        os.rename(temporary, path)
    except BaseException:
        os.unlink(temporary)
        raise


def later_files(root: str, path: str) -> Iterator[tuple[str, str]]:
    """Files that are read after ``path`` when the system starts, with their text: what they set wins."""
    if os.path.dirname(path).strip("/") not in DIRECTORIES:
        return
    by_name: dict[str, str] = {}
    for directory in DIRECTORIES:
        try:
            names = os.listdir(os.path.join(root, directory))
        except OSError:
            continue
        for name in names:
            if name.endswith(".conf"):
                by_name.setdefault(name, os.path.join("/", directory, name))
    for name in sorted(by_name):
        if name > os.path.basename(path):
            try:
                text = read_text(os.path.join(root, by_name[name].lstrip("/")))
            except OSError:
                continue  # a directory, or not for us: the boot's reader can't use it either
            if text is not None:
                yield by_name[name], text
