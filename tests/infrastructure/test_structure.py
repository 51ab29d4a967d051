"""The structure that docs and import rules promise, measured on the tree as it stands."""

import subprocess
import tomllib
from collections import Counter
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import grimp
import pytest

from tools.iam.template import ROOT

PRODUCT = ("launcher", "reporter", "shared", "repo_backup", "backup_contract")
MOST_MODULES = 15
LINTER = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]


def packages(folder: str) -> set[str]:
    """The packages directly below a folder."""
    return {path.parent.name for path in (ROOT / folder).glob("*/__init__.py")}


def test_every_product_package_is_under_an_exhaustive_rule() -> None:
    """A module that no rule covers would be free to import anything."""
    assert packages("functions") | packages("instance_scripts") == set(PRODUCT)
    assert set(LINTER["root_packages"]) == set(PRODUCT)
    layered = {
        container
        for contract in LINTER["contracts"]
        if contract.get("exhaustive")
        for container in contract["containers"]
    }
    bare = {
        source
        for contract in LINTER["contracts"]
        if contract["type"] == "forbidden" and "standard library only" in contract["name"]
        for source in contract["source_modules"]
    }
    assert layered | bare >= set(PRODUCT)


@pytest.mark.parametrize("package", [*PRODUCT, "local_cloud"])
def test_no_module_imports_itself_by_a_detour(package: str) -> None:
    graph = grimp.build_graph(package, cache_dir=None)
    imports = {
        module: {
            imported
            for imported in graph.find_modules_directly_imported_by(module)
            if not module.startswith(f"{imported}.")
        }
        for module in graph.modules
    }
    try:
        TopologicalSorter(imports).prepare()
    except CycleError as error:
        pytest.fail(" -> ".join(error.args[1]))


def test_no_folder_of_code_has_more_modules_than_can_be_seen_at_once() -> None:
    listed = subprocess.run(
        [
            "git",
            "-C",
            ROOT,
            "ls-files",
            "--",
            "functions",
            "instance_scripts",
            "local_cloud",
            "tools",
        ],
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split()
    modules = Counter(
        Path(name).parent
        for name in listed
        if name.endswith(".py") and not name.endswith("__init__.py")
    )
    assert {str(folder): n for folder, n in modules.items() if n > MOST_MODULES} == {}
