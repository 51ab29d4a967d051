"""What a token lacks is named: never a short listing in silence."""

import pytest

from local_cloud.github import CORPUS_TOKEN, Fault, GitHubStandIn, TokenRights
from tests.integration.repo_backup.conftest import Destination

PARTIAL = {"X-GitHub-SSO": "partial-results; organizations=21955855,20582480"}


def test_organisations_that_single_sign_on_hides_are_an_error_of_the_run(
    destination: Destination, hub: GitHubStandIn
) -> None:
    hub.api_headers = PARTIAL
    assert destination.backup("--no-drill", owner="octo-org") == 1
    (error,) = destination.manifest()["errors"]
    assert "left organisations out that require single sign-on" in error
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
    assert "requires single sign-on: authorise the token" in reason
    assert "abc" not in reason


@pytest.mark.parametrize("scopes", ["", "public_repo, read:org"])
def test_a_classic_token_without_its_scope_is_in_the_manifest(
    destination: Destination, hub: GitHubStandIn, scopes: str
) -> None:
    hub.rights[CORPUS_TOKEN] = TokenRights(frozenset(scopes.split(", ")))
    destination.backup("--no-drill", "--only", "hello")
    assert destination.manifest()["notices"] == [
        "the GitHub token lacks the scope repo: private repositories are not seen"
    ]


@pytest.mark.parametrize("scopes", [None, frozenset({"repo", "gist"})], ids=["fine", "classic"])
def test_a_token_that_lacks_nothing_is_not_complained_of(
    destination: Destination, hub: GitHubStandIn, scopes: frozenset[str] | None
) -> None:
    hub.rights[CORPUS_TOKEN] = TokenRights(scopes)
    destination.backup("--no-drill", "--only", "hello")
    assert destination.manifest()["notices"] == []


@pytest.mark.parametrize("status", [403, 404])
def test_a_private_repository_that_may_be_listed_and_not_read_names_the_right(
    destination: Destination, hub: GitHubStandIn, status: int
) -> None:
    needed = {"X-Accepted-GitHub-Permissions": "contents=read"}
    hub.faults.add(Fault("/octo/secret.git/*", status=status, headers=needed))
    assert destination.backup("--no-drill", "--no-wikis") == 3
    reason = destination.entry("secret")["reason"]
    assert "lacks the right to read its contents (Contents)" in reason
