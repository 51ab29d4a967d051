"""What a contributor relies on: the map, the recipes, CI in parts, a package that installs."""

import re
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest
from samtranslator.yaml_helper import yaml_parse

from tools.iam.template import ROOT
from tools.release import version

ROOTS = ("functions", "instance_scripts", "local_cloud", "tools")
RECIPES = ("kind", "host", "parameter", "check", "command")


def packages() -> set[str]:
    """Every package of the repository but the tests', by its path."""
    found = {
        path.parent.relative_to(ROOT).as_posix()
        for root in ROOTS
        for path in (ROOT / root).rglob("__init__.py")
        if "node_modules" not in path.parts
    }
    return found - set(ROOTS)


def drawn(page: str) -> set[str]:
    """The paths of the tree that is drawn on the page."""
    paths: set[str] = set()
    above: list[str] = []
    for line in page.splitlines():
        if root := re.match(r"(\w+)/(?: |$)", line):
            above = [root[1]]
        elif branch := re.match(r"((?:│  |   )*)[├└]─ (\w+) ", line):
            above = [*above[: len(branch[1]) // 3 + 1], branch[2]]
            paths.add("/".join(above))
    return paths


def test_the_map_shows_every_package_and_no_other() -> None:
    page = (ROOT / "docs/architecture.md").read_text()
    assert drawn(page) == packages()


@pytest.mark.parametrize("what", RECIPES)
def test_each_recipe_names_files_that_are_there(what: str) -> None:
    text = (ROOT / "CONTRIBUTING.md").read_text()
    recipe = re.search(rf"^### Add a {what}$(.*?)(?=^##)", text, re.M | re.S)
    assert recipe, f"CONTRIBUTING.md has no recipe for a new {what}"
    named = re.findall(r"`([\w./-]+/[\w./-]*)`", recipe[1])
    assert named
    for name in named:
        if "NAME" not in name:
            assert (ROOT / name).exists(), name


def test_ci_runs_every_part_that_the_script_has() -> None:
    """Linters and tests have jobs of their own, with a matrix of Pythons."""
    listed = subprocess.run(
        [ROOT / ".ci/run", "--list"], capture_output=True, text=True, check=True
    ).stdout.split()
    jobs = yaml_parse((ROOT / ".github/workflows/ci.yml").read_text())["jobs"]
    assert set(jobs["part"]["strategy"]["matrix"]["part"]) == set(listed) - {"test"}
    assert {"lint", "pythons"} <= set(jobs)


def test_an_unknown_part_of_ci_is_refused_before_anything_runs() -> None:
    ended = subprocess.run(
        [ROOT / ".ci/run", "lint", "nothing"], capture_output=True, text=True, check=False
    )
    assert ended.returncode == 2
    assert "the parts are: test" in ended.stderr


def test_every_lock_is_made_by_make_lock() -> None:
    """A lock that one command forgets is one that nothing moves."""
    recipe = (ROOT / "Makefile").read_text().split("\nlock:")[1].split("\n\n")[0]
    folders = re.search(r"for folder in (.*?);", recipe)
    assert folders
    locked = {
        path.parent.relative_to(ROOT).as_posix()
        for root in (".", *ROOTS, "tests")
        for path in ROOT.glob("*.in" if root == "." else f"{root}/**/*.in")
        if not {"node_modules", ".venv"} & set(path.parts)
    }
    assert set(folders[1].split()) == locked


def test_the_built_wheel_installs_both_commands(tmp_path: Path) -> None:
    """As `pipx install` does; the dependencies come from the environment of the tests."""
    project, home = tmp_path / "project", tmp_path / "installed"
    leave_out = shutil.ignore_patterns("__pycache__", "*.egg-info")
    shutil.copytree(ROOT / "instance_scripts", project / "instance_scripts", ignore=leave_out)
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, project)
    here = ("--offline", "--python", sys.executable)
    uv("build", "--wheel", "--no-build-isolation", *here, str(project))
    (wheel,) = (project / "dist").glob("repo_backup-*.whl")
    uv("venv", *here, str(home))
    uv("pip", "install", "--offline", "--no-deps", "--python", str(home), str(wheel))
    (packages_of_it,) = home.glob("lib/python*/site-packages")
    (packages_of_it / "dependencies.pth").write_text(sysconfig.get_path("purelib"))
    for command in ("repo-backup", "repo_backup"):
        ended = subprocess.run(
            [home / "bin" / command, "--version"],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            env={},
            check=False,
        )
        assert ended.stdout.split()[-1:] == [version(ROOT)], ended.stderr


def uv(*arguments: str) -> None:
    """The installer that `make setup` brings."""
    subprocess.run([Path(sys.executable).parent / "uv", "--quiet", *arguments], check=True)
