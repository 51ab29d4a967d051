"""What is told of project data that is not saved, and what the verdict makes of it."""

from dataclasses import replace

from backup_contract.documents.data_index import SHOWN_TO_OWNER
from backup_contract.documents.manifest import Archive, Entry, ItemResult, Manifest
from backup_contract.documents.parts.accounts import account_entry
from backup_contract.documents.parts.attached import Attached
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
        "Project data that is not saved because a permission is missing: settings.deploy_keys, "
        "settings.teams of 1000 repositories (needs administration=read); settings.hooks of 1000 "
        "repositories (needs webhooks=read). A token, or a GitHub App, that has these rights saves "
        "it within a week."
    )
    assert verdict(many).kind is Kind.VERIFIED


def test_what_takes_the_owners_own_token_is_asked_of_no_app() -> None:
    gists = LackingSection("account.gists", "not-permitted", SHOWN_TO_OWNER)
    assert unsaved_data(manifest(repository(1, gists))) == (
        "Not saved, as GitHub shows it to a token of the account itself alone, and to no GitHub "
        "App: account.gists of octo/r1."
    )
    assert "these rights" in unsaved_data(manifest(repository(1, gists, HOOKS)))


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
        beginning = "1 repository lacks some of its project data; all others"
        if state == "under-way":
            beginning = "project data of 1 repository is under way (issues 3 of 9); all others"
        assert found.reason.startswith(beginning)
        assert found.problems[0].startswith(f"octo/r1.data: issues {state.replace('-', ' ')}, 3 of")


def test_only_the_first_run_with_project_data_of_a_known_account_says_so() -> None:
    now = manifest(repository(1))
    assert saves_data_first(now, MANIFEST)
    assert not saves_data_first(now, now)
    assert not saves_data_first(now, None)
    assert not saves_data_first(MANIFEST, MANIFEST)


def account(login: str, *lacking: LackingSection) -> Entry:
    found = repository(0, *lacking).results[DATA]
    archive = Archive(f"github_backups/{login}/~account.zip", 1, SHA, "r1")
    return account_entry(login, replace(found, archive=archive))


def test_an_account_whose_data_is_not_complete_is_no_repository() -> None:
    failed = LackingSection("account.teams", "failed", "GitHub answers 502")
    accounts = by_id(account("octo", failed))
    judged = verdict(replace(manifest(repository(1)), accounts=accounts))
    assert judged.reason == (
        "1 account lacks some of its data; all repositories are in the bucket, and were checked."
    )
    assert judged.problems == ("octo/~account: account.teams failed (GitHub answers 502)",)
    assert (judged.failed_repositories, judged.failed_accounts, judged.lacking_data) == (0, 1, 0)
    assert "Git repositories and wikis are saved" in judged.advice
    both = verdict(replace(manifest(repository(1, failed)), accounts=accounts))
    assert both.reason.startswith(
        "1 repository lacks some of its project data; 1 account lacks some of its data; all others"
    )
    assert (both.failed_repositories, both.failed_accounts, both.lacking_data) == (1, 1, 1)


def test_an_account_that_is_left_out_is_not_counted_as_a_repository() -> None:
    skipped = account_entry("octo", ItemResult("skipped", "--no-account"))
    judged = verdict(replace(manifest(repository(1)), accounts=by_id(skipped)))
    assert judged.kind is Kind.VERIFIED
    assert "left out" not in judged.reason


def test_what_lacks_in_accounts_is_told_of_accounts() -> None:
    lacks = LackingSection("account.hooks", "not-permitted", "needs webhooks=read")
    entries = manifest(repository(1, HOOKS), repository(2, HOOKS))
    found = replace(entries, accounts=by_id(account("octo", lacks), account("acme", lacks)))
    assert "account.hooks of 2 accounts (needs webhooks=read)" in unsaved_data(found)
    assert "settings.hooks of 2 repositories (needs webhooks=read)" in unsaved_data(found)


def test_a_first_reading_that_goes_on_says_how_far_it_is_in_the_verdict() -> None:
    def reading(issues: int) -> tuple[LackingSection, ...]:
        return (
            LackingSection("issues", "under-way", "spent", issues, 5_000),
            LackingSection("discussions", "under-way", "spent", 1, 7),
            LackingSection("issue_comments", "under-way", "spent", 77),
        )

    failed = LackingSection("labels", "failed", "GitHub answers 502")
    entries = repository(1, *reading(1_200)), repository(2, *reading(0))
    assert verdict(manifest(*entries)).reason.startswith(
        "project data of 2 repositories is under way "
        "(issues 1,200 of 10,000, discussions 2 of 14); all others"
    )
    mixed = repository(3, failed, *reading(0))
    assert verdict(manifest(*entries[:1], mixed)).reason.startswith(
        "project data of 1 repository is under way (issues 1,200 of 5,000, discussions 1 of 7); "
        "1 repository lacks some of its project data; all others"
    )


def test_what_one_limit_ended_is_one_sentence_with_how_far_each_section_is() -> None:
    spent = "this hour's share is used"
    state = DataState(
        "s",
        sections=(
            LackingSection("events", "under-way", spent),
            LackingSection("issue_comments", "under-way", spent, 4_100),
            LackingSection("issues", "under-way", spent, 1_200, 5_000),
            LackingSection("labels", "failed", "GitHub answers 502"),
            LackingSection("settings.hooks", "under-way", spent),
            LackingSection("settings.keys", "under-way", spent),
        ),
    )
    assert state.failure == (
        "under way: events, issue_comments 4100 so far, issues 1200 of 5000, 2 settings "
        "(this hour's share is used); labels failed (GitHub answers 502); the next run goes on"
    )
    of_0_2_0 = "; ".join(each.sentence for each in state.sections) + "; the next run goes on"
    assert state.is_failure(state.failure)
    assert state.is_failure(of_0_2_0)
    assert not state.is_failure("the archive could not be stored")


def test_attached_files_are_counted_and_change_no_verdict() -> None:
    def attached(number: int, count: int) -> Entry:
        found = repository(number)
        result = found.results[DATA]
        assert result.data
        return found.having(DATA, replace(result, data=replace(result.data, attachments=count)))

    many = manifest(attached(1, 3), attached(2, 2), attached(3, 0))
    assert unsaved_data(many) == (
        "5 files attached to issues, pull requests, discussions or releases of 2 repositories are "
        "not saved, but their links are: 5 not tried yet."
    )
    assert "1 file attached" in unsaved_data(manifest(attached(1, 1)))
    assert verdict(many).kind is Kind.VERIFIED


def test_attachments_are_named_with_the_reason_why_they_are_not_saved() -> None:
    def attached(number: int, numbers: Attached) -> Entry:
        found = repository(number)
        result = found.results[DATA]
        assert result.data
        return found.having(DATA, replace(result, data=replace(result.data, attached=numbers)))

    many = manifest(
        attached(1, Attached(9, 2, 5, {"sign-in": 1, "not-found": 4})),
        attached(2, Attached(2, 1, 5, {"of-a-later-version": 1})),
        attached(3, Attached(2, 2, 5)),
    )
    assert unsaved_data(many) == (
        "8 files attached to issues, pull requests, discussions or releases of 2 repositories are "
        "not saved, but their links are: 4 that GitHub does not have, or not for this token (404); "
        "1 for which GitHub wants a browser that is signed in; 1 of-a-later-version; "
        "2 left to the next run."
    )
    one = unsaved_data(manifest(attached(1, Attached(1, 0, 0, {"refused": 1}))))
    assert "is not saved, but its link is: 1 that GitHub refuses." in one
    assert verdict(many).kind is Kind.VERIFIED
