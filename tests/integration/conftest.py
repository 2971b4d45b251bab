# Copyright: (c) 2026, the beekeeper.hivemq authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs playbooks as a user does, against the lab's cluster (``make lab-up``)."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
LAB = ROOT / "build" / "lab"
INVENTORY = LAB / "inventory.yml"
KUBECONFIG = LAB / "kubeconfig"
DEADLINE_SECONDS = 400


@dataclass(frozen=True)
class Run:
    """How a playbook ended."""

    code: int
    output: str

    @property
    def failures(self) -> list[str]:
        """The lines in which Ansible reports a failed task."""
        return [line for line in self.output.splitlines() if line.startswith(("fatal:", "failed:", "[ERROR]:"))]

    @property
    def changed(self) -> int:
        """How many tasks changed something, over all hosts."""
        recap = self.output.partition("PLAY RECAP")[2]
        return sum(int(word.partition("=")[2]) for word in recap.split() if word.startswith("changed="))


Playbook = Callable[..., Run]


def ansible_environment(**more: str) -> dict[str, str]:
    """The environment of a playbook run: this checkout's collection, no colours, no leftovers of the caller's."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("K8S_AUTH_", "KUBECONFIG"))}
    return {
        **kept,
        "ANSIBLE_CONFIG": str(ROOT / "ansible.cfg"),
        "ANSIBLE_NOCOLOR": "1",
        **more,
    }


def run_playbook(name: str, *arguments: str, variables: Mapping[str, object] | None = None, **env: str) -> Run:
    """Run a playbook of this checkout (a path) or of an installed collection (a full name) on the lab's inventory."""
    program = Path(sys.executable).with_name("ansible-playbook")
    command = [str(program), "--inventory", str(INVENTORY), name, *arguments]
    if variables:
        command += ["--extra-vars", json.dumps(variables)]
    done = subprocess.run(
        command,
        cwd=ROOT,
        env=ansible_environment(**env),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=DEADLINE_SECONDS,
        check=False,
    )
    return Run(done.returncode, done.stdout)


def run_kubectl(*arguments: str, stdin: str | None = None) -> str:
    """Run kubectl, the independent witness of these tests, against the lab's cluster."""
    done = subprocess.run(
        [str(LAB / "bin" / "kubectl"), "--kubeconfig", str(KUBECONFIG), *arguments],
        input=stdin,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="session", autouse=True)
def lab() -> None:
    assert INVENTORY.exists(), "the lab is down: run 'make lab-up' first"
