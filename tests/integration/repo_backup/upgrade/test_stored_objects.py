"""Large files, gists and account data that version 0.2.0 stored are read by every later program."""

import hashlib
import json
import shutil
from pathlib import Path

import pytest

from backup_contract.documents.manifest import Manifest
from repo_backup.cli.main import main

FIXTURE = Path(__file__).parents[3] / "fixtures" / "bucket-objects"
RUN = "2026-11-30T17-00-00Z"
GIST = "afdec7005cc9f14302cd0474fd0f3c96"
LFS_OBJECT = "c95286f0aab5c812bdf5628a80a81f9e6f9cf5a50544dbecb733d9e6795e954c"


def test_a_bucket_with_objects_and_gists_is_verified_and_restored(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source = ["--source", str(FIXTURE)]
    assert main(["list", *source, "--json"]) == 0
    listed = json.loads(capsys.readouterr().out)["archives"]
    kinds = {"git", "data", "lfs-objects", "gist", "account"}
    assert {each["kind"] for each in listed} == kinds
    assert main(["verify", "--all", *source]) == 0
    # Options excluded six repositories: the restore names them.
    assert main(["restore", "--all", *source, "--into", str(tmp_path)]) == 3
    assert "not in the backup: octo/secret: not in --include" in capsys.readouterr().out
    octo = tmp_path / "octo"
    lfs = octo / "lfs.git/lfs/objects" / LFS_OBJECT[:2] / LFS_OBJECT[2:4] / LFS_OBJECT
    assert hashlib.sha256(lfs.read_bytes()).hexdigest() == LFS_OBJECT
    assert (octo / "hello.data/releases/v1.0/hello-1.0.txt").stat().st_size == 10
    assert (octo / f"gists/{GIST}.git/HEAD").is_file()
    assert json.loads((octo / f"gists/{GIST}.json").read_bytes())["comment_data"]
    assert (octo / "~account/account/gists.json").is_file()


def test_its_manifest_names_what_the_next_run_and_prune_objects_rest_on(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    manifest = Manifest.from_json((FIXTURE / "runs" / RUN / "manifest.json").read_bytes())
    named = {item.name for item in manifest.items if item.result.object_list}
    assert named == {"octo/hello.data"}
    assert (len(manifest.gists), len(manifest.accounts)) == (2, 1)
    assert manifest.objects_put.count == 2
    bucket = tmp_path / "bucket"
    shutil.copytree(FIXTURE, bucket)
    prune = ["prune-objects", "--source", str(bucket), "--older-than-days", "1", "--json"]
    assert main(prune) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["objects"], found["needed"]) == ([], 2)
