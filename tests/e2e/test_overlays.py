"""A commit between two runs of the deployed system: an overlay, and both states can be restored."""

import re
from pathlib import Path

import pytest

from local_cloud.github import GitHubStandIn
from local_cloud.github.corpus import commit_files, git
from local_cloud.stack import Stack
from tests.e2e.test_whole_run import shell, start

NAMES = ("refs/heads/main", "refs/heads/develop")


def tips(mirror: Path) -> list[str]:
    """Where two branches of a bare repository stand."""
    return [git(mirror, "rev-parse", name) for name in NAMES]


@pytest.mark.slow
def test_a_commit_between_two_runs_becomes_an_overlay_and_both_can_be_restored(
    stack: Stack, hub: GitHubStandIn, tmp_path: Path
) -> None:
    upstream = hub.root / "octo/hello.git"
    first, before = start(stack), tips(upstream)
    assert first.report()["verdict"] == "verified"
    commit_files(upstream, {"new.txt": "new\n"}, message="New")
    second, after = start(stack), tips(upstream)
    assert second.report()["verdict"] == "verified", second.report()["log"]
    mail = second.mail()
    assert mail["subject"].startswith("[OnlineBackup] verified: ")
    assert "octo/hello" in mail["body"]
    entry = next(each for each in second.manifest()["repositories"] if each["name"] == "hello")
    assert (entry["state"], entry["chain"]["links"]) == ("backed-up", 1)
    uploaded = second.manifest()["totals"]["bytes_uploaded"]
    assert 0 < uploaded == entry["chain"]["bytes"]
    there = "\n".join(stack.objects("github_backups/octo/hello+"))
    assert re.fullmatch(r"(\S*/hello\+\w{12})\.0001\.zip\n\1\.json", there)
    for run, expected in ((first, before), (second, after)):
        into = tmp_path / run.run_id
        source = ("--source", f"s3://{stack.bucket}", "--at", run.run_id, "--into", str(into))
        done = shell(stack, "restore", "octo/hello", *source)
        assert done.returncode == 0, done.stderr
        assert tips(into / "hello.git") == expected
