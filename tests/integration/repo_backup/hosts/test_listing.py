"""A listing that cannot be trusted is an error of the whole run, named as such."""

import json

import pytest

from local_cloud.github import Edit, Fault, GitHubStandIn, Repository
from repo_backup.cli.main import main
from repo_backup.store.directory import DirectoryStore
from tests.integration.repo_backup.conftest import ALL, Destination
from tests.surplus import slow_but


def _errors(destination: Destination, run_id: str = "r1") -> str:
    assert destination.manifest(run_id)["complete"] is False
    return " ".join(destination.manifest(run_id)["errors"])


def _many(hub: GitHubStandIn, count: int) -> None:
    for number in range(100, 100 + count):
        hub.catalogue.add(Repository(number, "octo", f"many-{number}"))


def _names(destination: Destination, run_id: str = "r1") -> set[str]:
    return {entry["name"] for entry in destination.manifest(run_id)["repositories"]}


def _pages(hub: GitHubStandIn) -> int:
    return sum(request.path == "/user/repos" for request in hub.requests)


def test_a_listing_that_answers_500_once_is_outlasted(
    destination: Destination, hub: GitHubStandIn
) -> None:
    hub.faults.add(Fault("/user/repos", status=500, times=1))
    assert destination.backup("--only", "hello") == 0
    assert destination.manifest()["totals"]["listed"] == len(ALL)


def test_a_rate_limit_with_retry_after_is_waited_for(
    destination: Destination, hub: GitHubStandIn
) -> None:
    hub.faults.add(Fault("/user/repos", status=403, headers={"Retry-After": "1"}, times=1))
    assert destination.backup("--only", "hello") == 0


def test_a_rate_limit_longer_than_any_reset_is_not_waited_for(
    destination: Destination, hub: GitHubStandIn
) -> None:
    hub.faults.add(Fault("/user/repos", status=403, headers={"Retry-After": "86400"}))
    assert destination.backup() == 1


@pytest.mark.parametrize(("excepted", "code"), [("localhost,127.0.0.1", 0), ("example.com", 1)])
def test_a_server_that_no_proxy_names_is_asked_without_the_proxy(
    destination: Destination, environment: pytest.MonkeyPatch, excepted: str, code: int
) -> None:
    environment.setenv("https_proxy", "http://127.0.0.1:9")
    environment.setenv("no_proxy", excepted)
    assert destination.backup("--only", "hello") == code


def test_a_failing_second_page_backs_up_the_first_and_fails_the_run(
    destination: Destination, hub: GitHubStandIn
) -> None:
    _many(hub, 120)
    hub.faults.add(Fault("/user/repos", status=500, skip=1))
    assert destination.backup("--only", "hello", "--no-drill") == 1
    assert "the listing failed after 100 repositories" in _errors(destination)
    assert destination.states()["hello"] == "backed-up"
    assert destination.markers() == []


ONLY = ("--only", "hello", "--no-wikis", "--no-drill")


@pytest.mark.parametrize(
    ("edits", "pages"),
    slow_but(
        {1, 3, 5},
        [
            ([], 4),
            ([Edit("move", "octo/empty", "octo/zzz")], 4),
            ([Edit("create", "octo/aaa")], 4),
            ([Edit("delete", "octo/many-101")], 8),
            ([Edit("move", "octo/many-101", "octo-org/many-101")], 8),
            ([Edit("delete", "octo/many-101"), Edit("create", "octo/aaa")], 8),
        ],
    ),
    ids=["nothing", "renamed", "created", "deleted", "transferred", "deleted-and-created"],
)
def test_what_changes_between_two_pages_hides_no_other_repository(
    destination: Destination, hub: GitHubStandIn, edits: list[Edit], pages: int
) -> None:
    _many(hub, 150)
    everything = {each.name for each in hub.catalogue.visible("octo", "octo")}
    hub.faults.add(Fault("/user/repos", "none", query="*&page=2", edits=edits, times=1))
    assert destination.backup(*ONLY) == 0
    changed = {edit.name.partition("/")[2] for edit in edits}
    assert _names(destination) >= everything - changed
    assert _pages(hub) == pages


def test_a_listing_that_never_stands_still_backs_up_all_that_it_saw_and_is_no_success(
    destination: Destination, hub: GitHubStandIn
) -> None:
    _many(hub, 150)
    for number in range(100, 104):
        edit = Edit("delete", f"octo/many-{number}")
        hub.faults.add(Fault("/user/repos", "none", query="*&page=2", edits=[edit], times=1))
    assert destination.backup(*ONLY) == 1
    assert "octo: the listing changed each of the 4 times that it was read" in _errors(destination)
    assert len(_names(destination)) == 158
    assert destination.states()["hello"] == "backed-up"
    assert destination.markers() == []


@pytest.mark.parametrize(("count", "pages"), [(92, 4), (242, 8), (292, 8)])
def test_a_proxy_that_strips_link_headers_costs_no_repository(
    destination: Destination, hub: GitHubStandIn, count: int, pages: int
) -> None:
    _many(hub, count)
    hub.faults.add(Fault("/user/repos", "no-link"))
    assert destination.backup(*ONLY) == 0
    assert destination.manifest()["totals"]["listed"] == count + len(ALL)
    assert _pages(hub) == pages


@pytest.mark.parametrize("action", ["odd-link", "repeat"])
def test_an_odd_link_header_and_repeated_items_cost_no_repository(
    destination: Destination, hub: GitHubStandIn, action: str
) -> None:
    _many(hub, 242)
    hub.faults.add(Fault("/user/repos", action))  # type: ignore[arg-type]
    assert destination.backup(*ONLY) == 0
    assert destination.manifest()["totals"]["listed"] == 250


def test_a_page_in_the_middle_that_is_not_full_ends_nothing(
    destination: Destination, hub: GitHubStandIn
) -> None:
    _many(hub, 242)
    hub.faults.add(Fault("/user/repos", "short", query="*&page=2"))
    assert destination.backup(*ONLY) == 0
    assert destination.manifest()["totals"]["listed"] == 249


@pytest.mark.parametrize(
    ("action", "named"),
    [
        ("null-item", "it is not a repository but null (item 1 of page 1)"),
        ("null-owner", "octo/hello has no owner (item 1 of page 1)"),
    ],
)
def test_an_item_that_cannot_be_read_is_named_and_all_others_are_backed_up(
    destination: Destination, hub: GitHubStandIn, action: str, named: str
) -> None:
    hub.faults.add(Fault("/user/repos", action, query="*per_page=100"))  # type: ignore[arg-type]
    assert destination.backup("--no-drill") == 1
    assert f"octo: GitHub lists an item that cannot be read: {named}" in _errors(destination)
    assert _names(destination) == {*ALL} - {"hello"}
    assert "failed" not in destination.states().values()
    assert destination.markers() == []


def test_a_listing_costs_one_request_a_page_and_another_to_prove_it(
    destination: Destination, hub: GitHubStandIn
) -> None:
    asked = []
    for count in (0, 92, 93, 292):
        _many(hub, count)
        hub.requests.clear()
        destination.backup(*ONLY)
        asked.append(_pages(hub))
    assert asked == [2, 2, 4, 6]


def test_a_failing_listing_is_an_error(destination: Destination, hub: GitHubStandIn) -> None:
    hub.faults.add(Fault("/user/repos", status=500))
    assert destination.backup() == 1
    assert destination.markers() == []


def test_a_listing_far_shorter_than_the_account_says_is_truncated(
    destination: Destination, hub: GitHubStandIn
) -> None:
    account = {"login": "octo", "type": "User", "public_repos": 40}
    hub.faults.add(Fault("/users/octo", status=200, body=json.dumps(account).encode()))
    assert destination.backup("--only", "hello") == 1
    assert "truncated: 7 of 40" in _errors(destination)


def test_a_listing_that_shrinks_sharply_is_an_error_until_it_is_accepted(
    destination: Destination, hub: GitHubStandIn
) -> None:
    assert destination.backup("--no-drill") == 0
    for name in ALL[:6]:
        del hub.catalogue.repositories[f"octo/{name}"]
    assert destination.backup("--no-drill", run_id="r2") == 1
    assert "octo lists 2 repositories, 8 in the last complete run" in _errors(destination, "r2")
    assert len(destination.markers()) == 1
    assert destination.backup("--no-drill", "--allow-shrink", run_id="r3") == 0


@pytest.mark.parametrize("token", [True, False])
def test_an_account_without_any_repository_is_an_error_until_it_is_accepted(
    destination: Destination,
    hub: GitHubStandIn,
    capsys: pytest.CaptureFixture[str],
    token: bool,
) -> None:
    for name in ALL:
        del hub.catalogue.repositories[f"octo/{name}"]
    run = destination.backup if token else destination.public_backup
    if not token:
        destination.environment.delenv("GITHUB_TOKEN", raising=False)
    assert run() == 1
    remedy = "give a token (or a GitHub App)" if token else "give GITHUB_TOKEN"
    assert remedy in _errors(destination)
    assert remedy in capsys.readouterr().err
    assert destination.markers() == []
    assert run("--dry-run", run_id="r2") == 1
    assert remedy in capsys.readouterr().err
    assert run("--allow-shrink", run_id="r3") == 0
    assert len(destination.markers()) == 1


def test_options_that_leave_everything_out_are_an_error(
    destination: Destination, capsys: pytest.CaptureFixture[str]
) -> None:
    destination.backup("--no-drill", run_id="r0")
    assert destination.backup("--exclude", "*") == 1
    assert "exclude all 8 repositories: 8 (--exclude *)" in _errors(destination)
    assert "exclude all 8" in capsys.readouterr().err
    assert len(destination.markers()) == 1


def test_a_complete_run_stays_one_when_it_is_asked_for_nothing_afterwards(
    destination: Destination,
) -> None:
    destination.backup("--no-drill")
    assert destination.backup("--exclude", "*") == 1
    assert destination.manifest()["complete"] is True


def test_one_of_two_owners_without_a_repository_is_named(
    destination: Destination, hub: GitHubStandIn
) -> None:
    del hub.catalogue.repositories["octo-org/tools"]
    assert destination.backup("--owner", "octo-org", "--only", "hello", "--no-drill") == 0
    assert "octo-org: GitHub lists no repository of it" in destination.manifest()["notices"]


@pytest.mark.parametrize("owner", ["nobody-of-that-name", "octo-orgg"], ids=["unknown", "misspelt"])
def test_an_unknown_owner_is_refused(
    destination: Destination, owner: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert destination.backup(owner=owner) == 1
    assert f"knows no user or organization named '{owner}'" in capsys.readouterr().err


@pytest.mark.parametrize(("status", "body"), [(404, b"<title>Nothing here</title>"), (410, b"{}")])
def test_an_owner_whom_something_else_does_not_know_is_not_called_unknown(
    destination: Destination,
    hub: GitHubStandIn,
    capsys: pytest.CaptureFixture[str],
    status: int,
    body: bytes,
) -> None:
    hub.faults.add(Fault("/users/octo", status=status, body=body))
    assert destination.backup(owner="octo") == 1
    output = capsys.readouterr().err
    assert f"octo could not be looked up: GitHub has nothing at /users/octo ({status})" in output
    assert "knows no user" not in output


def test_a_rejected_token_is_refused_at_once(
    destination: Destination, hub: GitHubStandIn, capsys: pytest.CaptureFixture[str]
) -> None:
    destination.environment.setenv("GITHUB_TOKEN", "wrong")
    assert destination.public_backup() == 1
    assert "rejects the token" in capsys.readouterr().err
    assert len(hub.requests) == 1


def test_a_name_that_would_leave_the_destination_costs_only_its_repository(
    destination: Destination, hub: GitHubStandIn
) -> None:
    hub.catalogue.add(Repository(70, "octo", "../../evil"))
    assert destination.backup("--no-drill") == 3
    assert destination.entry("../../evil")["reason"].startswith("its name is unsafe")
    failed = [name for name, state in destination.states().items() if state == "failed"]
    assert failed == ["../../evil"]
    assert {path.name for path in destination.root.iterdir()} == {"github_backups", "runs"}


def test_the_tokens_expiry_is_in_the_manifest(destination: Destination, hub: GitHubStandIn) -> None:
    hub.token_expires_at = "2026-12-24 00:00:00 UTC"
    destination.backup("--only", "hello")
    assert destination.manifest()["token_expires_at"] == "2026-12-24T00:00:00Z"


@pytest.mark.parametrize(
    ("address", "why"),
    [
        ("http://127.0.0.1:1", "{host} cannot be reached (nothing answers there): check"),
        ("http://no-such-host.test", "{host} cannot be reached (no such host is known): check"),
        ("https://{plain}", "the connection to {host} for /user broke: TLS fails: "),
    ],
)
def test_a_github_that_cannot_be_reached_is_named_and_leaves_no_marker(
    destination: Destination,
    hub: GitHubStandIn,
    capsys: pytest.CaptureFixture[str],
    address: str,
    why: str,
) -> None:
    arguments = ["backup", "--destination", str(destination.root), "--owner", "octo"]
    address = address.format(plain=hub.api_url.removeprefix("http://"))
    destination.environment.setenv("GITHUB_API_URL", address)
    assert main(arguments) == 1
    host = address.partition("://")[2]
    assert why.format(host=host) in capsys.readouterr().err
    assert destination.markers() == []


def test_a_pattern_that_names_nothing_is_an_error_and_no_empty_success(
    destination: Destination, capsys: pytest.CaptureFixture[str]
) -> None:
    assert destination.backup("--only", "helo") == 1
    assert "no repository matches --only helo" in capsys.readouterr().err
    assert destination.markers() == []


def test_what_a_narrower_run_did_not_see_is_still_listed_and_verified(
    destination: Destination, capsys: pytest.CaptureFixture[str]
) -> None:
    destination.backup(run_id="r1")
    destination.environment.delenv("GITHUB_TOKEN", raising=False)
    destination.public_backup(run_id="r2")
    capsys.readouterr()
    assert main(["list", "--source", str(destination.root)]) == 0
    assert "github_backups/octo/secret.wiki.zip" in capsys.readouterr().out
    assert main(["verify", "--all", "--source", str(destination.root)]) == 0
    assert "11 of 11 archives are good" in capsys.readouterr().out


def test_the_newest_run_is_the_one_written_last_whatever_it_is_named(
    destination: Destination,
) -> None:
    destination.backup("--only", "hello", run_id="zzz")
    destination.backup(run_id="2026-11-27T17-00-00Z")
    assert DirectoryStore(destination.root).run_ids() == ["2026-11-27T17-00-00Z", "zzz"]
    assert destination.backup(run_id="aaa") == 0
    assert destination.states("aaa")["hello"] == "unchanged"
