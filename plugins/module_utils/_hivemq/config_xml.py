# Copyright: (c) 2026, the beekeeper.hivemq authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""config.xml of the brokers: what it should be, and what a given one says."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from xml.parsers import expat

from .settings import GROUPS, settings_of
from .spec import ClusterSpec

LISTENER_MARKER = "--LISTENER-CONFIGURATION--"
REST_API_MARKER = "<!--REST-API-CONFIGURATION-->"
# A ConfigMap holds at most 1 MiB; a real config.xml has some kilobytes.
MAX_BYTES = 256 * 1024
_MAX_DEPTH = 100
# Nothing that is looked at lies deeper; the rest is only checked to be well formed.
_KEPT_DEPTH = 6
_PLACEHOLDER = re.compile(r"\$\{(.*?)\}")

# Elements below <hivemq> in Community Edition (its config.xsd, 2025.5).
COMMUNITY_ELEMENTS = frozenset(
    ("listeners", "mqtt", "restrictions", "security", "anonymous-usage-statistics", "persistence")
)

_CLUSTER = """
<cluster>
    <enabled>true</enabled>
    <transport>
        <tcp>
            <bind-address>${HIVEMQ_BIND_ADDRESS}</bind-address>
            <bind-port>${HIVEMQ_CLUSTER_PORT}</bind-port>
        </tcp>
    </transport>
    <discovery>
        <extension/>
    </discovery>
    <replication>
        <replica-count>${HIVEMQ_CLUSTER_REPLICA_COUNT}</replica-count>
    </replication>
    <failure-detection>
        <tcp-health-check>
            <enabled>true</enabled>
            <bind-address>${HIVEMQ_BIND_ADDRESS}</bind-address>
            <bind-port>9000</bind-port>
            <port-range>50</port-range>
        </tcp-health-check>
        <heartbeat>
            <enabled>true</enabled>
            <interval>4000</interval>
            <timeout>30000</timeout>
        </heartbeat>
    </failure-detection>
</cluster>
<overload-protection>
    <enabled>${HIVEMQ_CLUSTER_OVERLOAD_PROTECTION}</enabled>
</overload-protection>"""

_CONTROL_CENTER = """
<control-center>
    <listeners>
        <http>
            <port>${HIVEMQ_CONTROL_CENTER_PORT}</port>
            <bind-address>0.0.0.0</bind-address>
        </http>
    </listeners>%s
</control-center>"""

_USERS = """
    <users>
        <user>
            <name>${HIVEMQ_CONTROL_CENTER_USER}</name>
            <password>${HIVEMQ_CONTROL_CENTER_PASSWORD}</password>
        </user>
    </users>"""


@dataclass
class Inspection:
    """What a well-formed document says. `elements`: (path of names, text), in document order, the outer levels only."""

    elements: list[tuple[tuple[str, ...], str]] = field(default_factory=list)
    placeholders: tuple[str, ...] = ()

    def texts(self, *path: str) -> list[str]:
        """Stripped texts of all elements at `path`; `*` stands for any one name."""
        return [
            text.strip()
            for names, text in self.elements
            if len(names) == len(path) and all(want in ("*", name) for want, name in zip(path, names, strict=True))
        ]

    def children(self, *path: str) -> list[str]:
        """Names of the elements right below `path`, in order."""
        return [names[-1] for names, _text in self.elements if len(names) == len(path) + 1 and names[:-1] == path]


class XmlError(ValueError):
    """A document that is not acceptable XML; `str()` says where and why."""


def inspect(text: str) -> Inspection:
    """Read a document. Raises XmlError when it is too large or deep, has a DOCTYPE, or is not well formed.

    A DOCTYPE is refused before anything in it is read, so entities (XML bombs, files of the reader) can't be declared.
    """
    try:
        data = text.encode()
    except UnicodeEncodeError as error:
        raise XmlError("has a character that is no valid Unicode (a lone surrogate)") from error
    if len(data) > MAX_BYTES:
        raise XmlError(f"is larger than {MAX_BYTES // 1024} KiB")
    reader = _Reader()
    # The encoding a declaration names is beside the point: the text is already decoded.
    parser = expat.ParserCreate("utf-8")
    parser.buffer_text = True
    parser.StartDoctypeDeclHandler = reader.doctype
    parser.StartElementHandler = reader.start
    parser.EndElementHandler = reader.end
    parser.CharacterDataHandler = reader.data
    try:
        parser.Parse(data, True)
    except expat.ExpatError as error:
        reason = expat.ErrorString(error.code) or "not well formed"
        raise XmlError(f"is not well formed (line {error.lineno}, column {error.offset + 1}: {reason})") from error
    return Inspection(elements=reader.elements, placeholders=placeholders(text))


def placeholders(text: str) -> tuple[str, ...]:
    """Names within ${}, each once. Those in comments count as well: the broker replaces them before it parses."""
    return tuple(dict.fromkeys(_PLACEHOLDER.findall(text)))


class _Reader:
    def __init__(self) -> None:
        self.elements: list[tuple[tuple[str, ...], str]] = []
        self._open: list[tuple[int | None, list[str]]] = []
        self._path: list[str] = []

    def doctype(self, *_args: object) -> None:
        raise XmlError("has a DOCTYPE, which could pull in files or expand without bound")

    def start(self, name: str, _attributes: dict[str, str]) -> None:
        if len(self._path) >= _MAX_DEPTH:
            raise XmlError(f"is nested more than {_MAX_DEPTH} elements deep")
        self._path.append(name)
        if len(self._path) > _KEPT_DEPTH:
            self._open.append((None, []))
            return
        self._open.append((len(self.elements), []))
        self.elements.append((tuple(self._path), ""))

    def data(self, text: str) -> None:
        self._open[-1][1].append(text)

    def end(self, _name: str) -> None:
        index, texts = self._open.pop()
        if index is not None:
            self.elements[index] = (self.elements[index][0], "".join(texts))
        self._path.pop()


def listeners_document(fragment: str) -> str:
    """A document around the body of <listeners>, to inspect it by itself."""
    return f"<hivemq><listeners>{fragment}</listeners></hivemq>"


def rest_api_document(fragment: str) -> str:
    """A document around the REST API's element, to inspect it by itself."""
    return f"<hivemq>{fragment}</hivemq>"


def _indent(text: str, by: int) -> str:
    return "\n".join(" " * by + line if line.strip() else line for line in text.strip("\n").split("\n"))


def _settings(group: str, community: bool) -> str:
    tree: dict[str, str | dict[str, str]] = {}
    branches: dict[str, dict[str, str]] = {}
    for setting in settings_of(group):
        if community and not setting.community:
            continue
        placeholder = "${" + setting.env + "}"
        if len(setting.xml) == 1:
            tree[setting.xml[0]] = placeholder
        else:
            tree[setting.xml[0]] = branch = branches.setdefault(setting.xml[0], {})
            branch[setting.xml[1]] = placeholder
    lines = [f"<{group}>"]
    for name, value in tree.items():
        if isinstance(value, str):
            lines.append(f"    <{name}>{value}</{name}>")
            continue
        lines.append(f"    <{name}>")
        lines.extend(f"        <{child}>{text}</{child}>" for child, text in value.items())
        lines.append(f"    </{name}>")
    lines.append(f"</{group}>")
    return "\n".join(lines)


def _users(spec: ClusterSpec) -> str:
    given = {variable["name"] for variable in spec.env}
    # Without both, the broker's own default user holds; a placeholder without a variable would stop it.
    return _USERS if {"HIVEMQ_CONTROL_CENTER_USER", "HIVEMQ_CONTROL_CENTER_PASSWORD"} <= given else ""


def render(spec: ClusterSpec) -> str:
    """config.xml of every broker of the cluster, placeholders included (the broker replaces them at its start)."""
    if spec.config_override:
        override = spec.config_override.replace(LISTENER_MARKER, spec.listener_configuration)
        return override.replace(REST_API_MARKER, spec.rest_api_configuration or REST_API_MARKER) + "\n"
    parts = []
    if not spec.community:
        parts += [_CONTROL_CENTER % _users(spec), spec.rest_api_configuration, _CLUSTER]
    parts += [_settings(group, spec.community) for group in GROUPS]
    parts.append("<anonymous-usage-statistics>\n    <enabled>false</enabled>\n</anonymous-usage-statistics>")
    body = "\n".join(_indent(part, 4) for part in parts if part)
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        '<hivemq xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:noNamespaceSchemaLocation="config.xsd">\n'
        # Verbatim: white space inside what a user wrote may matter.
        f"    <listeners>\n{spec.listener_configuration}\n    </listeners>\n{body}\n</hivemq>\n"
    )
