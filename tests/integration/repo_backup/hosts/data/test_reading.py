"""What a run reads of repositories' data, what it costs, and what it says where it cannot."""

import re
import time
from pathlib import Path

import pytest

from local_cloud.github import Fault, Repository, TokenRights
from local_cloud.github.data import Size, fill
from repo_backup.hosts.data import Reading
from tests.integration.repo_backup.hosts.data.project import Project

SMALL = Size(issues=4, pulls=3, discussions=2, releases=1)
_UNSEEN = ("timeline", "discussions")
"""What only GraphQL has."""


def states(reading: Reading) -> dict[str, str]:
    """The sections that are not complete, settings aside."""
    return {
        name: section.state
        for name, section in reading.sections.items()
        if section.state != "complete" and not name.startswith("settings.")
    }


def test_one_request_tells_that_nothing_changed_in_many_repositories(tmp_path: Path) -> None:
    with Project(tmp_path, "one", "two", "three") as project:
        fill(project.hub.data, 1, SMALL)
        project.run()
        project.run()
        assert project.requests == ["/graphql?operation=Sentinel"]


def test_empty_repositories_are_asked_for_nothing_but_what_has_no_count(tmp_path: Path) -> None:
    with Project(tmp_path) as project:
        assert states(project.run()) == {}
        lists = ("pulls", "issues", "releases", "milestones", "labels", "discussions")
        assert not [each for each in project.requests for name in lists if f"hello/{name}" in each]


def test_a_change_costs_what_is_new(tmp_path: Path) -> None:
    with Project(tmp_path) as project:
        fill(project.hub.data, 1, SMALL)
        project.run()
        project.editor().comment(1, "New")
        reading = project.run()
        assert reading.sections["issue_comments"].here == SMALL.comments * 7 + 1
        assert len(project.requests) <= 14
        assert not any("/hooks" in each for each in project.requests)


@pytest.mark.slow
def test_a_first_reading_takes_a_twentieth_of_one_request_an_item_and_kind(tmp_path: Path) -> None:
    with Project(tmp_path) as project:
        fill(project.hub.data, 1, Size(issues=300, pulls=300))
        project.run()
        # Comments and events of each, review comments and reviews of each pull request.
        assert len(project.requests) <= (300 * 3 + 300 * 5) / 20


def test_a_reading_that_the_limit_ends_goes_on_with_the_next_run(tmp_path: Path) -> None:
    with Project(tmp_path) as project:
        fill(project.hub.data, 1, SMALL)
        project.hub.limits.core = 3
        reading = project.run(host=project.host(ends_at=time.monotonic() + 60))
        assert reading.under_way
        assert states(reading)["review_comments"] == "under-way"
        reason = reading.sections["review_comments"].reason
        assert reason is not None
        assert re.search(r"REST limit is used; the next hour begins in 6[01] min", reason)
        project.hub.limits.core = 5000
        project.hub.limits._allowances.clear()  # The next hour.
        reading = project.run()
        assert (states(reading), reading.under_way) == ({}, False)
        assert not any(each.startswith("/repos/octo/hello/pulls?") for each in project.requests)


def test_a_lists_pages_are_not_read_again_after_an_interruption(tmp_path: Path) -> None:
    with Project(tmp_path) as project:
        fill(project.hub.data, 1, Size(issues=60, comments=4))
        path = "/repos/octo/hello/issues/comments"
        broken = Fault(path, status=500, times=2, query="*page=2*")
        project.hub.faults.add(broken)
        reading = project.run()
        assert states(reading)["issue_comments"] == "failed"
        reading = project.run()
        assert states(reading) == {}
        asked = [each for each in project.requests if each.startswith(f"{path}?")]
        assert all("page=1&" not in each and "&page=" in each for each in asked)
        assert reading.sections["issue_comments"].here == 240


def test_what_vanished_stays_and_is_marked(tmp_path: Path) -> None:
    with Project(tmp_path) as project:
        fill(project.hub.data, 1, SMALL)
        project.run()
        editor, documents = project.editor(), project.backups[1].documents
        issue, other = [each.number for each in editor.repository.plain_issues()][:2]
        comment = next(iter(editor.repository.issues[other].comments))
        editor.delete_issue(issue)
        editor.delete_comment(other, comment)
        reading = project.run()
        assert documents.is_vanished(f"issues/{issue}.json")
        assert reading.sections["issues"].here == reading.sections["issues"].github == 3
        project.run(rotation_items=100)
        assert documents.gone == {
            f"issues/{issue}.json",
            f"issues/{other}.json#comment_data/{comment}",
        }
        assert comment in [
            each["id"] for each in documents.all[f"issues/{other}.json"]["comment_data"]
        ]


def test_rotation_goes_round_by_number_and_costs_no_request_an_item(tmp_path: Path) -> None:
    with Project(tmp_path) as project:
        fill(project.hub.data, 1, Size(issues=20, pulls=20))
        project.run()
        assert project.run(rotation_items=25).rotation == 25
        assert project.run(rotation_items=25).rotation == 10
        assert len(project.requests) <= 8
        assert set(project.allowance.counted) == {"signatures", "rotation"}


def test_a_turn_that_the_limit_ends_goes_on_and_makes_nothing_incomplete(tmp_path: Path) -> None:
    with Project(tmp_path) as project:
        fill(project.hub.data, 1, SMALL)
        project.run()
        project.hub.limits._allowances.clear()
        project.hub.limits.graphql = 2  # The signature, and one more.
        host = project.host(ends_at=time.monotonic() + 60)
        reading = project.run(host=host, rotation_items=100)
        assert (states(reading), reading.under_way, reading.rotation) == ({}, True, 0)


def test_a_right_that_lacks_is_named_and_costs_only_its_sections(tmp_path: Path) -> None:
    rights = TokenRights(None, permissions={"metadata": "read", "pull_requests": "read"})
    with Project(tmp_path, rights=rights) as project:
        fill(project.hub.data, 1, SMALL)
        project.hub.catalogue.add(Repository(1, "octo", "hello", private=True))
        reading = project.run()
        section = reading.sections["issues"]
        assert (section.state, section.reason) == ("not-permitted", "needs Issues (read)")
        assert reading.sections["pulls"].here == 3
        assert reading.sections["releases"].state == "not-permitted"


def test_what_is_switched_off_is_no_failure(tmp_path: Path) -> None:
    with Project(tmp_path) as project:
        fill(project.hub.data, 1, SMALL)
        project.hub.data.of(1).has_issues = False
        reading = project.run()
        assert reading.sections["issues"].state == "switched-off"
        assert "failed" not in states(reading).values()


def test_releases_that_the_list_does_not_show_are_read_one_by_one(tmp_path: Path) -> None:
    with Project(tmp_path) as project:
        for number in range(5):
            project.editor().create_release(f"v{number}/β")
        project.hub.limits.releases = 3
        section = project.run().sections["releases"]
        assert (section.state, section.here, section.github) == ("complete", 5, 5)
        assert "releases/v4%2F%CE%B2.json" in project.backups[1].documents.all


def test_without_graphql_all_is_read_that_rest_has(tmp_path: Path) -> None:
    with Project(tmp_path) as project:
        fill(project.hub.data, 1, SMALL)
        project.hub.faults.add(Fault("/graphql", status=403, body=b'{"message": "no"}'))
        reading = project.run()
        assert states(reading) == dict.fromkeys(_UNSEEN, "not-permitted")
        assert reading.sections["reviews"].here == 3
        project.run()
        unchanged = [each for each in project.requests if not each.startswith("/graphql")]
        assert len(unchanged) <= 6
        issue = project.editor().repository.plain_issues()[0].number
        project.editor().delete_issue(issue)
        assert project.run().sections["issues"].here == 3


def test_partial_answers_of_graphql_are_asked_for_again_in_smaller_batches(tmp_path: Path) -> None:
    with Project(tmp_path) as project:
        fill(project.hub.data, 1, Size(issues=12, pulls=12))
        project.hub.limits.partial_nodes = 40
        assert states(project.run()) == {}
        assert project.backups[1].documents.counted()["reviews"] == 12


def test_a_full_reading_restores_what_an_archive_lost(tmp_path: Path) -> None:
    with Project(tmp_path) as project:
        fill(project.hub.data, 1, SMALL)
        project.run()
        documents = project.backups[1].documents
        whole = dict(documents.all)
        del documents.all["issues/1.json"], documents.all["pulls/2.json"]
        reading = project.run(full=True)
        assert states(reading) == {}
        assert documents.all == whole
