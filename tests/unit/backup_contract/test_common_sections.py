"""A manifest says once what a token lacks of every repository, and reads what says it each time."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from backup_contract.documents.fields import DamagedError
from backup_contract.documents.manifest import Archive, Entry, ItemResult, Manifest
from backup_contract.documents.parts.accounts import account_entry
from backup_contract.documents.parts.data_state import DataState, LackingSection
from backup_contract.kinds import DATA, GIT, WIKI

RUN = "2026-11-27T03-00-00Z"
HOOKS = LackingSection("settings.hooks", "not-permitted", "needs Webhooks (read)")
TEAMS = LackingSection("settings.teams", "not-permitted", "needs Administration (read)")
ISSUES = LackingSection("issues", "under-way", "the hour's share is used", 5, 9)


def result(key: str, *sections: LackingSection) -> ItemResult:
    digest = f"{sum(key.encode()):064x}"
    archive = Archive(
        *(f"github_backups/octo/{key}.zip", 123456, digest, RUN),
        {"algorithm": "CRC32", "type": "FULL_OBJECT", "value": "MobXQA=="},
        *("L4kqtJlcpXroDTDmpUMLUo1a2b3c4d5e", f'"{digest[:32]}"', "2026-11-27T03:40:00Z"),
    )
    state = DataState(
        digest[:32], 120, 37, "2026-11-27T03:20:00Z", "2026-11-27T03:20:00Z", sections
    )
    data = state if sections else None
    return ItemResult("backed-up", None, (), digest, 12, seconds=1.25, archive=archive, data=data)


def manifest(*sections: tuple[LackingSection, ...]) -> Manifest:
    made = Manifest(RUN, 1, ["octo"], datetime(2026, 11, 27, tzinfo=UTC), listed=len(sections))
    for number, each in enumerate(sections):
        name = f"a-repository-with-a-name-{number:05}"
        results = {
            GIT: result(name),
            WIKI: result(f"{name}.wiki"),
            DATA: result(f"{name}~d", *each),
        }
        entry = Entry(1_000_000 + number, "octo", name, True, False, False, results)
        made.entries[entry.identity] = entry
    return made


def written(made: Manifest) -> Any:
    return json.loads(made.to_json())


def test_what_several_repositories_lack_is_listed_once_and_read_back() -> None:
    made = manifest((HOOKS, TEAMS), (HOOKS, TEAMS), (ISSUES, HOOKS))
    document = written(made)
    assert [each["names"] for each in document["sections_in_common"][0]] == [
        ["settings.hooks"],
        ["settings.teams"],
    ]
    first, second, third = (each[DATA]["sections"] for each in document["repositories"])
    assert first == second == 0
    assert len(third) == 2
    assert Manifest.from_json(made.to_json()) == made


def test_a_manifest_that_says_it_of_each_repository_is_read() -> None:
    made = manifest((HOOKS,), (HOOKS,))
    document = written(made)
    (common,) = document.pop("sections_in_common")
    for each in document["repositories"]:
        each[DATA] |= {"sections": common, "reason": None, "warnings": [], "lfs": False}
    assert Manifest.from_json(json.dumps(document).encode()) == made


@pytest.mark.parametrize("number", [2, -1])
def test_a_number_of_nothing_is_damage_that_is_named(number: int) -> None:
    document = written(manifest((HOOKS,), (HOOKS,)))
    document["repositories"][1][DATA]["sections"] = number
    with pytest.raises(DamagedError, match=r"repositories\[1\]\.data\.sections is not an index"):
        Manifest.from_json(json.dumps(document).encode())


def test_ten_thousand_repositories_that_lack_eleven_settings_take_twenty_megabytes() -> None:
    names = (
        *("autolinks", "branch_protection", "deploy_keys", "environments", "hooks", "pages"),
        *("invitations", "secret_names", "teams", "topics", "variables"),
    )
    lacking = tuple(
        LackingSection(f"settings.{each}", "not-permitted", f"needs {each}") for each in names
    )
    few, more = (len(manifest(*[lacking] * count).to_json()) for count in (100, 200))
    assert few + (more - few) * 99 < 20_000_000


def test_the_data_of_accounts_and_the_requests_made_are_read_back() -> None:
    made = manifest(())
    account = account_entry("octo", result("~account", HOOKS))
    made.accounts[account.identity] = account
    made.api_requests = {"changes": 7, "signatures": 1}
    again = Manifest.from_json(made.to_json())
    assert again == made
    assert [item.name for item in again.items][-1] == "octo/~account"
    assert again.totals["account"] == 1
