"""Parses ``Link`` headers (RFC 8288) and the page numbers in their URLs. Pure."""

import re

_TARGET = re.compile(r"<([^<>]*)>")
_PARAMETER = re.compile(
    r"""\s*;\s*(?P<name>[^\s=;,<>"]+)(?:\s*=\s*(?:"(?P<quoted>(?:[^"\\]|\\.)*)"|(?P<bare>[^\s;,<>"]*)))?"""
)
_PAGE = re.compile(r"[?&]page=([0-9]{1,9})(?:&|$)")


def links_of(header: str) -> dict[str, str]:
    """The URLs in a ``Link`` header by their relation, in lower case.

    A relation may be unquoted, share one ``rel`` with others, or follow other parameters:
    https://www.rfc-editor.org/rfc/rfc8288#section-3. Single quotes, which the standard does not
    allow, are accepted. If a relation has several URLs, the first one counts.
    """
    found: dict[str, str] = {}
    position = 0
    while target := _TARGET.search(header, position):
        position = target.end()
        relations: str | None = None
        while parameter := _PARAMETER.match(header, position):
            position = parameter.end()
            if parameter["name"].lower() == "rel" and relations is None:
                relations = parameter["quoted"] or parameter["bare"] or ""
        for relation in (relations or "").replace("'", " ").lower().split():
            found.setdefault(relation, target[1])
    return found


def page_number(url: str) -> int:
    """The page number in a URL; 0 if there is none."""
    found = _PAGE.search(url)
    return int(found[1]) if found else 0


def numbered(url: str, number: int) -> str:
    """The URL of one page. ``url``, which must have a query, is that of the first page."""
    return url if number == 1 else f"{url}&page={number}"
