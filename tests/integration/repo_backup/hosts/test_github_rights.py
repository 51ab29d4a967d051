"""What a token lacks is named: never a short listing in silence."""

import json

import pytest

from local_cloud.github import CORPUS_TOKEN, Fault, GitHubStandIn, TokenRights
from tests.integration.repo_backup.conftest import Destination

PARTIAL = {"X-GitHub-SSO": "partial-results; organizations=21955855,20582480"}


def test_organizations_that_single_sign_on_hides_are_an_error_of_the_run(
    destination: Destination, hub: GitHubStandIn
) -> None:
    hub.api_headers = PARTIAL
    assert destination.backup("--no-drill", owner="octo-org") == 1
    (error,) = destination.manifest()["errors"]
    assert "left out organizations that require single sign-on" in error
    assert destination.states() == {"tools": "backed-up"}
    assert destination.markers() == []


def test_they_do_not_matter_to_a_persons_own_repositories(
    destination: Destination, hub: GitHubStandIn
) -> None:
    hub.api_headers = PARTIAL
    assert destination.backup("--no-drill", "--only", "hello") == 0


def test_a_repository_that_single_sign_on_protects_says_so(
    destination: Destination, hub: GitHubStandIn
) -> None:
    headers = {"X-GitHub-SSO": "required; url=https://github.com/orgs/x/sso?token=abc"}
    hub.faults.add(Fault("/octo/secret.git/*", status=403, headers=headers))
    assert destination.backup("--no-drill", "--no-wikis") == 3
    reason = destination.entry("secret")["reason"]
    assert "requires single sign-on: authorize the token" in reason
    assert "abc" not in reason


@pytest.mark.parametrize("scopes", ["", "public_repo, read:org"])
def test_a_classic_token_without_its_scope_is_in_the_manifest(
    destination: Destination, hub: GitHubStandIn, scopes: str
) -> None:
    hub.rights[CORPUS_TOKEN] = TokenRights(frozenset(scopes.split(", ")))
    destination.backup("--no-drill", "--only", "hello")
    assert destination.manifest()["notices"] == [
        "the GitHub token lacks the scope repo: private repositories are not seen",
        "octo: only public gists are saved: the token lacks the scope gist",
    ]


@pytest.mark.parametrize("scopes", [None, frozenset({"repo", "gist"})], ids=["fine", "classic"])
def test_a_token_that_lacks_nothing_is_not_complained_of(
    destination: Destination, hub: GitHubStandIn, scopes: frozenset[str] | None
) -> None:
    hub.rights[CORPUS_TOKEN] = TokenRights(scopes)
    destination.backup("--no-drill", "--only", "hello")
    assert destination.manifest()["notices"] == []


@pytest.mark.parametrize(
    ("status", "body", "answer"),
    [
        (
            403,
            b"remote: Write access to repository not granted.\n",
            "(403): Write access to repository not granted.; the token lacks the permission "
            "Contents (read)",
        ),
        (
            404,
            b"Repository not found.\n",
            "(404): Repository not found; it was listed, so the token lacks the permission to "
            "read its contents (Contents), or it was renamed or deleted since",
        ),
        (
            403,
            b"Access to this repository has been disabled by GitHub staff.\n",
            "(403): Access to this repository has been disabled by GitHub staff.",
        ),
        (
            403,
            b"remote: Repository has been locked for migration.\n",
            "(403): Repository has been locked for migration.",
        ),
        (403, b"", "(403)"),
        (
            451,
            b'{"message": "Repository access blocked", "block": {"reason": "dmca", '
            b'"html_url": "https://github.com/github/dmca/blob/master/2026/11/octo.md"}}',
            "(451): Repository access blocked; reason: dmca; see "
            "https://github.com/github/dmca/blob/master/2026/11/octo.md",
        ),
    ],
    ids=["contents", "hidden", "disabled", "locked", "silent", "notice"],
)
def test_a_private_repository_that_git_refuses_has_githubs_reason_and_no_guess(
    destination: Destination, hub: GitHubStandIn, status: int, body: bytes, answer: str
) -> None:
    hub.faults.add(Fault("/octo/secret.git/*", status=status, body=body))
    assert destination.backup("--no-drill", "--no-wikis") == 3
    assert destination.entry("secret")["reason"].endswith(answer)


def test_an_ip_allow_list_is_told_where_the_listing_fails(
    destination: Destination, hub: GitHubStandIn, capsys: pytest.CaptureFixture[str]
) -> None:
    answer = (
        "the `octo` organization has an IP allow list enabled, and your IP address is not on it"
    )
    body = json.dumps({"message": answer}).encode()
    hub.faults.add(Fault("/user/repos", status=403, body=body))
    assert destination.backup("--no-drill") == 1
    shown = capsys.readouterr().err
    assert f"GitHub refuses /user/repos (403): {answer}; the list must contain the public" in shown


UNAVAILABLE = "Repository storage is temporarily unavailable"
WIKI = "/octo/hello.wiki.git/info/refs"


def answers(words: str, times: int | None = None) -> Fault:
    """A wiki's git server that answers 200 with an error in place of refs."""
    lines = ("# service=git-upload-pack\n", f"ERR {words}")
    body = "".join(f"{len(line) + 4:04x}{line}" for line in lines).encode()
    headers = {"Content-Type": "application/x-git-upload-pack-advertisement"}
    return Fault(WIKI, status=200, headers=headers, body=body, times=times)


def test_a_wiki_that_is_unavailable_for_a_moment_is_tried_again(
    destination: Destination, hub: GitHubStandIn
) -> None:
    hub.faults.add(answers(UNAVAILABLE, times=2))
    assert destination.backup("--no-drill", "--only", "hello") == 0
    assert destination.states()["hello.wiki"] == "backed-up"


@pytest.mark.parametrize(
    ("fault", "answer"),
    [
        (answers(UNAVAILABLE), f"the server answers: {UNAVAILABLE}"),
        (Fault(WIKI, status=404, body=b"<title>No route</title>"), "titled 'No route'"),
        (Fault(WIKI, status=410, body=b"Gone fishing"), "(410): Gone fishing"),
        (Fault(WIKI, status=403, body=b"remote: Locked."), "(403): Locked."),
        (
            Fault(WIKI, status=200, headers={"Content-Type": "text/html"}, body=b"<title>Log in"),
            "does not speak git's smart protocol: it sent text/html, a web page, titled 'Log in'",
        ),
    ],
    ids=["unavailable", "proxy", "gone", "locked", "page"],
)
def test_a_wiki_that_is_refused_has_failed_and_is_not_absent(
    destination: Destination, hub: GitHubStandIn, fault: Fault, answer: str
) -> None:
    hub.faults.add(fault)
    assert destination.backup("--no-drill", "--only", "hello") == 3
    wiki = destination.entry("hello")["wiki"]
    assert wiki["state"] == "failed"
    assert wiki["reason"].endswith(answer)


def test_a_wiki_without_a_first_page_is_absent(
    destination: Destination, hub: GitHubStandIn
) -> None:
    hub.faults.add(answers("access denied or repository not exported: /c/nw/cc/50/1/1.wiki.git"))
    assert destination.backup("--no-drill", "--only", "hello") == 0
    assert destination.states()["hello.wiki"] == "absent"
