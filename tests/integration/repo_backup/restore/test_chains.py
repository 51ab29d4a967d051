"""A base archive and its overlays are restored as one, and a broken chain as far as it is whole."""

import copy
import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from backup_contract import object_keys as layout
from local_cloud.github.corpus import git
from repo_backup.cli.main import main
from repo_backup.store.directory import DirectoryStore
from tests.integration.repo_backup.chain import KEY, Chain, mirror_tips


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Chain:
    """A base with three overlays, the second without a pack: a branch that names a known commit."""
    folder = tmp_path_factory.mktemp("chain")
    chain = Chain(DirectoryStore(folder / "store"), folder)
    chain.base()
    chain.grow()
    git(chain.upstream, "update-ref", "refs/heads/old", "refs/heads/main~1")
    chain.grow({})
    chain.grow()
    return chain


@pytest.fixture
def chain(made: Chain, tmp_path: Path) -> Chain:
    """The same, to be changed."""
    mine = copy.copy(made)
    shutil.copytree(made.folder / "store", tmp_path / "store")
    mine.store = DirectoryStore(tmp_path / "store")
    mine.runs, mine.refs = [*made.runs], {**made.refs}
    return mine


@pytest.fixture
def run(tmp_path: Path) -> Callable[..., int]:
    """A command on the chain's folder."""
    return lambda *arguments: main([*arguments, "--source", str(tmp_path / "store")])


def test_the_newest_run_is_the_base_with_all_overlays_and_an_earlier_one_with_fewer(
    chain: Chain, run: Callable[..., int], tmp_path: Path
) -> None:
    assert run("restore", "octo/hello", "--into", str(tmp_path / "out")) == 0
    assert mirror_tips(tmp_path / "out/hello.git") == chain.refs[chain.runs[-1]]
    for run_id in chain.runs:
        into = tmp_path / run_id
        assert run("restore", "octo/hello", "--run-id", run_id, "--into", str(into)) == 0
        assert mirror_tips(into / "hello.git") == chain.refs[run_id]
    assert len({tuple(each.values()) for each in chain.refs.values()}) == 4


def test_list_and_verify_take_a_chain_for_one_archive(
    chain: Chain, run: Callable[..., int], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("list", "--json") == 0
    (row,) = json.loads(capsys.readouterr().out)["archives"]
    assert (row["key"], row["state"]) == (KEY, "backed-up")
    assert row["bytes"] == chain.result.bytes_stored
    assert run("verify", "--all") == 0
    assert "1 of 1 archives are good" in capsys.readouterr().out
    assert run("status", "--max-age", "400") == 0


def _remove(chain: Chain, path: Path) -> None:
    path.unlink()


def _damage(chain: Chain, path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 4] ^= 0xFF  # in the contents of a file, not in the directory at the end
    path.write_bytes(data)


def _reorder(chain: Chain, path: Path) -> None:
    path.write_bytes((path.parent / Path(chain.document.links[2].key).name).read_bytes())


def _replace_by_the_base(chain: Chain, path: Path) -> None:
    path.write_bytes((path.parent / "hello.zip").read_bytes())


FAULTS = (_remove, _damage, _reorder, _replace_by_the_base)


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("number", [1, 2])
def test_with_an_overlay_at_fault_the_state_before_it_is_restored_and_it_is_named(
    chain: Chain,
    run: Callable[..., int],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    fault: Callable[[Chain, Path], None],
    number: int,
) -> None:
    key = chain.document.links[number - 1].key
    fault(chain, tmp_path / "store" / key)
    assert run("restore", "octo/hello", "--into", str(tmp_path / "out")) == 3
    output = capsys.readouterr().out
    assert key in output
    assert "this is the state before that overlay" in output
    assert mirror_tips(tmp_path / "out/hello.git") == chain.refs[chain.runs[number - 1]]
    assert [each.name for each in (tmp_path / "out").iterdir()] == ["hello.git"]

    assert run("restore", "octo/hello", "--run-id", chain.runs[-1], "--into", str(tmp_path)) == 1
    assert key in capsys.readouterr().err
    assert not (tmp_path / "hello.git").exists()
    assert run("verify", "--all") == 3
    assert f"BAD:  {KEY}: " in (output := capsys.readouterr().out)
    assert key in output


@pytest.mark.parametrize("left", [None, b"", b"junk\n"])
def test_without_their_list_overlays_are_restored_by_the_refs_of_the_manifest(
    chain: Chain,
    run: Callable[..., int],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    left: bytes | None,
) -> None:
    listed = tmp_path / "store" / chain.document.key
    listed.unlink() if left is None else listed.write_bytes(left)
    assert run("restore", "octo/hello", "--into", str(tmp_path / "out")) == 0
    assert f"{chain.document.key}" in capsys.readouterr().out
    assert mirror_tips(tmp_path / "out/hello.git") == chain.refs[chain.runs[-1]]
    # Which of them is at fault nobody can tell then: only the base is sure.
    _reorder(chain, tmp_path / "store" / chain.document.links[0].key)
    shutil.copy(
        tmp_path / "store" / chain.document.links[1].key,
        tmp_path / "store" / chain.document.links[2].key,
    )
    assert run("restore", "octo/hello", "--into", str(tmp_path / "again")) == 3
    assert mirror_tips(tmp_path / "again/hello.git") == chain.refs[chain.runs[0]]


def test_without_any_manifest_the_overlays_of_the_base_that_lie_there_are_laid_over_it(
    chain: Chain, run: Callable[..., int], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.rmtree(tmp_path / "store/runs")
    foreign = layout.overlay(KEY, "0" * 12, 1)
    shutil.copy(tmp_path / "store" / chain.document.links[0].key, tmp_path / "store" / foreign)
    assert run("restore", "octo/hello", "--into", str(tmp_path / "out")) == 0
    assert mirror_tips(tmp_path / "out/hello.git") == chain.refs[chain.runs[-1]]
    _damage(chain, tmp_path / "store" / chain.document.links[1].key)
    assert run("restore", "octo/hello", "--into", str(tmp_path / "again")) == 3
    assert mirror_tips(tmp_path / "again/hello.git") == chain.refs[chain.runs[1]]
    assert run("list") == 0
    assert "+" not in capsys.readouterr().out.partition("archive ")[2]


def test_malformed_history_that_an_overlay_brings_is_restored_with_a_remark(
    chain: Chain, run: Callable[..., int], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    tree = git(chain.upstream, "rev-parse", "main^{tree}")
    parent = git(chain.upstream, "rev-parse", "main")
    odd = tmp_path / "odd"
    odd.write_text(
        f"tree {tree}\nparent {parent}\nauthor A <a@b> 1 +051800\ncommitter A <a@b> 1 +0000\n\nx\n"
    )
    oid = git(chain.upstream, "hash-object", "-t", "commit", "--literally", "-w", str(odd))
    before = mirror_tips(chain.upstream)
    git(chain.upstream, "update-ref", "refs/heads/odd", oid)
    try:
        data = chain.overlay([f"^{each}" for each in before.values()])
        run_id = "2026-10-02T17-00-00Z"
        link = chain.put_overlay(data, mirror_tips(chain.upstream), run_id)
        chain.record(link)
        assert run("restore", "octo/hello", "--into", str(tmp_path / "out")) == 0
        assert "badTimezone" in capsys.readouterr().out
        assert mirror_tips(tmp_path / "out/hello.git")["refs/heads/odd"] == oid
    finally:
        git(chain.upstream, "update-ref", "-d", "refs/heads/odd")


def test_verify_notes_the_damaged_overlay_and_an_earlier_state_does_not_clear_that(
    chain: Chain, run: Callable[..., int], tmp_path: Path
) -> None:
    key = chain.document.links[2].key
    sound = (tmp_path / "store" / key).read_bytes()
    _damage(chain, tmp_path / "store" / key)
    assert run("verify", "--all") == 3
    note = tmp_path / "store" / layout.damage_note(KEY)
    (noted,) = json.loads(note.read_text())["archives"]
    assert (noted["key"], noted["run_id"]) == (KEY, chain.runs[0])
    assert noted["reason"].startswith(f"{key}: it is not the overlay that its run stored")
    assert run("verify", "--all", "--run-id", chain.runs[1]) == 0
    assert json.loads(note.read_text())["archives"]
    (tmp_path / "store" / key).write_bytes(sound)
    assert run("verify", "--all") == 0
    assert not json.loads(note.read_text())["archives"]
