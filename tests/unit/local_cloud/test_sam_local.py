"""``make sam-local`` finds the function of an event, and says what is missing in one sentence."""

import re
from pathlib import Path

import jmespath  # type: ignore[import-untyped]
import pytest

from local_cloud import sam_local
from local_cloud.lambda_image import image
from local_cloud.sam_local import EVENTS, event_file, function_of
from local_cloud.session import ROOT, SessionError

OF_THE_LAUNCHER = {"cron_rule", "retry", "schedule"}


@pytest.mark.parametrize("path", sorted(EVENTS.glob("*.json")), ids=lambda path: path.stem)
def test_each_event_goes_to_the_function_that_reads_it(path: Path) -> None:
    launches = path.stem in OF_THE_LAUNCHER or path.stem.startswith("manual")
    assert function_of(path) == ("LauncherFunction" if launches else "ReporterFunction")


@pytest.mark.parametrize("name", ["retry", "retry.json", "events/retry.json"])
def test_an_event_is_named_with_or_without_its_folder(name: str) -> None:
    assert event_file(name) == EVENTS / "retry.json"


def test_an_event_that_is_not_there_is_answered_with_those_that_are() -> None:
    with pytest.raises(SessionError, match=r"EVENT: there is no events/no\.json\. .* retry, "):
        event_file("no")


def test_the_query_of_the_how_to_makes_the_file_that_sam_takes() -> None:
    query = re.search(r"--query '(.+?)' > ", (ROOT / "docs/sam-local.md").read_text())
    assert query
    answer = {"Environment": {"Variables": {"BUCKET": "b"}}, "Runtime": "python3.13"}
    assert jmespath.search(query[1], answer) == {"LauncherFunction": {"BUCKET": "b"}}


def test_without_docker_one_sentence_says_so(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr("sys.argv", ["sam_local", "manual_check"])
    assert sam_local.main() == 1
    assert capsys.readouterr().err == f"sam-local: {image.NO_DOCKER}\n"
