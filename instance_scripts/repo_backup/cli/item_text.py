"""Formats an issue, pull request, discussion or release for a terminal of 80 columns. Pure.

Text by others is indented and escaped: only our own text begins in the first column, and nothing
moves the cursor.
"""

import re
import textwrap
from collections.abc import Iterator

from backup_contract.documents.data_index import folder_of
from backup_contract.text import one_line
from repo_backup.cli.conversation import (
    Document,
    Entry,
    Marks,
    conversation,
    facts,
    heading,
    reactions,
    text_of,
)

WIDTH = 80
_DATE = re.compile(r"([0-9]{4}-[0-9]{2}-[0-9]{2})T([0-9]{2}:[0-9]{2}):[0-9.]+Z")
_FENCE = re.compile(r"\s{0,3}(?:```|~~~)")
_TAB_COLUMNS = 4
_INDENT = "  "
_GONE = "gone from GitHub since"


def item_lines(repository: str, path: str, document: Document, marks: Marks) -> Iterator[str]:
    """The whole item: heading, text, and the comments and events after it."""
    top = heading(path, document, marks)
    name = f"{repository}{'' if top.name.startswith('#') else ' '}{top.name}"
    yield from _wrapped(f"{name}  {top.title}", "")
    opened = f"{top.kind}, {top.state} · {top.who} · {date(top.created)}"
    yield from _wrapped(" · ".join((opened, *map(date, facts(document)))), "")
    if top.gone:
        yield f"** {_GONE} {date(top.gone)}; it stays in the backup **"
    if (link := text_of(document, "html_url", "url")).startswith("http"):
        yield one_line(link, None)
    yield from _text_block(text_of(document, "body"), reactions(document), _INDENT)
    if folder_of(path) != "releases":
        for entry in conversation(path, document, marks):
            yield from _entry_lines(entry)


def date(text: str) -> str:
    """Replace GitHub's dates in a text: ``2026-11-27 17:02``."""
    return _DATE.sub(r"\1 \2", text)


def _entry_lines(entry: Entry) -> Iterator[str]:
    mark, indent = (">>", _INDENT * 2) if entry.is_reply else (">", _INDENT)
    gone = f" · {_GONE} {date(entry.gone)}" if entry.gone else ""
    yield ""
    yield from _wrapped(f"{mark} {entry.who} {entry.what} · {date(entry.when)}{gone}", "")
    yield from _text_block(entry.body, entry.reactions, indent, apart=False)


def _text_block(body: str, reacted: str, indent: str, *, apart: bool = True) -> Iterator[str]:
    if body.strip():
        if apart:
            yield ""
        yield from _body(body, indent)
    if reacted:
        yield from _wrapped(f"[{reacted}]", indent)


def _body(body: str, indent: str) -> Iterator[str]:
    """Markdown as it was written, wrapped except for code."""
    in_code = False
    for raw in body.strip("\r\n").splitlines():
        line = raw.expandtabs(_TAB_COLUMNS).rstrip()
        fence = _FENCE.match(line) is not None
        if in_code or fence or not line:
            yield f"{indent}{one_line(line, None)}".rstrip()
        else:
            yield from _wrapped(line, indent)
        in_code ^= fence


def _wrapped(text: str, indent: str) -> Iterator[str]:
    """Wrap at spaces. A longer word, such as a URL, stays whole."""
    yield from textwrap.wrap(
        one_line(text, None),
        WIDTH,
        initial_indent=indent,
        subsequent_indent=indent or _INDENT,
        break_long_words=False,
        break_on_hyphens=False,
    )
