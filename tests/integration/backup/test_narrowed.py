"""A run narrowed by ``--only`` says nothing good of what it passed over."""

from local_cloud.github import Fault, GitHubStandIn
from local_cloud.github.faults import Faults
from tests.integration.backup.conftest import ALL, Destination

BROKEN = Fault("/octo/unicode.git/*", status=451)


def test_what_failed_before_stays_failed_until_a_run_has_backed_it_up(
    destination: Destination, hub: GitHubStandIn
) -> None:
    hub.faults = Faults([BROKEN])
    assert destination.backup() == 3
    hub.faults = Faults([])
    reason = destination.entry("unicode")["reason"]
    for run_id in ("r2", "r3"):
        assert destination.backup("--only", "hello", run_id=run_id) == 0
        entry = destination.entry("unicode", run_id)
        assert (entry["state"], entry["reason"], entry["asked"]) == ("failed", reason, False)
        assert destination.manifest(run_id)["only"] == ["hello"]
    assert destination.backup("--only", "unicode", run_id="r4") == 0
    assert destination.states("r4")["unicode"] == "backed-up"
    assert destination.backup("--only", "hello", run_id="r5") == 0
    entry = destination.entry("unicode", "r5")
    assert (entry["state"], entry["archive"]["run_id"]) == ("skipped", "r4")


def test_what_was_passed_over_keeps_its_archive_and_an_empty_one_stays_empty(
    destination: Destination,
) -> None:
    destination.backup()
    destination.backup("--only", "hello", run_id="r2")
    assert destination.entry("lfs", "r2")["archive"] == destination.entry("lfs")["archive"]
    assert destination.states("r2")["empty"] == "empty"
    assert "asked" not in destination.entry("hello", "r2")


def test_what_a_standing_option_leaves_out_is_not_called_passed_over(
    destination: Destination,
) -> None:
    destination.backup("--only", "hello", "--no-forks", "--include", "hello", "--include", "old-*")
    assert "asked" not in destination.entry("old-fork")
    assert destination.entry("old-fork")["reason"] == "--no-forks"
    assert destination.entry("lfs")["reason"] == "not in --include hello old-*"


def test_including_some_as_a_rule_narrows_nothing(destination: Destination) -> None:
    assert destination.backup("--include", "hello") == 0
    assert destination.manifest()["only"] == []
    left_out = {entry["name"] for entry in destination.manifest()["repositories"]} - {"hello"}
    assert left_out == {*ALL} - {"hello"}
    assert all("asked" not in destination.entry(name) for name in left_out)
