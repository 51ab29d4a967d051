"""Where attachments of github.com are asked for, and which requests have the token."""

import html
from dataclasses import replace

import pytest

from repo_backup.hosts.data import AttachmentSites
from repo_backup.hosts.github.data.attachments import address_of, signed_in, takes_token
from tests.unit.repo_backup.kinds.data.host import HELLO

ID = "8c5a6b2e-0000-4000-8000-1234567890ab"
IMAGES, SIGNED = (
    "https://user-images.githubusercontent.com",
    "https://private-user-images.githubusercontent.com",
)
SITES = AttachmentSites("https://github.com", (IMAGES[8:], SIGNED[8:]))
IMAGE = f"https://github.com/user-attachments/assets/{ID}"
PRIVATE = replace(HELLO, private=True)


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        (IMAGE, True),
        ("https://github.com/octo/hello/files/1/a.pdf", True),
        (f"{IMAGES}/1/2.png", False),
        (f"{SIGNED}/1/2-{ID}.png?jwt=x", False),
        (f"{IMAGE}?jwt=x", False),
        (IMAGE.replace("github.com", "github.com.attacker.example"), False),
        (IMAGE.replace("https", "http"), False),
    ],
)
def test_the_token_goes_to_the_site_alone_and_for_private_repositories_only(
    address: str, expected: bool
) -> None:
    assert takes_token(PRIVATE, address, SITES) is expected
    assert not takes_token(HELLO, address, SITES)


def test_an_image_that_was_signed_once_is_asked_for_at_the_site() -> None:
    assert address_of(f"{SIGNED}/1/2-{ID}.png", SITES) == IMAGE
    for url in (IMAGE, f"{IMAGES}/1/2-{ID}.png", f"{SIGNED}/1/2.png", f"{SIGNED}/1/{ID}?jwt=x"):
        assert address_of(url, SITES) == url


def page(*addresses: str) -> str:
    return "".join(f'<img src="{html.escape(each)}">' for each in addresses)


def test_signed_addresses_are_found_by_the_images_ids() -> None:
    signed = f"{SIGNED}/1/22-{ID.upper()}.png?jwt=a&x=b"
    assert signed_in(page(IMAGE, signed), [IMAGE], SITES) == {IMAGE: signed}
    assert signed_in(page(signed), ["https://github.com/octo/hello/files/1/a.pdf"], SITES) == {}


@pytest.mark.parametrize(
    "address",
    [
        f"https://attacker.example/1/{ID}.png?jwt=x",
        f"{SIGNED}@attacker.example/1/{ID}.png?jwt=x",
        f"{SIGNED}.attacker.example/1/{ID}.png?jwt=x",
        f"{SIGNED}:8443/1/{ID}.png?jwt=x",
        f"http://169.254.169.254/{ID}.png?jwt=x",
        f"https://[broken/{ID}.png?jwt=x",
        f"{SIGNED.replace('https', 'http')}/1/{ID}.png?jwt=x",
        f"{SIGNED}/1/{ID}.png",
    ],
)
def test_a_page_leads_to_no_other_server(address: str) -> None:
    assert signed_in(page(address), [IMAGE], SITES) == {}
