"""Killed at random instants, again and again, a run still ends with everything that there is."""

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from backup_contract import object_keys
from local_cloud.github import CORPUS_TOKEN, GitHubStandIn
from local_cloud.github.data.maker import Size, fill
from repo_backup.cli.main import main
from tests.integration.repo_backup.conftest import ALL, Bucket, Destination, refs
from tests.integration.repo_backup.run.test_resume import PROGRAM

WIKIS = ("hello", "octo.github.io", "secret")


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(3))
def test_a_run_killed_at_random_instants_loses_nothing(
    s3: Bucket,
    hub: GitHubStandIn,
    upstream: Callable[[str], Path],
    environment: pytest.MonkeyPatch,
    tmp_path: Path,
    seed: int,
) -> None:
    chance, attempt, codes = random.Random(seed), 0, []
    hello = hub.catalogue.repositories["octo/hello"]
    fill(hub.data, hello.id, Size(issues=3, pulls=2, discussions=1))
    undisturbed = Destination(tmp_path / "undisturbed", environment)
    assert undisturbed.backup("--lfs", data=True) == 0
    whole = len(hub.requests)
    environment.setenv("GITHUB_TOKEN", CORPUS_TOKEN)
    environment.setenv("PYTHONPATH", os.pathsep.join(filter(None, sys.path)))
    command = [
        sys.executable,
        "-c",
        PROGRAM,
        "backup",
        "--lfs",
        "--owner",
        "octo",
        "--run-id",
        "r1",
    ]
    for attempt in range(1, 9):
        hub.requests.clear()
        process = subprocess.Popen(
            [*command, "--destination", s3.location, "--attempt", str(attempt)],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        # The first in the first half of a run, so that it is killed on any machine; the others
        # earlier, because they have less to do, and then some time after a request.
        requests = chance.randrange(whole // (attempt + 1))
        while len(hub.requests) < requests and process.poll() is None:
            time.sleep(0.005)
        time.sleep(chance.uniform(0, 0.3) if attempt > 1 else 0)
        process.send_signal(signal.SIGKILL)
        codes.append(process.wait())
        _nothing_is_half(s3)
    assert codes[0] == -signal.SIGKILL, codes
    last = [*command, "--destination", s3.location, "--attempt", str(attempt + 1)]
    subprocess.run(last, capture_output=True, check=True)
    markers = [key for key in s3.keys if key.endswith(".txt")]
    assert markers
    assert s3.manifest()["complete"] is True
    names = [(name, False) for name in ALL if name != "empty"] + [(name, True) for name in WIKIS]
    for name, wiki in names:
        out = tmp_path / f"{name}-{wiki}"
        fixed = ["restore", f"octo/{name}", "--source", s3.location, "--into", str(out)]
        assert main([*fixed, *(["--wiki"] if wiki else [])]) == 0
        true = upstream(f"{name}.wiki" if wiki else name)
        assert refs(next(out.glob("*.git"))) == refs(true)
    (logo,) = (path.name for path in (upstream("lfs") / "lfs").rglob("*/*/*/*"))
    assert object_keys.content(logo) in s3.keys
    assert main(["verify", "--all", "--source", s3.location]) == 0
    undisturbed.restored("hello", tmp_path / "expected")
    assert _documents(tmp_path / "hello-False") == _documents(tmp_path / "expected")
    assert list((tmp_path / "scratch").glob("repo_backup.*")) == []


def _documents(folder: Path) -> dict[str, Any]:
    """The restored project data of ``hello`` by path, without the index, which has dates."""
    data = folder / "hello.data"
    found = {
        str(path.relative_to(data)): json.loads(path.read_bytes())
        for path in data.rglob("*.json")
        if path.name != "index.json"
    }
    assert len([path for path in found if path.startswith("issues/")]) == 3
    return found


def _nothing_is_half(s3: Bucket) -> None:
    """Whatever there is now is whole: the manifest's archives are what it says."""
    if "runs/r1/manifest.json" not in s3.keys:
        return
    for entry in json.loads(s3.text("runs/r1/manifest.json"))["repositories"]:
        for part in (entry, *(entry.get(kind) or {} for kind in ("wiki", "data", "lfs-objects"))):
            if archive := part.get("archive"):
                head = s3.client.head_object(
                    Bucket=s3.name, Key=archive["key"], VersionId=archive["version_id"]
                )
                assert head["ContentLength"] == archive["bytes"]
    if any(key.endswith(".txt") for key in s3.keys):
        assert s3.manifest()["complete"] is True
