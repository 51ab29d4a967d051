"""How much memory there is: the machine's, or what a control group leaves of it."""

from pathlib import Path

import pytest

from repo_backup.runtime.budgets import _group_memory

MIB = 1 << 20


def _group(directory: Path, names: tuple[str, str], stat: str, limit: str, used: int) -> None:
    directory.mkdir(parents=True, exist_ok=True)
    (directory / names[0]).write_text(f"{limit}\n")
    (directory / names[1]).write_text(f"{used}\n")
    (directory / "memory.stat").write_text(f"anon 1\n{stat} {300 * MIB}\n")


@pytest.mark.parametrize(
    ("line", "directory", "names", "stat"),
    [
        ("0::/a.slice/b", "a.slice/b", ("memory.max", "memory.current"), "inactive_file"),
        (
            "7:memory:/small",
            "memory/small",
            ("memory.limit_in_bytes", "memory.usage_in_bytes"),
            "total_inactive_file",
        ),
    ],
    ids=["version 2", "version 1"],
)
def test_an_own_control_group_counts_without_its_cache(
    tmp_path: Path, line: str, directory: str, names: tuple[str, str], stat: str
) -> None:
    own = tmp_path / "own"
    own.write_text(f"3:cpu:/other\n{line}\n")
    _group(tmp_path / "fs" / directory, names, stat, str(1024 * MIB), 800 * MIB)
    assert list(_group_memory(tmp_path / "fs", own)) == [524 * MIB]


def test_a_group_without_a_limit_does_not_count(tmp_path: Path) -> None:
    own = tmp_path / "own"
    own.write_text("0::/free\n")
    names = ("memory.max", "memory.current")
    _group(tmp_path / "fs/free", names, "inactive_file", "max", 800 * MIB)
    assert list(_group_memory(tmp_path / "fs", own)) == []
    assert list(_group_memory(tmp_path / "fs", tmp_path / "none")) == []


def test_the_group_of_a_container_is_found_at_the_top(tmp_path: Path) -> None:
    names = ("memory.max", "memory.current")
    _group(tmp_path, names, "inactive_file", str(500 * MIB), 400 * MIB)
    assert list(_group_memory(tmp_path, tmp_path / "none")) == [400 * MIB]
