"""The program's registry of kinds, and the names that it shares with the functions."""

import pytest

from backup_contract import kinds as names
from backup_contract import object_keys as layout
from backup_contract.documents.parts.entries import Entry
from backup_contract.kinds import ACCOUNT, DATA, GIST, GIT
from repo_backup.kinds.registry import KINDS, kind_named
from repo_backup.runtime.errors import UnfitMachineError


def test_each_kind_has_its_names_and_git_comes_first() -> None:
    assert [*KINDS] == [*names.KINDS]
    assert next(iter(KINDS)) == GIT
    assert [kind.name for kind in KINDS.values() if not kind.optional] == [GIT, DATA, ACCOUNT, GIST]


def test_no_two_kinds_share_a_key_a_name_for_people_or_an_option() -> None:
    kinds = names.KINDS.values()
    for attribute in ("one", "many", "suffix", "key_suffix", "choice", "exclusion"):
        assert len({getattr(kind, attribute) for kind in kinds}) == len(kinds)


@pytest.mark.parametrize("kind", names.KINDS)
def test_a_kind_is_no_field_of_an_entry_itself_and_is_told_by_its_key(kind: str) -> None:
    assert kind == GIT or kind not in Entry.__slots__
    assert layout.named_by(layout.archive("octo", "hello", kind)) == ("octo/hello", kind)


def test_an_archive_of_a_kind_of_a_later_version_says_nothing_of_the_archive() -> None:
    with pytest.raises(UnfitMachineError, match="kind later; use a later version"):
        kind_named("later")
