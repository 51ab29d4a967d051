"""Where GraphQL is refused, timelines come by REST, within few requests and in the end all."""

import json
import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from local_cloud.github import Fault
from local_cloud.github.data import Size, fill
from repo_backup.hosts.github.data.readers import rest_timelines
from tests.integration.repo_backup.hosts.data.edit_scripts import alive, differences, edit, missing
from tests.integration.repo_backup.hosts.data.project import Backup, Project

REFUSED = Fault("/graphql", status=403, body=b'{"message": "no"}')
UNKNOWN = {
    "errors": [
        {
            "path": ["query Sentinel", "nodes", "rulesets"],
            "extensions": {"code": "undefinedField", "typeName": "Repository"},
            "message": "Field 'rulesets' doesn't exist on type 'Repository'",
        }
    ]
}
OLD_SERVER = Fault("/graphql", status=200, body=json.dumps(UNKNOWN).encode())


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Project]:
    """Twelve issues and pull requests, of which one refers to another."""
    with Project(tmp_path) as made:
        octo = fill(made.hub.data, 1, Size(issues=6, pulls=6, comments=1))
        octo.cross_reference(1, 3)
        made.hub.faults.add(REFUSED)
        yield made


def timelines(project: Project) -> list[str]:
    return [each for each in project.requests if "/timeline" in each]


def test_a_small_repositorys_timelines_are_read_at_once(project: Project) -> None:
    section = project.run().sections["timeline"]
    assert (section.state, len(timelines(project))) == ("complete", 12)
    issue = project.backups[1].documents.all["issues/1.json"]
    (reference,) = [e for e in issue["timeline_data"] if e["event"] == "cross-referenced"]
    assert reference["id"] == "cross-referenced:octo/hello#3"
    assert reference["source"]["issue"]["number"] == 3
    assert "user" not in reference["source"]["issue"]
    assert not [each for each in issue["timeline_data"] if each["event"] == "commented"]
    known = {each["id"] for each in issue["event_data"]}
    assert not [each for each in issue["timeline_data"] if each["id"] in known]
    project.run()
    assert len([each for each in project.requests if "graphql" not in each]) <= 6


def test_of_a_large_one_some_are_read_in_each_run_until_all_are(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rest_timelines, "PER_RUN", 5)
    first = project.run().sections["timeline"]
    assert (first.state, len(timelines(project))) == ("not-permitted", 5)
    assert first.reason == (
        "GraphQL is refused; REST needs a request for each item, so all are read within a quarter"
    )
    project.run()
    assert timelines(project) == []
    assert project.run(settings=True).sections["timeline"].state == "not-permitted"
    assert len(timelines(project)) == 5
    assert project.run(settings=True).sections["timeline"].state == "complete"
    assert len(timelines(project)) == 2


def test_a_turn_of_the_rotation_reads_timelines_again_and_marks_what_is_gone(
    project: Project,
) -> None:
    project.run()
    octo = project.editor()
    octo.cross_reference(2, 1)
    octo.delete_issue(3)
    project.run(rotation_items=12)
    documents = project.backups[1].documents
    (reference,) = [
        each
        for each in documents.all["pulls/2.json"]["timeline_data"]
        if each["event"] == "cross-referenced"
    ]
    assert reference["source"]["issue"]["number"] == 1
    gone = "issues/1.json#timeline_data/cross-referenced:octo/hello#3"
    assert gone in documents.gone
    assert project.allowance.counted["rotation"] >= 12


def test_a_server_whose_graphql_knows_less_is_read_by_rest(project: Project) -> None:
    project.hub.faults.clear()
    project.hub.faults.add(OLD_SERVER)
    sections = project.run().sections
    assert sum("/graphql" in each for each in project.requests) == 1
    incomplete = {name: each.reason for name, each in sections.items() if each.state != "complete"}
    assert set(incomplete) == {"discussions"}
    assert "Field 'rulesets' doesn't exist" in str(incomplete["discussions"])


def test_when_graphql_is_allowed_again_it_tells_what_was_never_read(project: Project) -> None:
    project.hub.faults.clear()
    project.hub.faults.add(REFUSED, Fault("*/timeline", status=403))
    refused = project.run().sections["timeline"]
    assert refused.state == "not-permitted"
    project.hub.faults.clear()
    assert project.run(settings=True).sections["timeline"].state == "complete"
    assert project.backups[1].documents.all["issues/1.json"]["timeline_nodes"]
    assert timelines(project) == []


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(100, 115))
def test_whatever_people_do_nothing_that_rest_has_is_missing_or_stays_stale(
    tmp_path: Path, seed: int
) -> None:
    chance = random.Random(seed)
    with Project(tmp_path, "hello", "elsewhere") as project:
        project.hub.faults.add(REFUSED)
        fill(project.hub.data, 1, Size(issues=6, pulls=4, discussions=0), seed)
        project.run(1)
        for _ in range(4):
            edit(project, chance, 12)
            project.run(1, rotation_items=3)
            assert not [each for each in missing(project) if "discussions" not in str(each)]
        # The rest of a quarter: the rotation comes round to everything.
        for _ in range(3):
            reading = project.run(1, rotation_items=100, settings=True)
        assert reading.sections["timeline"].state == "complete"
        saved = alive(project.backups[1].documents)
        project.backups[1] = Backup()
        project.run(1)
        assert differences(saved, alive(project.backups[1].documents)) == []
