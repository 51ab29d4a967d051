"""A first run that the template's defaults are too small for is told with the parameters."""

from repo_backup.cli.commands.estimate_command import machine_lines
from repo_backup.health.machine_size import machine_size
from repo_backup.hosts.base import RemoteRepository


def _repository(size_kib: int) -> RemoteRepository:
    return RemoteRepository(1, "octo", "big", False, False, False, size_kib, False, "https://x")


def _lines(size_kib: int) -> list[str]:
    return machine_lines(machine_size(size_kib * 1024), _repository(size_kib))


def test_defaults_that_are_enough_are_told_in_one_line() -> None:
    (line,) = _lines(100_000)
    assert line == (
        "It needs 16 GiB of disk and 2 GiB of memory for the largest repository, octo/big "
        "(102.4 MB)."
    )


def test_a_disk_and_types_that_are_too_small_are_named_with_what_will_do() -> None:
    _, disk, types = _lines(10_000_000)
    assert disk == ("VolumeSizeGiB: the default, 16, is too small. Deploy with VolumeSizeGiB=25.")
    assert types.endswith("Deploy with InstanceTypes=r7g.large,r6g.large.")


def test_more_memory_than_any_known_type_has_is_the_persons_choice() -> None:
    assert _lines(1_000_000_000)[-1].startswith("InstanceTypes: choose one with ")


def test_an_account_without_repositories_needs_no_machine() -> None:
    assert machine_lines(machine_size(0), None) == []
