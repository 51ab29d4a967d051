"""Which links in a document are to attachments of GitHub."""

import json

import pytest

from repo_backup.hosts.data import AttachmentSites
from repo_backup.kinds.data.attached.links import attachments_in, may_have_attachments

SITE = "https://github.com"
SITES = AttachmentSites(
    SITE, ("user-images.githubusercontent.com", "private-user-images.githubusercontent.com")
)
FILE = f"{SITE}/user-attachments/files/17213245/report.final.pdf"


def found(text: str, sites: AttachmentSites = SITES) -> list[str]:
    """The attachments of a text in a document, which is one that may have any."""
    document = {"body": text, "comment_data": []}
    links = [*attachments_in(document, sites)]
    assert may_have_attachments(json.dumps(document).encode()) or not links
    return links


@pytest.mark.parametrize(
    "link",
    [
        f"{SITE}/user-attachments/assets/8c5a6b2e-0000-4000-8000-1234567890ab",
        FILE,
        "https://user-images.githubusercontent.com/1/2-3.png",
        "https://private-user-images.githubusercontent.com/1/2-3.png",
        f"{SITE}/octo/hello/files/123/data.csv",
        f"{SITE}/octo/hello/assets/123/8c5a6b2e",
    ],
)
def test_links_of_every_age_are_found_once_each_without_what_signs_them(link: str) -> None:
    assert found(f'![image]({link}) and <img src="{link}?jwt=(removed)">, {link}.') == [link]


@pytest.mark.parametrize(
    "link",
    [
        f"{SITE}/octo/hello/issues/1",
        f"{SITE}/octo/hello/releases/download/v1/program.zip",
        "https://api.github.com/repos/octo/hello/releases/assets/5",
        f"{SITE}/octo/hello/blob/main/assets/logo.png",
        f"{SITE}/octo/assets/5",
        "https://attacker.example/user-attachments/files/1/a.pdf",
        "https://github.com.attacker.example/user-attachments/files/1/a.pdf",
        "https://github.com@attacker.example/user-attachments/files/1/a.pdf",
        f"https://attacker.example/{FILE}",
        "http://169.254.169.254/user-attachments/files/1/a.pdf",
        f"{SITE}:8443/user-attachments/files/1/a.pdf",
        f"{SITE}/user-attachments/files/1/..",
        f"{SITE}/user-attachments/files/1/../../../logout",
        f"{SITE}/user-attachments/files/1/%2e%2e",
        f"{SITE}/user-attachments/files/1/%252e%252e",
        f"{SITE}/user-attachments/files/1/a%2f..%2fb",
        f"{SITE}/user-attachments/files/1/a%00b",
        f"{SITE}/octo/../files/1/a.pdf",
        f"{SITE}/user-attachments/files/1/{'x' * 1001}",
    ],
)
def test_no_other_link_is_one(link: str) -> None:
    assert found(f"see {link} there") == []


def test_an_enterprise_server_has_its_own_and_none_of_githubs() -> None:
    sites = AttachmentSites("https://ghe.example.org")
    own = "https://ghe.example.org/user-attachments/files/1/log.txt"
    assert found(f"{own} {FILE} https://user-images.githubusercontent.com/1/2.png", sites) == [own]


def test_a_link_by_http_is_asked_for_by_https() -> None:
    assert found(FILE.replace("https", "http")) == [FILE]


def test_a_name_beyond_ascii_is_written_as_a_url() -> None:
    base = f"{SITE}/user-attachments/files/1"
    assert found(f"{base}/Γειά.pdf {base}/\ud800.pdf") == [
        f"{base}/%CE%93%CE%B5%CE%B9%CE%AC.pdf",
        f"{base}/%ED%A0%80.pdf",
    ]


@pytest.mark.parametrize(
    "code",
    [
        f"```\n{FILE}\n```",
        f"text\n~~~~ sh\n{FILE}\n~~~\n{FILE}\n~~~~\nmore",
        f"> ```\n> {FILE}\n> ```",
        f"1. first\n   ```\n   {FILE}\n   ```",
        f"a fence that nothing closes\n```\n{FILE}",
        f"see `{FILE}` there",
        f"see ``a ` and {FILE} `` there",
        f"`over\ntwo lines {FILE}`",
    ],
)
def test_links_in_code_are_none(code: str) -> None:
    assert found(code) == []


@pytest.mark.parametrize(
    "text",
    [
        f"```\ncode\n```\n{FILE}",
        f"`code` {FILE} `code`",
        f"a single ` and {FILE}",
        f"` opened in one paragraph {FILE}\n\nand ` in another",
        f"``` not a fence ``` {FILE}",
        f"`` two, then one ` {FILE}",
    ],
)
def test_links_beside_code_are_found(text: str) -> None:
    assert found(text) == [FILE]


def test_comments_reviews_and_notes_are_texts_and_addresses_of_the_api_are_none() -> None:
    links = [f"{SITE}/user-attachments/files/{number}/a.pdf" for number in range(4)]
    document = {
        "body": links[0],
        "comment_data": [{"body": links[1], "replies": [{"body": links[2]}]}],
        "review_data": [{"body": links[3], "html_url": f"{SITE}/octo/hello/files/1/x"}],
        "assets_url": f"{SITE}/octo/hello/assets/5/x",
    }
    assert sorted(attachments_in(document, SITES)) == links


def test_a_text_of_ten_thousand_links_and_as_many_backticks_is_read_in_linear_time() -> None:
    every = [f"{SITE}/user-attachments/files/{number}/a.pdf" for number in range(10_000)]
    text = " ".join(f"{'`' * (number % 300)} {link}" for number, link in enumerate(every))
    assert set(found(text)) < set(every)
    assert found(" ".join([*every, *every])) == every
