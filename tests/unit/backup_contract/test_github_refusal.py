"""GitHub's refusals in its own words; advice only where GitHub names the cause."""

import json
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from urllib3 import HTTPHeaderDict

from backup_contract.github_refusal import read_refusal, text_of, without_credentials

IP_LIST = (
    "Although you appear to have the correct authorization credentials, the `octo` organization "
    "has an IP allow list enabled, and your IP address is not permitted to access this resource."
)
LIFETIME = (
    "The 'octo' organization forbids access via a fine-grained personal access tokens if the "
    "token's lifetime is greater than 366 days. Please adjust your token's lifetime at the "
    "following URL: https://github.com/settings/personal-access-tokens/42"
)
NOTICE = "https://github.com/github/dmca/blob/master/2026/11/2026-11-01-Octo.md"
RIGHT = "X-Accepted-GitHub-Permissions"


def reason(status: int, body: Any, headers: Mapping[str, str] | None = None) -> str:
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    return read_refusal(status, HTTPHeaderDict(headers or {}), data).reason


@pytest.mark.parametrize(
    ("status", "message"),
    [
        (403, "Access to this repository has been disabled by GitHub staff."),
        (403, "Repository has been locked for migration."),
        (403, "Sorry. Your account was suspended."),
        (403, "This repository is currently migrating."),
        (403, "Your account has been flagged."),
        (403, "Sorry. Something that nobody here has heard of."),
        (403, LIFETIME),
        (403, "`octo` forbids access via a personal access token (classic)."),
        (403, "API rate limit exceeded for user ID 1."),
        (401, "Bad credentials"),
        (418, "I am something new"),
    ],
)
@pytest.mark.parametrize("header", [{}, {RIGHT.lower(): "contents=read"}], ids=["bare", "right"])
def test_what_no_right_would_change_is_githubs_message_and_no_advice(
    status: int, message: str, header: dict[str, str]
) -> None:
    page = "https://docs.github.com/rest/repos/repos#list-organization-repositories"
    refused = reason(status, {"message": message, "documentation_url": page}, header)
    assert refused == f"{status}: {message}"


@pytest.mark.parametrize(
    ("body", "shown"),
    [
        (b"remote: Access denied.\nremote: Ask the owner.\n", "Access denied. Ask the owner."),
        (b"Repository not found.\n", "Repository not found."),
        (b"<html><TITLE>Blocked by\n proxy</title>", "a web page, titled 'Blocked by proxy'"),
        (b"<!doctype html><p>no", "a web page"),
        (b"\xff\x1b[2Jforged\nline", "\N{REPLACEMENT CHARACTER}?[2Jforged line"),
    ],
)
def test_git_answers_in_plain_text(body: bytes, shown: str) -> None:
    assert reason(403, body) == f"403: {shown}"
    assert text_of(body) == shown


def test_an_ip_allow_list_is_named_with_its_remedy_and_not_the_permission() -> None:
    refused = reason(403, {"message": IP_LIST}, {RIGHT: "metadata=read"})
    assert refused.startswith(f"403: {IP_LIST}; the list must contain the public address")
    assert "Metadata" not in refused


def test_single_sign_on_names_the_organization() -> None:
    url = "https://github.com/orgs/octo/sso?authorization_request=AZSC"
    refused = reason(
        403,
        {"message": "Resource protected by organization SAML enforcement."},
        {"X-GitHub-SSO": f"required; url={url}"},
    )
    assert refused.startswith("403: Resource protected by organization SAML enforcement.; octo req")
    assert "authorize the token" in refused
    assert "AZSC" not in refused


@pytest.mark.parametrize("status", [403, 451])
def test_a_notice_is_named_by_its_address(status: int) -> None:
    block = {"reason": "dmca", "created_at": "2026-11-01T00:00:00Z", "html_url": NOTICE}
    refused = reason(status, {"message": "Repository access blocked", "block": block})
    assert refused == f"{status}: Repository access blocked; reason: dmca; see {NOTICE}"


@pytest.mark.parametrize(
    "url",
    ["javascript:alert(1)", "http://github.com/x", "https://x y", "https://x/\n", 'https://x/"', 1],
)
def test_an_address_that_is_none_is_not_shown(url: object) -> None:
    refused = reason(451, {"message": "m", "block": {"html_url": url}, "documentation_url": url})
    assert refused == "451: m"


def test_a_page_that_explains_is_shown_and_an_endpoints_is_not() -> None:
    page = "https://docs.github.com/articles/about-ip-allow-lists"
    assert reason(403, {"message": "m", "documentation_url": page}) == f"403: m; see {page}"
    for general in ("https://docs.github.com/rest", "https://example.com/articles/x"):
        assert reason(403, {"message": "m", "documentation_url": general}) == "403: m"


def test_the_list_of_errors_is_part_of_the_message() -> None:
    errors = [
        "plain",
        {"resource": "Repository", "field": "name", "code": "invalid"},
        {"message": "too many"},
        None,
        {},
    ]
    parts = reason(422, {"message": "Validation Failed", "errors": errors})
    assert parts == "422: Validation Failed; plain; Repository name invalid; too many"


@pytest.mark.parametrize(
    ("header", "named"),
    [
        ("contents=read", "Contents (read)"),
        ("contents=read,metadata=read", "Contents (read) and Metadata (read)"),
        (
            "pull_requests=read; issues=write,metadata=read",
            "Pull requests (read) or Issues (write) and Metadata (read)",
        ),
        ("contents=read; allows_permissionless_access=true", "Contents (read)"),
    ],
)
def test_the_lacking_permission_is_named(header: str, named: str) -> None:
    body = {"message": "Resource not accessible by personal access token"}
    parts = "Resource not accessible by personal access token; the permission that it needs: "
    assert reason(403, body, {RIGHT: header}) == f"403: {parts}{named}"


@pytest.mark.parametrize(
    ("has", "accepted", "named"),
    [
        ("public_repo, read:org", "repo", "the token lacks the scope repo"),
        ("", "admin:org, read:org", "the token lacks one of the scopes admin:org, read:org"),
        ("repo", "repo", ""),
        ("repo", "", ""),
        (None, "repo", ""),
    ],
)
@pytest.mark.parametrize("status", [403, 404])
def test_the_lacking_scope_is_named(
    status: int, has: str | None, accepted: str, named: str
) -> None:
    headers = {"X-Accepted-OAuth-Scopes": accepted}
    if has is not None:
        headers["X-OAuth-Scopes"] = has
    refused = read_refusal(status, HTTPHeaderDict(headers), b'{"message": "no"}')
    assert refused.remedy == named


def test_a_scope_that_the_token_has_is_not_called_lacking() -> None:
    """Its user is no administrator, which no scope changes."""
    headers = {"X-OAuth-Scopes": "gist, repo", "X-Accepted-OAuth-Scopes": "admin:repo_hook, repo"}
    refused = read_refusal(404, HTTPHeaderDict(headers), b'{"message": "Not Found"}')
    assert refused.rights == "a role that the token's user does not have there"
    disabled = b'{"message": "Repository access disabled"}'
    assert read_refusal(403, HTTPHeaderDict(headers), disabled).rights == ""


def test_git_names_lacking_contents_by_a_right_to_write() -> None:
    body = b"remote: Write access to repository not granted.\n"
    assert reason(403, body) == (
        "403: Write access to repository not granted.; the token lacks the permission Contents "
        "(read)"
    )


@pytest.mark.parametrize(
    ("status", "body"),
    [(404, b'{"message": "Not Found"}'), (403, b"[]"), (403, b'{"message": null}'), (403, b"")],
)
def test_no_message_is_no_message(status: int, body: bytes) -> None:
    assert read_refusal(status, HTTPHeaderDict(), body).words in ("", ": []")


@given(
    st.integers(100, 999),
    st.binary(max_size=200) | st.text().map(str.encode) | st.just(b"[" * 100_000),
    st.dictionaries(
        st.sampled_from((RIGHT, "X-GitHub-SSO", "X-OAuth-Scopes", "X-Accepted-OAuth-Scopes")),
        st.text(max_size=100),
    ),
)
def test_whatever_comes_is_one_line_of_bounded_length(
    status: int, body: bytes, headers: dict[str, str]
) -> None:
    parts = reason(status, body, headers)
    assert parts.isprintable()
    assert len(parts) < 5000


@pytest.mark.parametrize(
    ("authorization", "body", "shown"),
    [
        ("Bearer s3cret", b"you sent Bearer s3cret", b"you sent Bearer (token)"),
        ("Basic eDpzM2NyZXQ=", b"Basic eDpzM2NyZXQ=, s3cret", b"Basic (token), (token)"),
        ("", b"nothing was sent", b"nothing was sent"),
    ],
)
def test_a_proxy_that_repeats_the_request_shows_no_credentials(
    authorization: str, body: bytes, shown: bytes
) -> None:
    assert without_credentials(authorization, body) == shown
