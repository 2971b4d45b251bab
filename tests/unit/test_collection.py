# Copyright: (c) 2026, the beekeeper.hivemq authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What several files say about the same thing agrees."""

from __future__ import annotations

import ast
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).resolve().parent.parent.parent
MODULES = sorted((ROOT / "plugins/modules").glob("*.py"))
ROLES = sorted(path for path in (ROOT / "roles").iterdir() if path.is_dir())
GROUP = "beekeeper.hivemq.hivemq"


def load(path: str | Path) -> Any:
    return yaml.safe_load((ROOT / path).read_text())


def documentation(path: Path) -> dict[str, Any]:
    for node in ast.parse(path.read_text()).body:
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "DOCUMENTATION":
            return dict(yaml.safe_load(ast.literal_eval(node.value)))
    raise AssertionError(f"{path.name} has no DOCUMENTATION")


def requirements(path: str) -> list[str]:
    return [line for line in (ROOT / path).read_text().splitlines() if line and not line.startswith("#")]


def test_action_group_is_exactly_the_modules_with_options_for_an_api_server() -> None:
    """Defaults of the group, such as a context, must be options of each of its modules."""
    with_auth = [path.stem for path in MODULES if "beekeeper.hivemq._auth" in fragments(path)]
    assert load("meta/runtime.yml")["action_groups"]["hivemq"] == with_auth


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.stem)
def test_each_module_says_whether_it_is_in_the_action_group(path: Path) -> None:
    documents = [*(fragment_documentation(name) for name in fragments(path)), documentation(path)]
    said: dict[str, Any] = {}
    for document in documents:
        said |= document.get("attributes", {}).get("action_group", {})
    group = load("meta/runtime.yml")["action_groups"]["hivemq"]
    assert (said.get("support") == "full" and said.get("membership") == [GROUP]) is (path.stem in group)


def fragments(path: Path) -> list[str]:
    return list(documentation(path).get("extends_documentation_fragment") or [])


def fragment_documentation(name: str) -> dict[str, Any]:
    """Return the YAML of `beekeeper.hivemq.FILE` or `beekeeper.hivemq.FILE.part`."""
    file, _dot, part = name.removeprefix("beekeeper.hivemq.").partition(".")
    path = ROOT / f"plugins/doc_fragments/{file}.py"
    if not name.startswith("beekeeper.hivemq.") or not path.exists():
        return {}
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == (part.upper() or "DOCUMENTATION"):
            return dict(yaml.safe_load(ast.literal_eval(node.value)))
    raise AssertionError(f"{name} is not there")


def test_every_module_but_the_one_for_nodes_has_an_action_plugin_of_its_name() -> None:
    actions = {path.stem for path in (ROOT / "plugins/action").glob("*.py")}
    assert actions == {path.stem for path in MODULES} - {"hivemq_node_tuning"}


def test_requirements_of_users_and_of_execution_environments_agree() -> None:
    assert requirements("requirements.txt") == requirements("meta/ee-requirements.txt")
    assert "kubernetes>=24.2,!=36.0.0" in requirements("requirements.txt")


def test_versions_agree() -> None:
    version = load("galaxy.yml")["version"]
    assert f'__version__ = "{version}"' in (ROOT / "operator/src/beekeeper_operator/__init__.py").read_text()


def test_the_collection_depends_on_no_other() -> None:
    assert load("galaxy.yml")["dependencies"] == {}


@pytest.mark.parametrize("role", ROLES, ids=lambda path: path.name)
def test_defaults_equal_those_of_the_argument_specs(role: Path) -> None:
    """A default that is a template is told in words in the specs. What is required has no default at all."""
    defaults = load(role / "defaults/main.yml")
    specs = load(role / "meta/argument_specs.yml")["argument_specs"]
    options: dict[str, dict[str, Any]] = {}
    for spec in specs.values():
        for name, option in spec["options"].items():
            assert options.setdefault(name, option) == option, f"{name} is not the same at every entry point"
    assert {name for name, option in options.items() if not option.get("required")} == set(defaults)
    for name, default in defaults.items():
        assert name.startswith(f"{role.name}_")
        if isinstance(default, str) and "{{" in default:
            assert "default" not in options[name]
        else:
            assert options[name]["default"] == default


@pytest.mark.parametrize("role", ROLES, ids=lambda path: path.name)
def test_each_entry_point_of_a_role_has_specs_and_refuses_unknown_variables(role: Path) -> None:
    files = {path.stem: path.read_text() for path in (role / "tasks").glob("*.yml")}
    for entry in load(role / "meta/argument_specs.yml")["argument_specs"]:
        assert "preflight.yml" in files[entry]
    assert f"query('beekeeper.hivemq.unknown_role_variables', '{role.name}')" in files["preflight"]


def test_the_readme_stays_short() -> None:
    assert len((ROOT / "README.md").read_text().splitlines()) <= 150


def test_links_in_the_pages_lead_somewhere() -> None:
    pages = [*ROOT.glob("*.md"), *ROOT.glob("docs/*.md"), *ROOT.glob("roles/*/README.md")]
    for page in pages:
        for target in re.findall(r"\]\(([^)#]+)\)", page.read_text()):
            assert "://" in target or (page.parent / target).exists(), f"{page.name} links to {target}"
