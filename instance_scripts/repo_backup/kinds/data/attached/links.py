"""Finds the attachments that the texts of a document link to. Pure.

GitHub has no list of attachments. A file that somebody attaches to a text is only a URL in that
text. Links in code are examples, not attachments. Only URLs of GitHub count, so that no text can
make this program connect to another server.
"""

import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote, unquote, urlsplit

from repo_backup.hosts.data import AttachmentSites

MOST_CHARACTERS = 1000
"""The most characters of a path: GitHub's are shorter."""
_TEXTS = ("body", "description")
"""The fields with people's texts."""
_MAYBE = re.compile(
    rb"/user-attachments/|user-images\.githubusercontent\.com/|/(?:files|assets)/[0-9]"
)
_URL = re.compile(
    r"https?://(?P<host>[A-Za-z0-9.-]+(?::[0-9]{1,5})?)(?P<path>/[^\s<>\"'`()\[\]{}|\\^?#]*)"
)
_AT_THE_END = ".,;:!*_~"
"""Characters that may follow a URL in a sentence but are not part of it."""
_ON_WEB = re.compile(
    r"/user-attachments/(?:assets/[A-Za-z0-9-]{1,64}|files/[0-9]{1,20}/[^/]+)"
    r"|/[A-Za-z0-9._-]+/[A-Za-z0-9._-]+/(?:files|assets)/[0-9]{1,20}/[^/]+"
)
_IMAGE = re.compile(r"/[0-9]{1,20}/[^/]+")
_FENCE = re.compile(r"[\s>]*(?P<run>`{3,}|~{3,})(?P<rest>.*)")
_BACKTICKS = re.compile("`+")
_BLANK_LINE = re.compile(r"\n[ \t>]*\n")


def may_have_attachments(text: bytes) -> bool:
    """Whether a document in its saved form may link to an attachment: a quick test that rules out
    most."""
    return _MAYBE.search(text) is not None


def attachments_in(document: Any, sites: AttachmentSites) -> tuple[str, ...]:
    """The URLs of a document's attachments, each once, without signatures."""
    found = (url for text in _texts(document) for url in _links(text, sites))
    return tuple(dict.fromkeys(found))


def without_code(text: str) -> str:
    """A Markdown text without its fenced and inline code."""
    return "\n\n".join(map(_without_inline, _BLANK_LINE.split("\n".join(_unfenced(text)))))


def _texts(document: Any) -> Iterator[str]:
    """People's texts, at any depth. Not recursive, as a document may be nested too deeply."""
    left = [document]
    while left:
        each = left.pop()
        if isinstance(each, dict):
            yield from (each[name] for name in _TEXTS if isinstance(each.get(name), str))
            left += reversed(each.values())
        elif isinstance(each, list):
            left += reversed(each)


def _links(text: str, sites: AttachmentSites) -> Iterator[str]:
    if "://" not in text:
        return
    for found in _URL.finditer(without_code(text) if "`" in text or "~~~" in text else text):
        path = found["path"].rstrip(_AT_THE_END)
        if len(path) <= MOST_CHARACTERS and (url := _attachment(found["host"], path, sites)):
            yield url


def _attachment(host: str, path: str, sites: AttachmentSites) -> str | None:
    """The URL of an attachment; None for any other link."""
    web = urlsplit(sites.web)
    if host.lower() == web.netloc.lower():
        known, base = _ON_WEB.fullmatch(path), sites.web
    elif host.lower() in sites.images:
        known, base = _IMAGE.fullmatch(path), f"https://{host.lower()}"
    else:
        return None
    if not known or not all(map(_is_plain, path.split("/")[1:])):
        return None
    return base + quote(path, safe="/%:@!$&*+,;=~", errors="surrogatepass")


def _is_plain(segment: str) -> bool:
    """Whether a part of a path stays one part, even if it is percent-decoded twice."""
    plain = unquote(unquote(segment))
    return plain not in (".", "..") and not re.search(r"[/\\\x00-\x1f]", plain)


def _unfenced(text: str) -> Iterator[str]:
    """The lines outside fenced code. A fence that is never closed extends to the end."""
    opened = ""
    for line in text.splitlines():
        fence = _FENCE.fullmatch(line)
        if opened:
            closes = fence and fence["run"].startswith(opened) and not fence["rest"].strip()
            opened = "" if closes else opened
        elif fence and not ("`" in fence["run"] and "`" in fence["rest"]):
            opened = fence["run"]
            yield ""
        else:
            yield line


def _without_inline(paragraph: str) -> str:
    """A paragraph without inline code, which is between runs of equally many backticks."""
    runs = [*_BACKTICKS.finditer(paragraph)]
    following: dict[int, list[int]] = {}
    for number in reversed(range(len(runs))):
        following.setdefault(len(runs[number][0]), []).append(number)
    kept, start, at = [], 0, 0
    while at < len(runs):
        alike = following[len(runs[at][0])]
        while alike and alike[-1] <= at:
            alike.pop()
        if alike:
            kept.append(paragraph[start : runs[at].start()])
            start, at = runs[alike[-1]].end(), alike[-1]
        at += 1
    return " ".join([*kept, paragraph[start:]])
