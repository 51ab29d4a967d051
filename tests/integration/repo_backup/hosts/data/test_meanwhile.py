"""GitHub changes, and errs, while it is being read: the next run has what this one missed."""

from pathlib import Path

from local_cloud.github import Change, Fault, Repository, TokenRights
from local_cloud.github.data import Size, fill
from tests.integration.repo_backup.hosts.data.project import TOKEN, Project
from tests.integration.repo_backup.hosts.data.test_reading import SMALL, states

COMMENTS = "/repos/octo/hello/issues/comments"


def test_what_is_edited_on_a_page_that_was_read_already_is_found_by_the_next_run(
    tmp_path: Path,
) -> None:
    with Project(tmp_path) as project:
        fill(project.hub.data, 1, Size(issues=60))
        editor = project.editor()
        comment = next(iter(editor.repository.issues[1].comments))

        def edit() -> None:
            editor.edit_comment(1, comment, "Meanwhile")
            editor.edit_issue(2, title="Meanwhile")

        project.hub.faults.add(Fault(COMMENTS, "none", query="*page=2*", edits=[Change(edit)]))
        project.run()
        project.hub.faults.clear()
        project.run()
        documents = project.backups[1].documents
        assert documents.all["issues/1.json"]["comment_data"][0]["body"] == "Meanwhile"
        assert documents.all["issues/2.json"]["title"] == "Meanwhile"


def test_what_is_deleted_while_the_list_is_read_hides_nothing_else(tmp_path: Path) -> None:
    with Project(tmp_path) as project:
        fill(project.hub.data, 1, Size(issues=130, comments=0))
        editor = project.editor()

        def delete() -> None:
            # The 101st moves up to the page that was read already.
            editor.delete_issue(1)

        fault = Fault(
            "/repos/octo/hello/issues", "none", query="*page=2*", edits=[Change(delete)], times=1
        )
        project.hub.faults.add(fault)
        documents = project.backups[1].documents
        assert states(project.run()) == {}
        assert set(editor.repository.issues) <= {number for number, _ in documents.alive("issues")}
        project.run()
        assert set(editor.repository.issues) == {number for number, _ in documents.alive("issues")}


def test_a_null_where_an_item_was_is_asked_for_by_itself(tmp_path: Path) -> None:
    with Project(tmp_path) as project:
        fill(project.hub.data, 1, SMALL)
        project.hub.faults.add(Fault("/repos/octo/hello/issues", "null-item"))
        reading = project.run()
        assert reading.sections["issues"].here == 4
        assert states(reading) == {}


def test_a_proxy_that_takes_the_links_away_shortens_no_list(tmp_path: Path) -> None:
    with Project(tmp_path) as project:
        fill(project.hub.data, 1, Size(issues=60, comments=4))
        project.hub.faults.add(Fault("/repos/*", "no-link"))
        assert project.run().sections["issue_comments"].here == 240


def test_rights_that_are_lost_in_mid_run_lose_nothing_that_was_saved(tmp_path: Path) -> None:
    with Project(tmp_path) as project:
        project.hub.catalogue.add(Repository(1, "octo", "hello", private=True))
        fill(project.hub.data, 1, SMALL)
        project.run()
        project.editor().comment(1, "New")
        before = dict(project.backups[1].documents.all)

        def revoke() -> None:
            project.hub.rights[TOKEN] = TokenRights(None, permissions={"metadata": "read"})

        project.hub.faults.add(Fault(COMMENTS, "none", edits=[Change(revoke)], times=1))
        reading = project.run()
        assert "not-permitted" in states(reading).values()
        assert "failed" not in states(reading).values()
        documents = project.backups[1].documents
        assert before.keys() <= documents.all.keys()
        assert documents.gone == set()


def test_one_item_that_makes_github_fail_costs_only_its_own_reviews(tmp_path: Path) -> None:
    with Project(tmp_path) as project:
        fill(project.hub.data, 1, Size(pulls=4))
        project.hub.limits.heaviest_nodes = 60  # Less than the question for one pull request.
        reading = project.run()
        assert reading.sections["pulls"].state == "complete"
        assert reading.sections["reviews"].state == "failed"
        project.hub.limits.heaviest_nodes = None
        assert states(project.run()) == {}
        assert project.backups[1].documents.counted()["reviews"] == 4
