"""Whatever people do in whatever order, nothing is missing or lost, and nothing stays stale."""

import math
import random
from pathlib import Path

import pytest

from local_cloud.github.data import Size, fill
from tests.integration.repo_backup.hosts.data.edit_scripts import alive, differences, edit, missing
from tests.integration.repo_backup.hosts.data.project import Backup, Project


def play(root: Path, seed: int, *, rounds: int, edits: int, pausing: bool = False) -> None:
    chance = random.Random(seed)
    with Project(root, "hello", "elsewhere") as project:
        fill(project.hub.data, 1, Size(issues=6, pulls=4, discussions=2), seed)
        backup = project.backups[1]
        if pausing:
            project.pause_after_seconds = 0
            project.meanwhile = lambda: edit(project, chance, 1)
        project.run(1)
        ever: set[str] = set()
        for _ in range(rounds):
            edit(project, chance, edits)
            reading = project.run(1, rotation_items=3)
            assert not reading.under_way
            # What was created after a pause is the next run's.
            assert pausing or missing(project) == set()
            ever |= set(backup.documents.all)
        assert ever <= set(backup.documents.all)
        assert bool(project.pauses) == pausing
        project.pause_after_seconds = math.inf
        project.run(1)
        assert missing(project) == set()
        # The rest of a quarter: the rotation comes round to everything.
        for _ in range(3):
            reading = project.run(1, rotation_items=100, settings=True)
        assert {s.state for n, s in reading.sections.items() if "settings" not in n} == {"complete"}
        saved = alive(backup.documents)
        project.backups[1] = Backup()
        project.run(1)
        assert differences(saved, alive(project.backups[1].documents)) == []


def test_after_a_quarter_the_backup_is_what_a_first_reading_would_be(tmp_path: Path) -> None:
    play(tmp_path, 0, rounds=2, edits=20)


def test_that_holds_for_a_reading_that_pauses_while_people_go_on(tmp_path: Path) -> None:
    play(tmp_path, 0, rounds=2, edits=20, pausing=True)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(100, 160))
def test_that_holds_for_many_scripts(tmp_path: Path, seed: int) -> None:
    play(tmp_path, seed, rounds=6, edits=15, pausing=seed % 3 == 0)
