# Copyright: (c) 2026, the beekeeper.hivemq authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs hivemq_apply in the control process."""

from __future__ import annotations

from typing import Any

from ..module_utils._task import apply
from ..plugin_utils._action import InProcessAction


class ActionModule(InProcessAction):
    """See the module of the same name. The files of ``src`` are on the control node: they're found and read here."""

    TASK = apply

    def arguments_for_process(self, arguments: dict[str, Any]) -> dict[str, Any]:
        """``src`` as paths that can be opened: looked for where Ansible looks for files, decrypted if vaulted."""
        return self.with_source(arguments)

    def arguments_for_module(self, arguments: dict[str, Any]) -> dict[str, Any]:
        """``src`` as part of ``definition``: where the module runs the files aren't."""
        found = self.with_source(arguments)
        if found.get("src"):
            given = apply.manifests.from_definition(found.get("definition") or found.pop("manifests", None))
            documents = [*given, *apply.read_files(found.pop("src"))]
            found["definition"] = [document for document, _source in documents]
        return found

    def with_source(self, arguments: dict[str, Any]) -> dict[str, Any]:
        """The arguments with each path of ``src`` replaced."""
        names = arguments.get("src")
        if not names:
            return arguments
        names = names.split(",") if isinstance(names, str) else list(names)
        return {**arguments, "src": [self.find(str(name).strip()) for name in names]}

    def find(self, name: str) -> str:
        """The absolute path of a file, decrypted into a temporary one if it is vaulted."""
        return str(self._loader.get_real_file(self._find_needle("files", name)))
