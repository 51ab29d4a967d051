"""A directory as destination: what counts as an object there, and what is tidied away."""

from pathlib import Path

import pytest

from repo_backup.store import DirectoryStore

OWNER = "github_backups/octo/"


@pytest.mark.parametrize("name", [".github.zip", ".github.wiki.zip", ".incoming-mail.zip", "a.zip"])
def test_an_archive_whose_name_begins_with_a_dot_is_one(tmp_path: Path, name: str) -> None:
    store = DirectoryStore(tmp_path)
    store.write(OWNER + name, b"zip")
    store.tidy()
    assert store.objects(OWNER).keys() == {OWNER + name}
    assert store.read(OWNER + name) == b"zip"


def test_what_is_no_archive_is_no_object(tmp_path: Path) -> None:
    store = DirectoryStore(tmp_path)
    store.write_if("runs/lock.json", b"{}", None)
    folder = tmp_path / OWNER
    folder.mkdir(parents=True)
    for name in (".incoming-k3_x0abc", ".DS_Store", "._a.zip"):
        (folder / name).write_bytes(b"not ours")
    assert store.objects("").keys() == {"runs/lock.json"}
    store.tidy()
    assert {path.name for path in folder.iterdir()} == {".DS_Store", "._a.zip"}
