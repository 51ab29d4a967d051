"""Which rights project data takes, by what GitHub says of an App's installation."""

import re

import pytest

from launcher.launch.program_arguments import takes
from launcher.preflight.data_rights import (
    ORGANIZATION_RIGHTS,
    RIGHTS,
    finding,
    of_installation,
    of_scopes,
)
from launcher.preflight.findings import Grade
from repo_backup.hosts.github.accounts.sections import OF_ORGANIZATIONS
from repo_backup.hosts.github.data.sections import SECTIONS, SETTINGS

EVERY = {right.key: "read" for right in RIGHTS}


def test_the_rights_are_those_of_the_table_of_sections() -> None:
    named = [each.permission for each in SECTIONS.values()]
    named += [each.permission for each in SETTINGS.values()]
    words = {word for text in named for word in re.split(", | and ", text)}
    beside_git = {word for word in words if not word.startswith(("Contents", "Metadata"))}
    assert {right.name for right in RIGHTS} == beside_git


def test_the_rights_for_an_organizations_data_are_those_of_its_table() -> None:
    named = {each.permission for each in OF_ORGANIZATIONS.values()} - {"Metadata"}
    assert {right.name for right in ORGANIZATION_RIGHTS} == named


def test_an_app_at_an_organization_is_told_what_its_data_takes() -> None:
    organization = {"target_type": "Organization", "permissions": EVERY}
    lacking = of_installation(organization)
    assert lacking == [right for right in ORGANIZATION_RIGHTS if right.key]
    assert of_installation(organization, account=False) == []
    given = {**EVERY, **{right.key: "read" for right in ORGANIZATION_RIGHTS}}
    lacking = of_installation({**organization, "permissions": given})
    assert finding({"acme": lacking}, []).reason.endswith(
        "Administration of the organization (to write: the organization's rulesets)"
    )
    given["organization_administration"] = "write"
    assert of_installation({**organization, "permissions": given}) == []


@pytest.mark.parametrize(
    ("scopes", "lacking"),
    [
        ("repo", ["scope read:org", "scope read:project"]),
        ("repo, read:org", ["scope read:project"]),
        ("repo, admin:org, project", []),
        ("", ["scope read:org", "scope read:project"]),
    ],
)
def test_a_classic_token_is_asked_for_scopes_that_read_and_no_others(
    scopes: str, lacking: list[str]
) -> None:
    found = of_scopes(scopes)
    assert [right.name for right in found] == lacking
    if "scope read:org" in lacking:
        assert found[0].saves.startswith("members with their roles, outside collaborators, teams,")


def test_an_app_with_every_right_lacks_none_and_write_is_as_good_as_read() -> None:
    assert of_installation({"permissions": {**EVERY, "issues": "write"}}) == []
    assert finding({"octo": []}, []).reason == "nothing is missing"


def test_lacking_rights_are_named_once_for_all_owners_that_lack_them() -> None:
    given = {key: "read" for key in EVERY if key not in ("discussions", "pages")}
    lacking = of_installation({"permissions": given})
    found = finding({"octo": lacking, "acme": lacking, "whole": []}, ["other"])
    assert found.grade is Grade.NOTE
    assert found.reason == (
        "not saved of octo, acme unless you add these rights, read-only: Discussions "
        "(discussions), Pages (the settings of Pages); only a run finds out what can be read "
        "of other: its mail names what is not saved"
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
