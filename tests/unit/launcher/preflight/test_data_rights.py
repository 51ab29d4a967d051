"""Which rights project data takes, by what GitHub says of an App's installation."""

import re

import pytest

from launcher.launch.program_arguments import takes
from launcher.preflight.data_rights import RIGHTS, finding, of_installation
from launcher.preflight.findings import Grade
from repo_backup.hosts.github.data.sections import SECTIONS, SETTINGS

EVERY = {right.key: "read" for right in RIGHTS}


def test_the_rights_are_those_of_the_table_of_sections() -> None:
    named = [each.permission for each in SECTIONS.values()]
    named += [each.permission for each in SETTINGS.values()]
    words = {word for text in named for word in re.split(", | and ", text)}
    beside_git = {word for word in words if not word.startswith(("Contents", "Metadata"))}
    assert {right.name for right in RIGHTS} == beside_git


def test_an_app_with_every_right_lacks_none_and_write_is_as_good_as_read() -> None:
    assert of_installation({"permissions": {**EVERY, "issues": "write"}}) == []
    assert finding({"octo": []}, []).reason == "every right is there"


def test_lacking_rights_are_named_once_for_all_owners_that_lack_them() -> None:
    given = {key: "read" for key in EVERY if key not in ("discussions", "pages")}
    lacking = of_installation({"permissions": given})
    found = finding({"octo": lacking, "acme": lacking, "whole": []}, ["other"])
    assert found.grade is Grade.NOTE
    assert found.reason == (
        "not saved of octo, acme unless you add these rights, read-only: Discussions "
        "(discussions), Pages (the settings of Pages); what may be read of other GitHub tells "
        "only during a run: its mail names what is not saved"
    )


@pytest.mark.parametrize("permissions", [None, [], "all"])
def test_an_installation_of_which_nothing_is_told_lacks_all(permissions: object) -> None:
    assert of_installation({"permissions": permissions}) == [*RIGHTS]


@pytest.mark.parametrize(
    ("options", "wanted"),
    [
        ("", True),
        ("--no-forks", True),
        ("--no-data", False),
        ("--kinds git,wiki", False),
        ("--kinds git,data", True),
    ],
)
def test_options_tell_whether_project_data_is_saved(options: str, wanted: bool) -> None:
    assert takes("data", options) is wanted
