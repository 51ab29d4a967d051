"""A reading that pauses wherever it can is resumed, and reads the same with few more requests."""

import math
import time
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from local_cloud.github import Change, Fault
from local_cloud.github.data import Size, fill
from repo_backup.hosts.data import Reading
from tests.integration.repo_backup.hosts.data.edit_scripts import alive
from tests.integration.repo_backup.hosts.data.project import Backup, Project
from tests.integration.repo_backup.hosts.data.test_reading import SMALL, states


def first_reading(project: Project, *, pausing: bool) -> dict[str, Any]:
    """What is saved of it. The project has the requests."""
    project.backups[1] = Backup()
    project.pause_after_seconds = 0 if pausing else math.inf
    project.run()
    return alive(project.backups[1].documents)


def test_pauses_change_nothing_of_what_is_read(tmp_path: Path) -> None:
    with Project(tmp_path) as project:
        fill(project.hub.data, 1, Size(issues=120, pulls=110, discussions=30, comments=1))
        expected = first_reading(project, pausing=False)
        once = Counter(project.requests)
        assert first_reading(project, pausing=True) == expected
        assert states(Reading(project.backups[1].sections)) == {}
        assert project.pauses > 20
        paused = Counter(project.requests)
        # No page is asked for twice, and batches of GraphQL's are a little smaller.
        assert {n for each, n in paused.items() if "graphql" not in each} == {1}
        assert (paused - once).total() <= project.pauses // 2


@pytest.mark.slow
def test_pauses_change_nothing_where_graphql_is_refused(tmp_path: Path) -> None:
    with Project(tmp_path) as project:
        fill(project.hub.data, 1, Size(issues=3, pulls=210, comments=0, review_comments=0))
        project.hub.faults.add(Fault("/graphql", status=403))
        expected = first_reading(project, pausing=False)
        assert first_reading(project, pausing=True) == expected
        assert project.pauses > 10


def test_what_fails_is_not_tried_again_after_each_pause(tmp_path: Path) -> None:
    with Project(tmp_path) as project:
        fill(project.hub.data, 1, SMALL)
        project.hub.faults.add(Fault("/repos/octo/hello/labels", status=400))
        first_reading(project, pausing=True)
        assert project.pauses > 10
        assert states(Reading(project.backups[1].sections)) == {"labels": "failed"}
        assert len([each for each in project.requests if "/hello/labels" in each]) == 1


def test_a_comment_that_moves_to_a_page_before_a_pause_is_not_left_out(tmp_path: Path) -> None:
    with Project(tmp_path) as project:
        editor = project.editor()
        first, second, third = (editor.create_issue(title).number for title in "abc")
        oldest = editor.comment(first, "Deleted between two pages")
        for number in range(100):
            editor.comment(second, f"{number}")
        editor.comment(third, "On the second page")

        def delete() -> None:
            editor.delete_comment(first, oldest.id)

        path, query = "/repos/octo/hello/issues/comments", "*page=2*"
        project.hub.faults.add(Fault(path, "none", query=query, edits=[Change(delete)], times=1))
        saved = first_reading(project, pausing=True)
        assert len(saved[f"issues/{second}.json"]["comment_data"]) == 100


def test_a_reading_pauses_before_it_waits_for_the_next_hour(tmp_path: Path) -> None:
    """Not later: until then the machine may be gone, and with it an hour of the limit."""
    with Project(tmp_path) as project:
        fill(project.hub.data, 1, SMALL)
        project.hub.limits.core = 3
        project.pause_after_seconds = 600
        now, saved = [1000.0], list[dict[str, str]]()

        def an_hour_later() -> None:
            saved.append(states(Reading(project.backups[1].sections)))
            now[0] += 3700
            project.hub.limits.core = 5000
            project.hub.limits.now = lambda: time.time() + 3700

        project.meanwhile = an_hour_later
        reading = project.run(host=project.host(clock=lambda: now[0]))
        (before,) = saved
        assert not {"pulls", "issues", "issue_comments"} & before.keys()
        assert before["review_comments"] == "under-way"
        assert (states(reading), reading.under_way) == ({}, False)
