"""What a run reads of repositories' data, what it costs, and what it says where it cannot."""

import re
import time
from pathlib import Path

import pytest

from local_cloud.github import Fault, Repository, TokenRights
from local_cloud.github.data import Size, fill
from repo_backup.hosts.data import Reading
from tests.integration.repo_backup.hosts.data.project import TOKEN, Project

SMALL = Size(issues=4, pulls=3, discussions=2, releases=1)
_UNSEEN = ("discussions",)
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


def test_labels_and_milestones_that_issues_show_are_not_asked_for(tmp_path: Path) -> None:
    with Project(tmp_path) as project:
        editor, documents = project.editor(), project.backups[1].documents
        editor.create_label("bug", "d73a4a", "Broken")
        editor.create_milestone("v1", "Everything")
        editor.label(editor.create_issue("First").number, "bug")
        editor.edit_issue(1, milestone=1)
        project.run()
        assert not [e for e in project.requests if "/labels?" in e or "/milestones?" in e]
        shown = documents.all["labels/labels.json"], documents.all["milestones/1.json"]
        editor.create_label("new", "ffffff", "In no issue")
        editor.create_milestone("v2", "In none, either")
        sections = project.run().sections
        assert (sections["labels"].here, sections["milestones"].here) == (2, 2)
        listed = documents.all["labels/labels.json"][0], documents.all["milestones/1.json"]
        assert (shown[0][0], shown[1]) == listed


def test_one_question_has_the_details_of_a_page_of_issues_and_pull_requests(
    tmp_path: Path,
) -> None:
    with Project(tmp_path) as project:
        fill(project.hub.data, 1, SMALL)
        project.run()
        asked = [each for each in project.requests if each.startswith("/graphql")]
        names = ("Sentinel", "ItemDetails", "Discussions", "Reactions")
        assert {each.partition("=")[2] for each in asked} == set(names)
        assert project.backups[1].documents.counted()["reviews"] == 3


def test_pull_requests_have_their_details_where_issues_are_switched_off(tmp_path: Path) -> None:
    with Project(tmp_path) as project:
        fill(project.hub.data, 1, SMALL)
        project.hub.data.of(1).has_issues = False
        project.run()
        documents = dict(project.backups[1].documents.alive("pulls"))
        assert [len(each["review_data"]) for each in documents.values()] == [1, 1, 1]


def test_details_that_the_limit_put_off_are_read_by_the_next_run(tmp_path: Path) -> None:
    with Project(tmp_path) as project:
        fill(project.hub.data, 1, SMALL)
        project.hub.limits.graphql = 1  # The signature.
        reading = project.run(host=project.host(ends_at=time.monotonic() + 60))
        assert (reading.under_way, states(reading)["reviews"]) == (True, "under-way")
        project.hub.limits.graphql = 5000
        project.hub.limits._allowances.clear()  # The next hour.
        assert states(project.run()) == {}
        assert project.backups[1].documents.counted()["reviews"] == 3


@pytest.mark.slow
def test_a_first_reading_takes_a_twentieth_of_one_request_an_item_and_kind(tmp_path: Path) -> None:
    with Project(tmp_path) as project:
        fill(project.hub.data, 1, Size(issues=300, pulls=300))
        project.run()
        # Comments and events of each, review comments and reviews of each pull request.
        assert len(project.requests) <= (300 * 3 + 300 * 5) / 20


def test_a_comment_on_a_commit_is_read_by_the_next_run(tmp_path: Path) -> None:
    with Project(tmp_path) as project:
        project.run()
        project.editor().comment_commit("1" * 40, "Why?")
        section = project.run().sections["commit_comments"]
        assert (section.state, section.here) == ("complete", 1)


def test_comments_are_not_asked_for_where_no_issue_counts_any(tmp_path: Path) -> None:
    with Project(tmp_path) as project:
        fill(project.hub.data, 1, Size(issues=3, pulls=0, comments=0, commit_comments=0))
        assert project.run().sections["issue_comments"].state == "complete"
        assert not [each for each in project.requests if "comments" in each]
        project.editor().comment(1, "The first one")
        assert project.run().sections["issue_comments"].here == 1


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


def test_pages_before_one_that_fails_are_saved(tmp_path: Path) -> None:
    with Project(tmp_path) as project:
        fill(project.hub.data, 1, Size(issues=120, comments=0))
        project.hub.faults.add(Fault("/repos/octo/hello/issues", status=422, query="*page=2*"))
        reading = project.run()
        section = reading.sections["issues"]
        assert section.state == "truncated"
        assert "page=2" in str(section.after)
        paths = {f"issues/{number}.json" for number in range(1, 101)}
        assert paths <= project.backups[1].documents.all.keys()


def test_a_date_in_the_future_hides_no_later_change(tmp_path: Path) -> None:
    with Project(tmp_path) as project:
        fill(project.hub.data, 1, SMALL)
        project.run()
        editor, documents = project.editor(), project.backups[1].documents
        issue, pull = editor.repository.plain_issues()[0], editor.repository.pulls()[0]
        discussion = next(iter(editor.repository.discussions.values()))
        made = (editor.create_issue("A"), editor.create_pull("B"), editor.create_discussion("C"))
        for imported in made:
            imported.updated_at = "2999-01-01T00:00:00Z"
        project.run()
        editor.edit_issue(issue.number, title="Changed")
        editor.edit_issue(pull.number, title="Changed")
        editor.comment_discussion(discussion.number, "Changed")
        project.run()
        assert documents.all[f"issues/{issue.number}.json"]["title"] == "Changed"
        assert documents.all[f"pulls/{pull.number}.json"]["title"] == "Changed"
        comments = documents.all[f"discussions/{discussion.number}.json"]["comment_data"]
        assert comments[-1]["body"] == "Changed"


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


def test_what_github_shows_again_is_no_longer_marked(tmp_path: Path) -> None:
    """As what somebody wrote whose account GitHub had suspended by mistake."""
    with Project(tmp_path) as project:
        fill(project.hub.data, 1, SMALL)
        project.run()
        data, documents = project.editor().repository, project.backups[1].documents
        comments = next(each.comments for each in data.plain_issues() if each.comments)
        reviewed = next(each.pull for each in data.pulls() if each.pull and each.pull.comments)
        discussion = next(each for each in data.discussions.values() if each.comments)
        replies = discussion.comments[0].replies
        label, comment = data.labels.popitem(), comments.popitem()
        reply, review_comment = replies.pop(), reviewed.comments.popitem()
        project.hub.data.now()
        project.run(rotation_items=100, settings=True)
        assert len(documents.gone) == 4
        data.labels |= [label]
        comments |= [comment]
        reviewed.comments |= [review_comment]
        replies.append(reply)
        project.hub.data.now()
        reading = project.run(full=True)
        assert documents.gone == set()
        assert states(reading) == {}


@pytest.mark.parametrize("below", ["labels", "milestones", "comments", "releases"])
def test_a_list_shorter_than_githubs_count_marks_nothing_as_gone(
    tmp_path: Path, below: str
) -> None:
    with Project(tmp_path) as project:
        fill(project.hub.data, 1, SMALL)
        project.run()
        paths = [f"/repos/octo/hello/{below}"] + ["/graphql"] * (below == "releases")
        skip = {"/graphql": "operation=ReleaseIds"}
        rules = [Fault(path, "short", query=skip.get(path, "*")) for path in paths]
        project.hub.faults.add(*rules)
        project.run(settings=True)
        assert project.backups[1].documents.gone == set()


def test_drafts_that_a_weaker_token_is_not_shown_are_not_marked(tmp_path: Path) -> None:
    with Project(tmp_path) as project:
        fill(project.hub.data, 1, SMALL)
        editor, documents = project.editor(), project.backups[1].documents
        draft = editor.create_release("v8", "Soon.", draft=True)
        editor.create_advisory("GHSA-1111-2222-3333", "Leak", state="draft")
        project.run()
        project.hub.rights[TOKEN] = TokenRights(administers=False)
        project.run(settings=True)
        assert documents.gone == set()
        project.hub.rights.clear()
        draft.draft = False
        editor.create_release("v9", "Later.", draft=True)
        editor.repository.advisories.clear()
        project.run(settings=True)
        assert documents.gone == {f"releases/v8~{draft.id}.json"}
        editor.create_advisory("GHSA-4444-5555-6666", "Leak", state="draft")
        project.run(settings=True)
        assert "security-advisories/GHSA-1111-2222-3333.json" in documents.gone


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


@pytest.mark.parametrize("graphql", [True, False])
def test_what_is_switched_off_is_hidden_and_not_marked(tmp_path: Path, graphql: bool) -> None:
    with Project(tmp_path) as project:
        fill(project.hub.data, 1, SMALL)
        project.run()
        if not graphql:
            project.hub.faults.add(Fault("/graphql", status=403))
        data = project.editor().repository
        data.has_issues = data.has_discussions = False
        reading = project.run(rotation_items=100)
        assert reading.sections["issues"].state == "switched-off"
        project.run(rotation_items=100)
        assert project.backups[1].documents.gone == set()


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
        reading = project.run(settings=True)
        assert not [each for each in project.requests if "/reviews" in each]
        assert states(reading) == dict.fromkeys(_UNSEEN, "not-permitted")
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
