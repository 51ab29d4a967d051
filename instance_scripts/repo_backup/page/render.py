"""Renders the page: one HTML file with its style, script and data inside.

A Content-Security-Policy allows only the file's own style and script, by SHA-256, and no loading.
Names and reasons are text by others. They reach the page as ``one_line`` escapes them, through the
template's escaping or as JSON without markup, and the script only writes text.
"""

import base64
import hashlib
import json
import re
from importlib import resources
from typing import TYPE_CHECKING, Any

from backup_contract import __version__
from backup_contract.kinds import ACCOUNT, kinds_beside_git
from backup_contract.moments import named_moment
from backup_contract.text import one_line, size
from repo_backup.page.charts import draw
from repo_backup.page.repository_status import Status
from repo_backup.page.view_model import Page, RepositoryRow, restore_command

if TYPE_CHECKING:
    from markupsafe import Markup

GENERATOR = "repo-backup report"
"""Identifies a page of ours."""

STATIC_ROWS = 500
"""How many repositories the page shows without JavaScript."""

STRIP_RUNS = 52
"""How many runs have a cell in the row of verdicts: a year of weekly runs."""

_RUN_NAME = re.compile(r"\b\d{4}-\d\d-\d\dT\d\d-\d\d-\d\dZ")
_DATE = re.compile(r"(?:\b[A-Z][a-z]{2} )?\b\d{4}-\d\d-\d\d(?:T[\d:.-]+Z?)?")
_SCRIPTS = ("basics.js", "table.js", "start.js")
_STATUSES = list(Status)
_ESCAPES = {ord(c): f"\\u{ord(c):04x}" for c in "<>&\u2028\u2029"}


def render(page: Page) -> bytes:
    """The page as HTML, in UTF-8."""
    import jinja2

    environment = jinja2.Environment(
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_shown,
    )
    style, script = _asset("page.css"), _script()
    policy = (
        "default-src 'none'",
        f"script-src {_source(script)}",
        f"style-src {_source(style)}",
        "img-src data:",
        "base-uri 'none'",
        "form-action 'none'",
        "require-trusted-types-for 'script'",
        "trusted-types 'none'",
    )
    html = environment.from_string(_asset("page.html")).render(
        page=page,
        charts=draw(page.runs[::-1]),
        strip=page.runs[:STRIP_RUNS][::-1],
        dated=_dated,
        readable=readable,
        data=_json(payload(page)),
        style=style,
        script=script,
        policy="; ".join(policy),
        generator=f"{GENERATOR} {__version__}",
        static_rows=page.repositories if len(page.repositories) <= STATIC_ROWS else (),
        last_good=lambda row: _last_good(page, row),
        command=lambda row: restore_command(row.name, page.source) if row.restorable else "",
        account_command=lambda row: restore_command(row.name, page.source, ACCOUNT),
        size=size,
    )
    # A lone surrogate in a name must not prevent the page.
    return html.encode("utf-8", "replace")


def payload(page: Page) -> dict[str, Any]:
    """The script's data, in columns instead of objects, which would repeat names 10,000 times."""
    rows = page.repositories
    return {
        "source": _shown(page.source),
        "generated": int(page.generated_at.timestamp()),
        "runs": [[each.run.id, int(each.run.moment.timestamp())] for each in page.runs[::-1]],
        "narrowed": [i for i, each in enumerate(page.runs[::-1]) if each.run.only],
        "kinds": [[kind.name, kind.one, kind.choice] for kind in kinds_beside_git()],
        "statuses": [[status.word, status.tone.value] for status in _STATUSES],
        "name": [_shown(row.name) for row in rows],
        "status": [_STATUSES.index(row.status) for row in rows],
        "bytes": [row.bytes for row in rows],
        "lastGood": [row.last_good for row in rows],
        "readBack": [row.read_back for row in rows],
        "history": [row.history for row in rows],
        "uploads": [row.uploads for row in rows],
        "restorable": [int(row.restorable) for row in rows],
        # Few repositories have any of these.
        "further": {i: row.further_bytes for i, row in enumerate(rows) if row.further_bytes},
        "reason": {i: _shown(row.reason) for i, row in enumerate(rows) if row.reason},
        "warnings": {i: [*map(_shown, row.warnings)] for i, row in enumerate(rows) if row.warnings},
        "former": {
            i: [*map(_shown, row.former_names)] for i, row in enumerate(rows) if row.former_names
        },
        "private": [i for i, row in enumerate(rows) if row.private],
    }


def _shown(value: Any) -> Any:
    """Text by others, escaped for display. Our own markup and other values stay as they are."""
    return one_line(value, None) if type(value) is str else value


def readable(text: str) -> str:
    """Replace run ids in a text by their days."""
    return _RUN_NAME.sub(lambda found: _day(found[0]), text)


def _day(run_id: str) -> str:
    moment = named_moment(run_id)
    return f"{moment:%a %Y-%m-%d}" if moment else run_id


def _dated(text: str) -> "Markup":
    """Text by others, escaped: days instead of run ids, and no date is broken over two lines."""
    from markupsafe import Markup

    parts, end = Markup(""), 0
    shown = readable(one_line(text, None))
    for found in _DATE.finditer(shown):
        date = Markup('<span class="date">{}</span>').format(found[0])
        parts += shown[end : found.start()] + date
        end = found.end()
    return parts + shown[end:]


def _last_good(page: Page, row: RepositoryRow) -> str:
    if row.last_good is None:
        return "never"
    return f"{page.runs[len(page.runs) - 1 - row.last_good].run.moment:%a %Y-%m-%d}"


def _json(document: object) -> str:
    """JSON that is safe inside a script element, because it cannot end the element."""
    text = json.dumps(document, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return text.translate(_ESCAPES)


def _source(text: str) -> str:
    digest = hashlib.sha256(text.encode()).digest()
    return f"'sha256-{base64.b64encode(digest).decode()}'"


def _script() -> str:
    """All parts as one script that defines no global names."""
    parts = "".join(map(_asset, _SCRIPTS))
    return f'"use strict";\n(() => {{\n{parts}}})();\n'


def _asset(name: str) -> str:
    return (resources.files(__package__) / name).read_text("utf-8")
