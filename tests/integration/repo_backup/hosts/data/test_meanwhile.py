"""GitHub changes, and errs, while it is being read: the next run has what this one missed."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from local_cloud.github import Change, Edit, Fault, Repository, TokenRights
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


def test_a_comment_on_code_that_moves_to_a_page_that_was_read_is_not_left_out(
    tmp_path: Path,
) -> None:
    with Project(tmp_path) as project:
        fill(project.hub.data, 1, Size(issues=0, pulls=2))
        editor = project.editor()
        first, second = editor.repository.pulls()
        assert first.pull
        assert second.pull
        oldest = min(first.pull.comments)
        review = editor.review(second.number, "Hm")
        for number in range(100):
            editor.comment_review(second.number, review.id, f"{number}")

        def delete() -> None:
            editor.delete_review_comment(first.number, oldest)

        page = Fault("/repos/octo/hello/pulls/comments", "none", query="*page=2*", times=1)
        project.hub.faults.add(replace(page, edits=[Change(delete)]))
        project.run()
        saved = project.backups[1].documents.all[f"pulls/{second.number}.json"]["comment_data"]
        assert {each["id"] for each in saved} == set(second.pull.comments)


def test_a_repository_that_is_renamed_while_it_is_read_loses_nothing(tmp_path: Path) -> None:
    """Its items then name it by the new name, as those that were transferred elsewhere do."""
    with Project(tmp_path) as project:
        fill(project.hub.data, 1, SMALL)
        project.run()
        rename = Edit("move", "octo/hello", "octo/renamed")
        project.hub.faults.add(
            Fault("/graphql", status=403),
            Fault("/repos/octo/hello/issues", "none", edits=[rename], times=1),
        )
        project.run(rotation_items=100)
        assert project.backups[1].documents.gone == set()


def test_a_repository_that_is_hidden_while_it_is_read_loses_nothing(tmp_path: Path) -> None:
    """Each of its items then answers as one that was deleted does."""
    with Project(tmp_path) as project:
        fill(project.hub.data, 1, SMALL)
        project.hub.catalogue.repositories["octo/hello"].private = True
        project.run()

        def hide() -> None:
            project.hub.rights[TOKEN] = TokenRights(scopes=frozenset())

        project.hub.faults.add(Fault("/graphql", "none", edits=[Change(hide)], skip=1, times=1))
        project.run(rotation_items=100)
        assert project.backups[1].documents.gone == set()


def test_a_pull_request_that_is_listed_twice_is_counted_once(tmp_path: Path) -> None:
    with Project(tmp_path) as project:
        fill(project.hub.data, 1, SMALL)
        project.run()
        editor = project.editor()
        pull, other = (each.number for each in editor.repository.pulls()[:2])
        editor.cross_reference(pull, other)
        editor.edit_issue(pull, title="Newest")
        before = project.backups[1].sections["timeline"].here
        project.hub.faults.add(Fault("/repos/octo/hello/pulls", "repeat"))
        assert project.run().sections["timeline"].here == before + 1


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


def test_a_release_that_the_list_has_without_its_id_is_asked_for_by_itself(tmp_path: Path) -> None:
    releases = json.dumps([{"id": 1, "tag_name": "\ud800"}, {"tag_name": "v1"}]).encode()
    with Project(tmp_path) as project:
        project.editor().create_release("v1")
        project.editor().create_issue("One")
        project.hub.faults.add(Fault("/repos/octo/hello/releases", status=200, body=releases))
        assert states(project.run()) == {}
        documents = project.backups[1].documents.all
        assert {"releases/%ED%A0%80.json", "releases/v1.json"} <= documents.keys()


def test_releases_whose_tags_differ_in_case_alone_have_documents_of_different_names(
    tmp_path: Path,
) -> None:
    with Project(tmp_path) as project:
        editor = project.editor()
        editor.create_release("v1")
        project.run()
        second = editor.create_release("V1").id
        for _ in range(2):
            project.run(full=True)
            documents = project.backups[1].documents
            assert set(documents.paths("releases")) == {
                "releases/v1.json",
                f"releases/V1~{second}.json",
            }
            assert not documents.gone


def test_no_label_milestone_release_or_key_is_missed_because_another_one_is_deleted(
    tmp_path: Path,
) -> None:
    """The 101st moves to the page that was read already."""
    with Project(tmp_path) as project:
        editor = project.editor()
        for number in range(130):
            editor.create_label(f"label {number:03}")
            editor.create_milestone(f"{number}")
            editor.create_release(f"v{number}")
        saved = editor.repository
        key = {"key": "ssh-ed25519 AAAA", "read_only": True}
        saved.settings["keys"] = [{"id": n, "title": f"{n}", **key} for n in range(1, 131)]

        def changing(path: str, change: Callable[[], object]) -> Fault:
            edits = [Change(change)]
            return Fault(f"/repos/octo/hello{path}", "none", query="*page=2*", edits=edits, times=1)

        def replace_release() -> None:
            editor.delete_release("v129")
            editor.create_release("v130")

        project.hub.faults.add(
            changing("/labels", lambda: editor.delete_label("label 000")),
            changing("/milestones", lambda: editor.delete_milestone(1)),
            changing("/releases", replace_release),
            changing("/keys", lambda: saved.settings["keys"].pop(0)),
        )
        assert states(project.run()) == {}
        documents = project.backups[1].documents
        labels = {each["name"] for each in documents.all["labels/labels.json"]}
        assert labels >= set(saved.labels)
        assert {number for number, _ in documents.alive("milestones")} >= set(saved.milestones)
        releases = {documents.all[path]["tag_name"] for path in documents.paths("releases")}
        assert releases >= {each.tag for each in saved.releases}
        keys = {each["id"] for each in documents.all["settings/deploy_keys.json"]}
        assert keys >= set(range(2, 131))


def test_a_list_that_changes_whenever_it_is_read_is_truncated_and_saved(tmp_path: Path) -> None:
    with Project(tmp_path) as project:
        editor = project.editor()
        for number in range(130):
            editor.create_label(f"label {number:03}")
        left = iter(sorted(editor.repository.labels))
        change = Change(lambda: editor.delete_label(next(left)))
        page = Fault("/repos/octo/hello/labels", "none", query="*page=2*", edits=[change])
        project.hub.faults.add(page)
        reading = project.run()
        assert states(reading) == {"labels": "truncated"}
        assert "changed each of the 4 times" in str(reading.sections["labels"].reason)
        labels = {each["name"] for each in project.backups[1].documents.all["labels/labels.json"]}
        assert labels >= set(editor.repository.labels)
        project.hub.faults.clear()
        assert states(project.run()) == {}
