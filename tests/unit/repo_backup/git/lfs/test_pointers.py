"""Which files are pointers, by the specification and by what Git LFS itself reads."""

import subprocess
from pathlib import Path

import pytest

from repo_backup.git.lfs.pointers import Pointer, parse, pointers_in
from repo_backup.runtime.cancellation import CancellationToken

OID = "4d7a214614ab2935c943f9e0ff69d22eadbb8f32b1258daaa5e2ca24d17e2393"
SPEC = "https://git-lfs.github.com/spec/v1"
GOOD = f"version {SPEC}\noid sha256:{OID}\nsize 12345\n"


@pytest.mark.parametrize(
    "text",
    [
        GOOD,
        GOOD.rstrip("\n"),
        GOOD.replace("\n", "\r\n"),
        GOOD.replace(SPEC, "https://hawser.github.com/spec/v1"),
        GOOD.replace("oid", f"ext-0-case sha256:{OID}\noid", 1),
    ],
)
def test_a_pointer_names_a_hash_and_a_size(text: str) -> None:
    assert parse(text.encode()) == Pointer(OID, 12345)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "version of a text that has nothing to do with Git LFS, but is as long as a pointer " * 2,
        GOOD.replace(SPEC, "https://example.org/spec/v1"),
        GOOD.replace("sha256", "md5"),
        GOOD.replace("12345", "-12345"),
        GOOD.replace(OID, OID.upper()),
        GOOD.replace(OID, "../" + OID[3:]),
        f"version {SPEC}\nsize 12345\noid sha256:{OID}\n",
        GOOD + "more\n",
        GOOD + "#" * 1024,
    ],
)
def test_every_other_file_is_none(text: str) -> None:
    assert parse(text.encode()) is None


def test_bytes_that_are_no_text_are_none() -> None:
    assert parse(b"version " + b"\xff" * 200) is None


@pytest.mark.parametrize("object_format", ["sha1", "sha256"])
def test_pointers_are_found_in_all_objects_of_a_repository(
    tmp_path: Path, object_format: str
) -> None:
    git = ("git", "-c", "user.name=x", "-c", "user.email=x@example.org")
    subprocess.run(
        (*git, "init", "-q", "--bare", f"--object-format={object_format}", str(tmp_path)),
        check=True,
    )
    other = GOOD.replace("12345", "7").replace("4d7a", "0000")
    for text in (GOOD, other, "x" * 300, "y" * 5000):
        subprocess.run(
            (*git, "hash-object", "-w", "--stdin"),
            input=text.encode(),
            cwd=tmp_path,
            check=True,
            stdout=subprocess.DEVNULL,
        )
    id_bytes = {"sha1": 20, "sha256": 32}[object_format]
    found = pointers_in(tmp_path, id_bytes, CancellationToken())
    assert found == {Pointer(OID, 12345), Pointer("0000" + OID[4:], 7)}
