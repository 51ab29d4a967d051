"""What the check says of GitHub: rights, repositories that are hidden, refusals and silence."""

import json

import pytest

from launcher.preflight.data_rights import ORGANIZATION_RIGHTS, RIGHTS
from local_cloud.github import Account, Catalogue, GitHubStandIn, Repository, TokenRights
from local_cloud.github import Fault as GitHubFault
from local_cloud.github.corpus import init_repository
from local_cloud.github.data import Size, fill
from tests.integration.functions.checking import CHECK, give_token, lines
from tests.integration.functions.world import World


def test_the_right_that_gists_take_is_named_and_no_app_is_told_to_get_it(
    ready: World, hub: GitHubStandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "octo: secret ones need a token of octo" in lines(ready)["gists"]
    hub.catalogue.tokens["good"] = "octo"
    give_token(ready, monkeypatch)
    assert lines(ready)["gists"] == "ok: nothing is missing"
    for rights, lack in (
        (TokenRights(frozenset({"repo"})), "scope gist"),
        (TokenRights(None, permissions={"metadata": "read"}), "permission Gists"),
    ):
        hub.rights["good"] = rights
        line = f"note: only public ones of octo unless you add the {lack}"
        assert lines(ready)["gists"] == line
    monkeypatch.setenv("BACKUP_OPTIONS", "--no-gists")
    assert lines(ready)["gists"] == "ok: excluded by BackupOptions"


def test_the_rights_that_project_data_lacks_are_named_with_what_they_save(
    ready: World, hub: GitHubStandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = "project data"
    assert lines(ready)[name].startswith("note: not saved: it needs a token")
    hub.catalogue.tokens["good"] = "octo"
    hub.catalogue.add(Repository(2, "octo", "secret", private=True))
    init_repository(hub.root / "octo" / "secret.git")
    give_token(ready, monkeypatch)
    assert lines(ready)[name] == "ok: nothing is missing"
    every = {"metadata", "contents", *(right.key for right in RIGHTS)} - {"issues", "secrets"}
    hub.rights["good"] = TokenRights(None, permissions=dict.fromkeys(every, "read"))
    assert lines(ready)[name] == (
        "note: not saved of octo unless you add these rights, read-only: Issues (issues, labels, "
        "milestones), Secrets (names of secrets)"
    )
    fill(hub.data, 2, Size(discussions=1))
    every = {"metadata", "contents", *(right.key for right in RIGHTS)}
    every -= {"discussions", "environments"}
    hub.rights["good"] = TokenRights(None, permissions=dict.fromkeys(every, "read"))
    assert lines(ready)[name].endswith(
        "Discussions (discussions), Environments (variables and secret names of environments)"
    )
    monkeypatch.setenv("BACKUP_OPTIONS", "--kinds git,wiki")
    assert lines(ready)[name] == "ok: excluded by BackupOptions"


def test_the_rights_that_an_organizations_own_data_lacks_are_named(
    ready: World, hub: GitHubStandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    hub.catalogue.accounts["octo"] = Account("octo", "Organization")
    hub.catalogue.tokens["good"] = "monalisa"
    hub.catalogue.add(Repository(2, "octo", "secret", private=True))
    init_repository(hub.root / "octo" / "secret.git")
    give_token(ready, monkeypatch)
    every = {right.key for right in (*RIGHTS, *ORGANIZATION_RIGHTS)}
    given = dict.fromkeys({"metadata", "contents", "issue_types", *every}, "read")
    for lacking in ("members", "organization_secrets", "organization_administration"):
        del given[lacking]
    hub.rights["good"] = TokenRights(None, permissions=given)
    assert lines(ready)["project data"] == (
        "note: not saved of octo unless you add these rights, read-only: Members (members with "
        "their roles, outside collaborators, teams), Administration of the organization (to "
        "write: the organization's rulesets), Secrets of the organization (names of the "
        "organization's secrets)"
    )
    hub.rights["good"] = TokenRights(frozenset({"repo", "read:org"}))
    assert lines(ready)["project data"] == (
        "note: not saved of octo unless you add these rights, read-only: scope read:project "
        "(projects with their fields and items)"
    )
    monkeypatch.setenv("BACKUP_OPTIONS", "--no-account")
    assert lines(ready)["project data"] == "ok: nothing is missing"


def test_that_nothing_would_be_backed_up_is_to_be_mended(
    ready: World, hub: GitHubStandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    hub.catalogue = Catalogue({"octo": Account("octo")}, {}, {"good": "octo"})
    hub.catalogue.add(Repository(1, "octo", "secret", private=True))
    output = lines(ready)["GitHub"]
    assert output.startswith(
        "action needed: no repository of octo is visible: nothing would be backed up"
    )
    assert "GitHubTokenParameter" in output
    hub.catalogue.add(Repository(2, "octo", "other", private=True))
    give_token(ready, monkeypatch)
    assert "octo, 2 repositories seen (2 private)" in lines(ready)["GitHub"]


def test_no_token_is_to_be_mended_for_private_repositories_are_hidden(ready: World) -> None:
    assert lines(ready)["GitHub"].startswith(
        "action needed: octo, 1 repository seen; public only: without a token no private "
        "repository is visible. Store a token"
    )


@pytest.mark.parametrize(
    ("rights", "output"),
    [
        (TokenRights(None, counts=True), "ok: octo, 3 repositories seen (2 private)"),
        (TokenRights(None), "ok: octo, 3 repositories seen (2 private), total unknown"),
        (
            TokenRights(None, frozenset({"octo/secret"}), counts=True),
            "action needed: octo, 2 repositories seen (1 private); 2 of 3 repositories of octo are "
            "visible: give the token access to all of them",
        ),
        (
            TokenRights(None, frozenset({"octo/secret"})),
            "ok: octo, 2 repositories seen (1 private), total unknown",
        ),
        (
            TokenRights(None, frozenset(), counts=True),
            "action needed: octo, 1 repository seen; 1 of 3 repositories of octo are visible",
        ),
        (
            TokenRights(frozenset({"public_repo"})),
            "action needed: octo, 1 repository seen; the token lacks the scope repo",
        ),
    ],
    ids=["fine-counted", "fine", "selected-counted", "selected", "none-counted", "classic-public"],
)
def test_repositories_that_a_token_hides_are_to_be_mended(
    ready: World,
    hub: GitHubStandIn,
    monkeypatch: pytest.MonkeyPatch,
    rights: TokenRights,
    output: str,
) -> None:
    hub.catalogue.tokens["good"] = "octo"
    for number, name in enumerate(("secret", "other"), 2):
        hub.catalogue.add(Repository(number, "octo", name, private=True))
        init_repository(hub.root / "octo" / f"{name}.git")
    hub.rights["good"] = rights
    give_token(ready, monkeypatch)
    assert lines(ready)["GitHub"].startswith(output)


@pytest.mark.parametrize(
    ("rights", "output"),
    [
        (TokenRights(), "ok: octo, 1 repository seen (1 private), total unknown"),
        (
            TokenRights(frozenset({"repo", "admin:org"})),
            "action needed: octo, 1 repository seen (1 private); "
            "1 of 3 repositories of octo are visible",
        ),
    ],
    ids=["member", "told"],
)
def test_an_organizations_count_is_compared_where_it_is_told(
    ready: World,
    hub: GitHubStandIn,
    monkeypatch: pytest.MonkeyPatch,
    rights: TokenRights,
    output: str,
) -> None:
    hub.catalogue = Catalogue(
        {"octo": Account("octo", "Organization"), "ann": Account("ann")}, {}, {"good": "ann"}
    )
    hub.catalogue.add(Repository(1, "octo", "secret", private=True))
    init_repository(hub.root / "octo" / "secret.git")
    hub.rights["good"] = rights
    if "admin:org" in (rights.scopes or ()):
        body = {"login": "octo", "public_repos": 0, "owned_private_repos": 3}
        hub.faults.add(GitHubFault("/orgs/octo", status=200, body=json.dumps(body).encode()))
    give_token(ready, monkeypatch)
    assert lines(ready)["GitHub"].startswith(output)


@pytest.mark.parametrize("selected", [None, frozenset({"octo/hello"})], ids=["all", "selected"])
def test_an_app_for_selected_repositories_is_to_be_mended(
    ready: World,
    hub: GitHubStandIn,
    monkeypatch: pytest.MonkeyPatch,
    selected: frozenset[str] | None,
) -> None:
    key = hub.apps.create()
    hub.apps.install("octo", selected=selected)
    ready.aws.client("ssm").put_parameter(Name="/key", Value=key, Type="SecureString")
    monkeypatch.setenv("GITHUB_APP_ID", "4711")
    monkeypatch.setenv("GITHUB_APP_KEY_PARAMETER", "/key")
    line = lines(ready)["GitHub"]
    assert line.startswith(
        "action needed: the GitHub App is installed on selected" if selected else "ok: "
    )


def test_an_owner_that_github_does_not_know_is_one_line_and_stops_no_other(
    ready: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GITHUB_OWNERS", "ghost")
    checks = lines(ready)
    assert checks["GitHub"].startswith(
        "action needed: GitHubOwner: GitHub knows no account named ghost"
    )
    assert checks["bucket versions"].startswith("ok")


@pytest.mark.parametrize(
    ("fault", "output"),
    [
        (GitHubFault("*", status=503), "status 503: injected fault"),
        (GitHubFault("*", action="reset"), "no answer: ProtocolError"),
    ],
)
def test_a_github_that_does_not_answer_is_not_called_in_order(
    ready: World, hub: GitHubStandIn, fault: GitHubFault, output: str
) -> None:
    hub.faults.add(fault)
    line = lines(ready)["GitHub"]
    assert line == f"note: GitHub could not be asked about octo ({output}): check again later"


IP_LIST = (
    "Although you appear to have the correct authorization credentials, the `octo` organization "
    "has an IP allow list enabled, and your IP address is not permitted to access this resource."
)


@pytest.mark.parametrize(
    ("refused", "status", "message", "reported"),
    [
        ("/users/octo", 403, IP_LIST, f"GitHub does not show octo (403: {IP_LIST}; the list must"),
        (
            "/user",
            403,
            "Sorry. Your account was suspended",
            "octo, 0 public repositories seen, total unknown; GitHub does not show whose the token "
            "is (403: Sorry. Your account was suspended)",
        ),
        (
            "/user/repos",
            403,
            IP_LIST,
            "octo, 0 public repositories seen, total unknown; GitHub does not show the private "
            f"repositories of octo (403: {IP_LIST}; the list must",
        ),
        ("/user/repos", 451, "Taken down", "repositories of octo (451: Taken down)"),
        ("/user/repos", 404, "Not Found", "repositories of octo (404)"),
    ],
)
def test_a_refused_listing_asks_for_action_with_githubs_message(
    ready: World,
    hub: GitHubStandIn,
    monkeypatch: pytest.MonkeyPatch,
    refused: str,
    status: int,
    message: str,
    reported: str,
) -> None:
    hub.catalogue = Catalogue({"octo": Account("octo")}, {}, {"good": "octo"})
    give_token(ready, monkeypatch)
    body = json.dumps({"message": message}).encode()
    hub.faults.add(GitHubFault(refused, status=status, body=body))
    answer = ready.invoke("launcher", CHECK)
    assert answer["status"] == "mend"
    assert answer["checks"]["GitHub"].startswith("action needed: ")
    assert reported in answer["checks"]["GitHub"]


def test_a_listing_that_a_rate_limit_refuses_is_to_be_looked_at_later(
    ready: World, hub: GitHubStandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    hub.catalogue.tokens["good"] = "octo"
    give_token(ready, monkeypatch)
    body = b'{"message": "API rate limit exceeded for user ID 1."}'
    hub.faults.add(GitHubFault("/user/repos", status=403, body=body))
    line = lines(ready)["GitHub"]
    assert line.startswith("note: ")
    assert "(status 403: API rate limit exceeded for user ID 1.): check again later" in line
