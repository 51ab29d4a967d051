"""Between the backup program and the reporter there is only data: what one writes, one reads."""

import errno
import json
from hashlib import sha256
from pathlib import Path

import pytest

from backup_contract.documents.date_marker import read_marker
from backup_contract.documents.manifest import Manifest
from backup_contract.documents.progress import Progress
from backup_contract.documents.run_report import RunReport
from backup_contract.judgement.verdict import Kind, judge
from local_cloud.github import CORPUS_TOKEN, Fault, GitHubStandIn, build_corpus
from repo_backup.cli.main import main
from repo_backup.page.headline import MEANINGS
from repo_backup.runtime.errors import UnfitMachineError
from reporter.decide.next_step import Ending
from reporter.publish.run_report import run_report
from tests.unit.reporter.publish.samples import SAMPLES

RUN_ID = "2026-11-27T17-00-00Z"


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Real repositories of an account named octo."""
    root = tmp_path_factory.mktemp("corpus")
    build_corpus(root)
    return root


def back_up(
    corpus: Path,
    destination: Path,
    monkeypatch: pytest.MonkeyPatch,
    *faults: Fault,
    only: tuple[str, ...] = (),
    lfs: bool = True,
) -> int:
    """Run the real program; returns its exit status."""
    with GitHubStandIn(corpus, faults=faults, token_expires_at="2026-12-20 17:00:00 UTC") as hub:
        monkeypatch.setenv("GITHUB_API_URL", hub.api_url)
        monkeypatch.setenv("GITHUB_TOKEN", CORPUS_TOKEN)
        fixed = ["--owner", "octo", "--destination", str(destination), "--run-id", RUN_ID]
        fixed += [] if lfs else ["--no-lfs"]
        return main(["backup", "--no-data", *fixed, *(f"--only={glob}" for glob in only)])


def test_a_complete_run_is_read_and_judged_verified(
    corpus: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert back_up(corpus, tmp_path, monkeypatch) == 0
    data = (tmp_path / "runs" / RUN_ID / "manifest.json").read_bytes()
    manifest = Manifest.from_json(data)
    (path,) = (tmp_path / "github_backups").glob("*.txt")
    marker = read_marker(path.name, path.read_bytes())
    verdict = judge(
        Ending.COMPLETED, "", RUN_ID, marker, manifest, sha256(data).hexdigest(), [], []
    )
    assert verdict.kind is Kind.VERIFIED
    archives = [item.archive for item in manifest.items if item.archive]
    assert len(archives) == 11
    for archive in archives:
        stored = (tmp_path / archive.key).read_bytes()
        assert (len(stored), sha256(stored).hexdigest()) == (archive.bytes, archive.sha256)
    assert manifest.drill
    assert manifest.drill.good
    assert manifest.token_expires_at == "2026-12-20T17:00:00Z"
    assert any(item.result.lfs for item in manifest.items)


def test_a_failed_repository_is_read_with_its_reason_and_judged_partial(
    corpus: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fault = Fault("/octo/unicode.git/*", status=451)
    assert back_up(corpus, tmp_path, monkeypatch, fault) == 3
    data = (tmp_path / "runs" / RUN_ID / "manifest.json").read_bytes()
    manifest = Manifest.from_json(data)
    (failed,) = manifest.in_state("failed")
    assert failed.name == "octo/unicode"
    assert "451" in failed.reason


@pytest.mark.parametrize(
    ("part", "trouble", "reason"),
    [
        (
            "unpack",
            OSError(errno.ENOSPC, "No space left on device"),
            "No space left on device; make room",
        ),
        (
            "check_mirror",
            UnfitMachineError("git fsck: short"),
            "could not check it: git fsck: short",
        ),
    ],
)
def test_a_drill_that_the_machine_could_not_do_is_read_as_that_and_blames_no_archive(
    corpus: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    part: str,
    trouble: Exception,
    reason: str,
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise trouble

    monkeypatch.setattr(f"repo_backup.kinds.git.git_mirror.{part}", fail)
    assert back_up(corpus, tmp_path, monkeypatch, lfs=False) == 0
    data = (tmp_path / "runs" / RUN_ID / "manifest.json").read_bytes()
    manifest = Manifest.from_json(data)
    assert manifest.drill
    assert (manifest.drill.undone, manifest.drill.ok) == (manifest.drill.checked, True)
    assert all(reason in each.description for each in manifest.drill.undone)
    assert manifest.drill.never_drilled == 10
    (path,) = (tmp_path / "github_backups").glob("*.txt")
    marker = read_marker(path.name, path.read_bytes())
    digest = sha256(data).hexdigest()
    verdict = judge(Ending.COMPLETED, "", RUN_ID, marker, manifest, digest, [], [])
    assert verdict.kind is Kind.VERIFIED
    assert "found nothing wrong" in verdict.advice


def test_a_narrowed_run_is_read_with_what_it_passed_over(
    corpus: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert back_up(corpus, tmp_path, monkeypatch, only=("hello",)) == 0
    data = (tmp_path / "runs" / RUN_ID / "manifest.json").read_bytes()
    manifest = Manifest.from_json(data)
    assert manifest.only == ["hello"]
    asked = {entry.name for entry in manifest.items if entry.asked}
    assert asked == {"octo/hello", "octo/hello.wiki"}
    assert all(item.unsaved for item in manifest.items if not item.asked)


def test_what_is_kept_is_read_as_it_was_written(
    corpus: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert back_up(corpus, tmp_path, monkeypatch) == 0
    path = tmp_path / "runs" / RUN_ID / "manifest.json"
    first = Manifest.from_json(path.read_bytes())
    assert first.kept == []
    earlier = tmp_path / "runs" / "2026-11-20T17-00-00Z"
    path.parent.rename(earlier)
    document = json.loads((earlier / "manifest.json").read_bytes())
    hello = next(each for each in document["repositories"] if each["name"] == "hello")
    hello["id"] = 4711
    (earlier / "manifest.json").write_text(json.dumps(document))
    assert back_up(corpus, tmp_path, monkeypatch) == 0
    manifest = Manifest.from_json(path.read_bytes())
    assert manifest.kept
    assert [each.name for each in manifest.orphaned] == [
        "octo/hello (kept, id 4711)",
        "octo/hello.wiki (kept, id 4711)",
    ]
    for each in manifest.orphaned:
        assert each.archive
        stored = (tmp_path / each.archive.key).read_bytes()
        assert sha256(stored).hexdigest() == each.archive.sha256
    assert len(manifest.archived) == len(manifest.orphaned) + 11


def test_progress_is_read_as_it_was_written(
    corpus: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("repo_backup.run.checkpoints.CHECKPOINT_SECONDS", 0.0)
    back_up(corpus, tmp_path, monkeypatch)
    output = Progress.from_json((tmp_path / "runs" / RUN_ID / "progress.json").read_bytes())
    assert (output.run_id, output.attempt, output.phase) == (RUN_ID, 1, "done")
    assert (output.done, output.listed, output.ended) == (8, 8, True)


@pytest.mark.parametrize("title", SAMPLES)
def test_the_page_reads_every_report_as_the_reporter_writes_it(title: str) -> None:
    facts = SAMPLES[title]
    report = RunReport.from_json(json.dumps(run_report(facts).document).encode())
    assert report.document == json.loads(json.dumps(run_report(facts).document))
    assert report.verdict == facts.verdict.kind
    assert report.reason == facts.verdict.reason
    assert report.problems == facts.verdict.problems
    assert report.reported_at == facts.now
    assert len(report.attempts) == len(facts.run.attempts)
    assert report.usd_run == pytest.approx(float(facts.cost.run) if facts.cost else None, abs=1e-6)
    assert report.bytes_stored == (
        facts.manifest.totals["bytes_stored"] if facts.manifest else None
    )


def test_the_page_has_words_for_every_verdict() -> None:
    assert set(MEANINGS) >= set(Kind)
