"""What is told of project data that is not saved, and what the verdict makes of it."""

from dataclasses import replace

from backup_contract.documents.manifest import Archive, Entry, ItemResult, Manifest
from backup_contract.documents.parts.data_state import DataState, LackingSection
from backup_contract.judgement.unsaved_data import saves_data_first, unsaved_data
from backup_contract.judgement.verdict import Kind
from backup_contract.kinds import DATA, GIT
from tests.unit.backup_contract.judgement.test_verdict import MANIFEST, SAVED, SHA, by_id, verdict

HOOKS = LackingSection("settings.hooks", "not-permitted", "needs webhooks=read")
TEAMS = LackingSection("settings.teams", "not-permitted", "needs administration=read")
KEYS = LackingSection("settings.deploy_keys", "not-permitted", "needs administration=read")


def repository(number: int, *lacking: LackingSection) -> Entry:
    state = DataState("s", sections=lacking)
    archive = Archive(f"github_backups/octo/r{number}~data.zip", 1, SHA, "r1")
    data = ItemResult("backed-up", archive=archive, data=state)
    if state.failure:
        data = replace(data, state="failed", reason=state.failure)
    results = {GIT: SAVED, DATA: data}
    return Entry(number, "octo", f"r{number}", False, False, False, results)


def manifest(*entries: Entry) -> Manifest:
    return replace(MANIFEST, entries=by_id(*entries), listed=len(entries))


def test_rights_that_lack_are_one_line_whatever_number_of_repositories_lack_them() -> None:
    many = manifest(*(repository(number, HOOKS, KEYS, TEAMS) for number in range(1000)))
    assert unsaved_data(many) == (
        "Project data that is not saved, as a right is lacking: settings.deploy_keys, "
        "settings.teams of 1000 repositories (needs administration=read); settings.hooks of 1000 "
        "repositories (needs webhooks=read). A token, or a GitHub App, that has these rights saves "
        "it with the next run."
    )
    assert verdict(many).kind is Kind.VERIFIED


def test_what_is_switched_off_is_told_and_changes_no_verdict() -> None:
    used = LackingSection("issues", "switched-off", "410", here=7)
    off = manifest(repository(1, used), repository(2, LackingSection("wikis", "switched-off")))
    assert "issues of octo/r1" in unsaved_data(off)
    assert "wikis" not in unsaved_data(off)
    assert "right" not in unsaved_data(off)
    assert verdict(off).kind is Kind.VERIFIED


def test_of_complete_data_and_of_none_nothing_is_told() -> None:
    assert unsaved_data(manifest(repository(1))) == ""
    assert unsaved_data(MANIFEST) == ""


def test_many_reasons_are_cut() -> None:
    entries = [
        repository(number, LackingSection("x", "not-permitted", f"reason {number}"))
        for number in range(9)
    ]
    assert "and for 4 more reasons, all in the manifest" in unsaved_data(manifest(*entries))


def test_what_failed_was_cut_or_is_under_way_makes_the_run_partial_and_is_named() -> None:
    for state in ("failed", "truncated", "under-way"):
        section = LackingSection("issues", state, "so", 3, 9)
        found = verdict(manifest(repository(1, section), repository(2)))
        assert found.kind is Kind.PARTIAL
        assert found.reason.startswith("1 repository lacks some of its project data; all others")
        assert found.problems[0].startswith(f"octo/r1.data: issues {state.replace('-', ' ')}, 3 of")


def test_only_the_first_run_with_project_data_of_a_known_account_says_so() -> None:
    now = manifest(repository(1))
    assert saves_data_first(now, MANIFEST)
    assert not saves_data_first(now, now)
    assert not saves_data_first(now, None)
    assert not saves_data_first(MANIFEST, MANIFEST)
