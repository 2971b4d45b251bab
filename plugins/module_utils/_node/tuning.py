# Copyright: (c) 2026, the beekeeper.hivemq authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Bring kernel parameters of a node to wanted values, running and persisted, and back to what they were.

What was there before the first change is kept in a record under /var/lib/beekeeper-hivemq/: each key's running value,
and the sysctl.d file as it was. So a later run can restore it exactly, whatever happened in between.
Runs on the nodes: standard library only, Python 3.8 and newer. ``root`` is the directory that stands for "/".
This module util is private to the collection. It can change at any time.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
from typing import Any, Mapping, NamedTuple

from .sysctl import (
    Kernel,
    SysctlError,
    is_namespaced,
    later_files,
    parse,
    read_text,
    render,
    split,
    write_text,
)

RECORDS = "/var/lib/beekeeper-hivemq/node-tuning"

POD_NOTE = (
    "net.* keys act in this network namespace: on the node's own connections and pods on the host network. Pods on the "
    "pod network have namespaces of their own, which start from the kernel's defaults."
)


class Record(NamedTuple):
    """What was there before the first change. ``content`` is the file's text, None when there was no file."""

    content: str | None
    running: dict[str, str]


class Plan(NamedTuple):
    """The way from what is to what is wanted. ``None`` as a text or a record means: no such file."""

    path: str
    wanted: dict[str, str]
    unsupported: list[dict[str, str]]
    notes: list[str]
    text_before: str | None
    text_after: str | None
    running_before: dict[str, str]
    running_after: dict[str, str]
    record_before: Record | None
    record_during: Record | None  # before the first write: knows what is restored, too, in case the run is cut off
    record_after: Record | None

    @property
    def changed(self) -> bool:
        if self.text_before != self.text_after or self.running_before != self.running_after:
            return True
        # A key that nobody wants any more leaves the record, even if its value needs no change: from then on it is
        # somebody else's.
        earlier = [record.running if record else {} for record in (self.record_before, self.record_after)]
        return earlier[0] != earlier[1]


class Node:
    """A machine whose files lie below ``root``."""

    def __init__(self, root: str = "/") -> None:
        self.root = root
        self.kernel = Kernel(root)

    def record_path(self, path: str) -> str:
        """Where the record for the sysctl.d file ``path`` is."""
        digest = hashlib.sha256(path.encode("utf-8", "surrogateescape")).hexdigest()[:8]
        return f"{RECORDS}/{os.path.basename(path)}-{digest}.json"

    def plan(self, path: str, wanted: Mapping[str, str], reload: bool = True) -> Plan:
        """Compare, change nothing. ``wanted`` has canonical keys and normalised values; empty: restore everything.

        Without ``reload`` the running values stay as they are. Raises SysctlError.
        """
        text = self._text(path)
        record = self._load_record(path)
        recorded = record.running if record else {}
        others, has_block = split(text or "", path)

        running: dict[str, str] = {}
        target: dict[str, str] = {}
        unsupported: list[dict[str, str]] = []
        for key, value in sorted({**recorded, **wanted}.items()):
            now = self.kernel.read(key)
            if now.value is None or (reload and now.value != value and not now.writable):
                unsupported.append({"key": key, "reason": now.problem})
            else:
                running[key] = now.value
                target[key] = value if reload else now.value
        supported = {key: value for key, value in wanted.items() if key in running}

        text_after: str | None = render(others, supported)
        if text_after == others:
            text_after = _without_block(text, others, has_block, record)
        acts = text_after != text or running != target
        earlier = {key: value for key, value in recorded.items() if key in wanted}
        if acts:
            earlier.update({key: running[key] for key in supported if key not in recorded})
        content = text if not has_block else record.content if record else others or None
        record_after = Record(content, earlier) if earlier else None
        return Plan(
            path=path,
            wanted=supported,
            unsupported=unsupported,
            notes=self._notes(path, supported, unknown_past=has_block and record is None),
            text_before=text,
            text_after=text_after,
            running_before=running,
            running_after=target,
            record_before=record,
            record_during=Record(content, {**earlier, **recorded}) if record_after else record,
            record_after=record_after,
        )

    def apply(self, plan: Plan) -> None:
        """Make the changes of a plan. When one fails, those before it are undone, and SysctlError is raised."""
        if not plan.changed:
            return
        self._save_record(plan.path, plan.record_during)
        touched: list[str] = []
        try:
            for key, value in plan.running_after.items():
                if plan.running_before[key] != value:
                    touched.append(key)
                    self.kernel.write(key, value)
            self._save_text(plan)
        except SysctlError:
            # Values that were there a moment ago are taken back; if one is not, the record still knows it.
            for key in touched:
                self.kernel.write(key, plan.running_before[key])
            self._save_record(plan.path, plan.record_before)
            raise
        self._save_record(plan.path, plan.record_after)

    def _notes(self, path: str, supported: Mapping[str, str], unknown_past: bool) -> list[str]:
        notes: list[str] = []
        if unknown_past:
            notes.append(
                f"{path} has settings of an earlier run, but the record {self.record_path(path)} is missing: "
                "what was there before that run is unknown."
            )
        if any(key.startswith("net.") for key in supported):
            notes.append(POD_NOTE)
        if self.kernel.in_container():
            shared = [key for key in supported if not is_namespaced(key)]
            if shared:
                notes.append("This is a container; these keys belong to the whole host: {}.".format(", ".join(shared)))
        for name, text in later_files(self.root, path):
            for key, value in sorted(parse(text).items()):
                if supported.get(key, value) != value:
                    notes.append(f"{name} sets {key} to {value}, and is read after {path} when the system starts.")
        return notes

    def _file(self, path: str) -> str:
        """Where the file really is: a link is followed, not replaced."""
        full = os.path.join(self.root, path.lstrip("/"))
        return os.path.realpath(full) if os.path.islink(full) else full

    def _text(self, path: str) -> str | None:
        try:
            return read_text(self._file(path))
        except OSError as error:
            raise SysctlError(
                f"Can't read {path}: {error.strerror}", "Check what is there, and its permissions."
            ) from error

    def _save_text(self, plan: Plan) -> None:
        if plan.text_after == plan.text_before:
            return
        full = self._file(plan.path)
        try:
            if plan.text_after is None:
                os.unlink(full)
            else:
                write_text(full, plan.text_after)
        except OSError as error:
            raise _not_writable(plan.path, error) from error

    def _load_record(self, path: str) -> Record | None:
        name = self.record_path(path)
        text = self._text(name)
        if text is None:
            return None
        try:
            data: dict[str, Any] = json.loads(text)
            return Record(data["content"], dict(data["running"]))
        except (ValueError, KeyError, TypeError) as error:
            raise SysctlError(
                f"The record of earlier values, {name}, is damaged",
                "Correct it, or remove it; then the values before the first change are unknown.",
            ) from error

    def _save_record(self, path: str, record: Record | None) -> None:
        name = self.record_path(path)
        full = os.path.join(self.root, name.lstrip("/"))
        try:
            if record is not None:
                about = "Values before hivemq_node_tuning first changed them; used by 'state: absent'."
                data = {"about": about, "path": path, "content": record.content, "running": record.running}
                write_text(full, json.dumps(data, indent=2, sort_keys=True) + "\n")
            elif os.path.exists(full):
                os.unlink(full)
        except OSError as error:
            raise _not_writable(name, error) from error
        if record is None:
            _remove_if_empty(os.path.dirname(full))
            _remove_if_empty(os.path.dirname(os.path.dirname(full)))


def _without_block(text: str | None, others: str, has_block: bool, record: Record | None) -> str | None:
    """The file when it needs no block of ours: what it was, with whatever others wrote into it since."""
    if not has_block:
        return text
    before = record.content if record else None
    if before is not None and others == before + "\n" and not before.endswith("\n"):
        return before  # the line end was ours: the block needs to begin on a line of its own
    return None if before is None and not others else others


def _remove_if_empty(directory: str) -> None:
    with contextlib.suppress(OSError):  # not there, or in use
        os.rmdir(directory)


def _not_writable(path: str, error: OSError) -> SysctlError:
    step = "Run the task with 'become: true'." if os.geteuid() != 0 else "Check that its directory can be written to."
    return SysctlError(f"Can't write {path}: {error.strerror}", step)
