"""The instance of a first run goes by the largest repository."""

import pytest

from repo_backup.health.machine_size import (
    DEFAULT_TYPES,
    ROOM,
    VOLUME_GIB,
    MachineSize,
    machine_assumptions,
    machine_size,
)
from repo_backup.restore import drill
from tools.iam.template import read_template

GIB, GB = 2**30, 10**9


def test_an_account_of_small_repositories_needs_what_the_template_has() -> None:
    size = machine_size(300_000_000)
    assert size == MachineSize(VOLUME_GIB, 2, size.instance_types)
    assert size.default_disk_is_enough
    assert size.default_types_are_enough


def test_the_default_disk_holds_a_largest_repository_of_five_gib() -> None:
    """3 GiB for the system and 2.25 x 5.77 GiB."""
    assert machine_size(int(5.77 * GIB)).default_disk_is_enough
    assert machine_size(int(5.78 * GIB)).disk_gib == 17


def test_disk_is_what_the_restore_drill_takes_of_the_largest_repository() -> None:
    assert machine_size(100 * GIB).disk_gib == 228
    assert ROOM == drill.ROOM


@pytest.mark.parametrize(
    ("largest", "memory_gib", "types"),
    [
        (int(1.3 * GB), 2, {*DEFAULT_TYPES}),
        (2 * GB, 3, {"m7g.medium", "m6g.medium", "r7g.medium", "r6g.medium"}),
        (6 * GB, 7, {"r7g.medium", "r6g.medium", "m7i-flex.large"}),
        (12 * GB, 13, {"r7g.large", "r6g.large"}),
    ],
)
def test_types_that_are_too_small_for_the_checks_of_git_are_left_out(
    largest: int, memory_gib: int, types: set[str]
) -> None:
    size = machine_size(largest)
    assert size.memory_gib == memory_gib
    assert types <= {*size.instance_types}
    assert size.default_types_are_enough == (types == {*DEFAULT_TYPES})
    assert "c7g.medium" not in size.instance_types or memory_gib == 2


def test_where_no_known_type_will_do_there_is_none() -> None:
    assert machine_size(1000 * GB).instance_types == ()


def test_defaults_are_those_of_the_template() -> None:
    parameters = read_template().source["Parameters"]
    assert parameters["VolumeSizeGiB"]["Default"] == VOLUME_GIB
    assert parameters["InstanceTypes"]["Default"].split(",") == [*DEFAULT_TYPES]


def test_what_the_figures_rest_on_is_said() -> None:
    assert "2.25 times the largest repository" in machine_assumptions()[0]
