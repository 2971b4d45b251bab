# Copyright: (c) 2026, the beekeeper.hivemq authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From any state: a run converges, a second one changes nothing, and `absent` brings back exactly what was there."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass, field
from pathlib import Path

from ansible_collections.beekeeper.hivemq.plugins.module_utils._node.sysctl import parse
from ansible_collections.beekeeper.hivemq.plugins.module_utils._node.tuning import Node, Plan
from hypothesis import example, given, settings
from hypothesis import strategies as st

from .fake_node import PATH, FakeNode

KEYS = (
    "net.ipv4.tcp_keepalive_time",
    "net.ipv4.tcp_rmem",
    "net/ipv4/conf/eth0.7/rp_filter",
    "vm.swappiness",
    "fs.file-max",
)
keys = st.sampled_from(KEYS)
values = st.sampled_from(["0", "1", "300", "7200", "4096 87380 6291456"])

lines = st.one_of(
    st.builds("{}={}".format, keys, values),
    st.builds("-{} =  {} ".format, keys, values),
    st.builds("{} = {}".format, st.just("kernel.other"), values),
    st.sampled_from(["# a comment", "; another", "", "   ", "no assignment", "=", "caf\udce9 = 1", "\tkernel.x=1\r"]),
)
texts = st.none() | st.builds(
    lambda parts, end: "\n".join(parts) + end, st.lists(lines, max_size=6), st.sampled_from(["", "\n"])
)


@dataclass
class Step:
    """One run, and what others do to the node before it."""

    wanted: dict[str, str]
    drift: dict[str, str] = field(default_factory=dict)
    spoil_file: bool = False


steps = st.lists(
    st.builds(
        Step,
        st.dictionaries(keys, values, max_size=4),
        st.dictionaries(keys, values, max_size=2),
        st.booleans(),
    ),
    min_size=1,
    max_size=4,
)


def run(node: FakeNode, wanted: dict[str, str]) -> Plan:
    """One run as the module does it, with a check run before it that must foretell it and touch nothing."""
    before = node.snapshot()
    foretold = Node(str(node.root)).plan(PATH, wanted)
    assert node.snapshot() == before
    plan = Node(str(node.root)).plan(PATH, wanted)
    Node(str(node.root)).apply(plan)
    assert plan == foretold
    if not plan.changed:
        assert node.snapshot() == before
    for key, value in plan.running_after.items():
        assert node.running(key) == value
    text = node.file().read_bytes().decode("utf-8", "surrogateescape") if node.file().exists() else None
    assert text == plan.text_after
    return plan


@settings(max_examples=250, deadline=None)
@given(
    running=st.dictionaries(keys, values),
    read_only=st.sets(keys, max_size=2),
    text=texts,
    mode=st.sampled_from([0o644, 0o600, 0o440]),
    steps=steps,
)
@example(
    running={"fs.file-max": "300"},
    read_only=set(),
    text="fs.file-max=300",
    mode=0o644,
    steps=[Step({"fs.file-max": "300"}), Step({}, {"fs.file-max": "0"})],
)
def test_converges_is_idempotent_and_reversible(
    running: dict[str, str], read_only: set[str], text: str | None, mode: int, steps: list[Step]
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        node = FakeNode(Path(folder), running, text, tuple(read_only))
        if text is not None:
            node.file().chmod(mode)
        original = node.snapshot()
        managed: set[str] = set()
        for step in steps:
            for key, value in step.drift.items():
                if key in managed and key not in read_only:
                    node.key_file(key).write_text(value + "\n")
            if step.spoil_file and node.file().exists() and "# BEGIN beekeeper" in (whole := _text(node)):
                start = whole.index("# BEGIN beekeeper")
                node.write(PATH, whole[:start] + whole[start:].replace(" = ", " = 9"))

            plan = run(node, step.wanted)

            unsupported = {problem["key"] for problem in plan.unsupported}
            for key, value in step.wanted.items():
                if key in unsupported:
                    assert key not in running or key in read_only
                else:
                    assert node.running(key) == value
                    assert parse(_text(node))[key] == value
            for key in managed - set(step.wanted):
                assert node.running(key) == running[key]
            for key in read_only & running.keys():
                assert node.running(key) == running[key]
            # What was right already by somebody else's doing was not changed, so it isn't ours to restore.
            managed = set(plan.record_after.running) if plan.record_after else set()
            again = run(node, step.wanted)
            assert not again.changed

        run(node, {})
        assert node.snapshot() == original
        assert not run(node, {}).changed


def _text(node: FakeNode) -> str:
    return node.file().read_bytes().decode("utf-8", "surrogateescape") if node.file().exists() else ""
