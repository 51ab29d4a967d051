"""An overlay is laid over its own mirror only, and never replaces what is there by another."""

import io
import zipfile
from pathlib import Path

import pytest

from repo_backup.archive.overlay_reader import lay_over
from repo_backup.runtime.errors import RepositoryError

OID = "a" * 40
PACK = f"objects/pack/pack-{'b' * 40}"
REFS = {"packed-refs": f"{OID} refs/heads/main\n", "HEAD": "ref: refs/heads/main\n"}


@pytest.fixture
def mirror(tmp_path: Path) -> Path:
    """A mirror with a pack and a ref."""
    path = tmp_path / "hello.git"
    (path / "objects/pack").mkdir(parents=True)
    (path / f"{PACK}.pack").write_text("old")
    (path / "HEAD").write_text("ref: refs/heads/old\n")
    (path / "packed-refs").write_text("")
    return path


def _zip(files: dict[str, str], top: str = "hello.git", method: int = 0) -> io.BytesIO:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", method) as archive:
        for name, text in files.items():
            archive.writestr(f"{top}/{name}", text)
    return made


def test_refs_are_replaced_and_a_new_pack_is_added_without_its_types(mirror: Path) -> None:
    new = f"objects/pack/pack-{'c' * 40}"
    files = {f"{new}.{suffix}": suffix for suffix in ("types", "idx", "pack")}
    lay_over(_zip(files | REFS), mirror)
    assert {name: (mirror / name).read_text() for name in REFS} == REFS
    names = {path.name for path in (mirror / "objects/pack").iterdir()}
    assert names == {Path(f"{name}").name for name in (f"{PACK}.pack", f"{new}.pack", f"{new}.idx")}


def test_an_interruption_leaves_the_earlier_refs_and_the_next_try_ends_it(
    mirror: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    new = f"objects/pack/pack-{'c' * 40}"
    overlay = _zip({f"{new}.idx": "idx", f"{new}.pack": "pack"} | REFS)
    before = {name: (mirror / name).read_text() for name in REFS}
    true = Path.replace

    def full(path: Path, target: Path) -> Path:
        if target.name == "packed-refs":
            raise OSError("no space")
        return true(path, target)

    monkeypatch.setattr(Path, "replace", full)
    with pytest.raises(OSError, match="no space"):
        lay_over(overlay, mirror)
    assert {name: (mirror / name).read_text() for name in REFS} == before
    assert not list(mirror.rglob(".overlay-*"))
    monkeypatch.undo()
    lay_over(overlay, mirror)
    assert {name: (mirror / name).read_text() for name in REFS} == REFS


def test_the_same_pack_again_is_no_fault(mirror: Path) -> None:
    lay_over(_zip({f"{PACK}.pack": "old", f"{PACK}.idx": "idx"} | REFS), mirror)
    assert (mirror / "HEAD").read_text() == REFS["HEAD"]


@pytest.mark.parametrize(
    ("files", "top"),
    [
        (REFS, "other.git"),
        (REFS | {f"{PACK}.pack": "other", f"{PACK}.idx": "x"}, "hello.git"),
        (REFS | {f"{PACK}.pack": "old"}, "hello.git"),
        (REFS | {f"{PACK}.pack": "old", f"objects/pack/pack-{OID}.idx": "x"}, "hello.git"),
        (REFS | {"config": "[core]\n"}, "hello.git"),
        (REFS | {"hooks/post-checkout": "x"}, "hello.git"),
        (REFS | {"objects/info/alternates": "/x"}, "hello.git"),
        (REFS | {"../x": "x"}, "hello.git"),
        (REFS | {f"{PACK}.keep": "x"}, "hello.git"),
        ({"HEAD": REFS["HEAD"]}, "hello.git"),
        (REFS | {"HEAD": "nowhere"}, "hello.git"),
        (REFS | {"packed-refs": f"{OID} refs/heads/../x\n"}, "hello.git"),
    ],
)
def test_what_is_no_overlay_of_this_mirror_changes_nothing(
    mirror: Path, files: dict[str, str], top: str
) -> None:
    before = {path: path.read_bytes() for path in mirror.rglob("*") if path.is_file()}
    with pytest.raises(RepositoryError):
        lay_over(_zip(files, top), mirror)
    assert {path: path.read_bytes() for path in mirror.rglob("*") if path.is_file()} == before


def test_what_is_no_zip_is_refused(mirror: Path) -> None:
    with pytest.raises(RepositoryError, match="not a complete zip"):
        lay_over(io.BytesIO(b"PK"), mirror)


def test_nothing_but_refs_may_be_deflated(mirror: Path) -> None:
    new = f"objects/pack/pack-{'c' * 40}"
    files = {f"{new}.pack": "pack", f"{new}.idx": "idx"} | REFS
    with pytest.raises(RepositoryError, match="not packed the way"):
        lay_over(_zip(files, method=zipfile.ZIP_DEFLATED), mirror)
