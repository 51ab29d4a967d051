"""Where an attempt writes what it says of itself, and who goes on from there."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any

import pytest

from backup_contract import evidence
from backup_contract.documents.manifest import Manifest
from backup_contract.documents.progress import Progress
from local_cloud.github import CORPUS_TOKEN, GitHubStandIn
from repo_backup.cli.main import main
from tests.integration.repo_backup.conftest import Bucket, Destination


def own(run_id: str, instance_id: str) -> str:
    """The prefix of an attempt."""
    return evidence.prefix(run_id, "AROAEXAMPLE", instance_id)


def launch_record(run_id: str, *instance_ids: str) -> bytes:
    """What the launcher writes down of a run's attempts."""
    attempts = [
        {"attempt": number, "instance_id": each, "evidence": own(run_id, each)}
        for number, each in enumerate(instance_ids, 1)
    ]
    return json.dumps({"schema": 1, "run_id": run_id, "attempts": attempts}).encode()


@pytest.fixture
def write(destination: Destination) -> Callable[[str, bytes], None]:
    """Put a document at the destination."""

    def put(key: str, data: bytes) -> None:
        path = destination.root / key
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)

    return put


@pytest.fixture
def attempt(
    destination: Destination, hub: GitHubStandIn, write: Callable[[str, bytes], None]
) -> Callable[..., Any]:
    """Run the program as this attempt's instance; what it wrote down, and what it fetched."""

    def run(run_id: str, number: int, *instance_ids: str) -> tuple[dict[str, Any], list[str]]:
        hub.requests.clear()
        write(f"runs/{run_id}/launch.json", launch_record(run_id, *instance_ids))
        below = own(run_id, instance_ids[number - 1])
        arguments = ("--attempt", str(number), "--evidence", below)
        assert destination.backup(*arguments, run_id=run_id) == 0
        output = json.loads((destination.root / below / "evidence.json").read_bytes())
        return output, [each.path for each in hub.requests if each.method == "POST"]

    return run


def test_an_attempt_writes_below_its_own_prefix_and_the_marker_names_what_it_wrote(
    destination: Destination, attempt: Callable[..., Any]
) -> None:
    output, fetched = attempt("r1", 1, "i-1")
    assert output["complete"] is True
    assert fetched
    written = [path.relative_to(destination.root) for path in destination.root.glob("runs/**/*")]
    files = sorted(str(each) for each in written if (destination.root / each).is_file())
    below = own("r1", "i-1")
    assert {each for each in files if each.startswith("runs/r1/")} == {
        *(f"{below}evidence.json", "runs/r1/launch.json")
    }
    (marker,) = destination.markers()
    data = (destination.root / below / "evidence.json").read_bytes()
    assert f"\nmanifest={below}evidence.json\n" in marker.read_text()
    assert f"\nmanifest_sha256={sha256(data).hexdigest()}\n" in marker.read_text()


def test_the_next_attempt_goes_on_from_what_the_one_before_it_wrote(
    attempt: Callable[..., Any],
) -> None:
    attempt("r1", 1, "i-1")
    output, fetched = attempt("r1", 2, "i-1", "i-2")
    assert fetched == []
    assert output["attempt"] == 2
    assert {each["archive"]["run_id"] for each in output["repositories"] if each["archive"]} == {
        "r1"
    }


def test_the_next_run_goes_on_from_a_run_that_is_not_published_yet(
    attempt: Callable[..., Any],
) -> None:
    attempt("r1", 1, "i-1")
    output, fetched = attempt("r2", 1, "i-2")
    assert fetched == []
    assert {each["state"] for each in output["repositories"]} == {"unchanged", "empty"}


def test_what_an_instance_wrote_that_nobody_launched_for_the_run_is_not_believed(
    destination: Destination, attempt: Callable[..., Any], write: Callable[[str, bytes], None]
) -> None:
    attempt("r1", 1, "i-1")
    (destination.root / "runs/r1/launch.json").unlink()
    _, fetched = attempt("r2", 1, "i-2")
    assert fetched
    write("runs/r1/launch.json", launch_record("r1", "i-9"))
    _, fetched = attempt("r2", 1, "i-8")
    assert fetched


def test_a_manifest_that_was_planted_for_a_run_does_not_hide_what_its_attempts_wrote(
    destination: Destination, attempt: Callable[..., Any], write: Callable[[str, bytes], None]
) -> None:
    attempt("r1", 1, "i-1")
    planted = Manifest("r1", 1, ["octo"], datetime(2026, 11, 27, tzinfo=UTC))
    planted.complete, planted.finished_at = True, planted.started_at
    write("runs/r1/manifest.json", planted.to_json())
    _, fetched = attempt("r1", 2, "i-1", "i-2")
    assert fetched == []


def test_a_damaged_checkpoint_is_passed_over_for_the_one_before_it(
    attempt: Callable[..., Any], write: Callable[[str, bytes], None]
) -> None:
    attempt("r1", 1, "i-1")
    write(f"{own('r1', 'i-2')}evidence.json", b"cut off")
    _, fetched = attempt("r1", 3, "i-1", "i-2", "i-3")
    assert fetched == []


def test_a_prefix_of_another_run_is_wrong_usage(
    destination: Destination, capsys: pytest.CaptureFixture[str]
) -> None:
    for text in (own("r2", "i-1"), "runs/r1/"):
        with pytest.raises(SystemExit, match="2"):
            destination.backup("--evidence", text)
    assert "--evidence is not of run r1" in capsys.readouterr().err


def test_status_list_and_page_see_a_run_under_way_and_no_run_that_an_instance_made_up(
    destination: Destination,
    attempt: Callable[..., Any],
    write: Callable[[str, bytes], None],
    capsys: pytest.CaptureFixture[str],
) -> None:
    attempt("r1", 1, "i-1")
    complete = (destination.root / own("r1", "i-1") / "evidence.json").read_bytes()
    for name in ("manifest.json", "report.json", "evidence.json", "progress.json"):
        write(f"{own('made-up', 'i-1')}{name}", complete)
    write("runs/r3/launch.json", launch_record("r3", "i-3"))
    progress = Progress(1, "backing-up", 3, 8, run_id="r3", updated_at=datetime.now(UTC))
    write(f"{own('r3', 'i-3')}progress.json", progress.to_json())
    source = ("--source", str(destination.root))
    capsys.readouterr()
    assert main(["status", "--json", *source]) == 0
    status = json.loads(capsys.readouterr().out)
    assert [each["run_id"] for each in status["runs"]] == ["r3", "r1"]
    assert (status["running"]["run_id"], status["running"]["done"]) == ("r3", 3)
    main(["list", "--runs", "--json", *source])
    assert "made-up" not in capsys.readouterr().out
    main(["report", "--out", str(destination.root.parent / "page"), *source])
    page = (destination.root.parent / "page" / "index.html").read_text()
    assert "made-up" not in page
    assert "3 of 8 repositories" in page


def test_in_a_bucket_a_run_is_listed_and_restored_by_what_its_attempt_wrote(
    s3: Bucket, hub: GitHubStandIn, capsys: pytest.CaptureFixture[str]
) -> None:
    below = own("r1", "i-1")
    s3.client.put_object(Bucket=s3.name, Key="runs/r1/launch.json", Body=launch_record("r1", "i-1"))
    assert s3.backup("--evidence", below) == 0
    for name in ("manifest.json", "evidence.json"):
        key = f"{own('made-up', 'i-1')}{name}"
        body = s3.text(f"{below}evidence.json").encode()
        s3.client.put_object(Bucket=s3.name, Key=key, Body=body)
    capsys.readouterr()
    assert main(["list", "--runs", "--json", "--source", s3.location]) == 0
    assert [each["run_id"] for each in json.loads(capsys.readouterr().out)["runs"]] == ["r1"]
    assert "runs/r1/manifest.json" not in s3.keys
    assert CORPUS_TOKEN not in s3.text(f"{below}evidence.json")
