"""Renders a message as plain text for mails. Pure."""

from backup_contract.aws_refusal import WHOLE_MESSAGE_CHARACTERS
from backup_contract.text import one_line
from reporter.publish.sections import Listing, Message

_MOST_LINES = 40
"""How many lines of a list a mail shows before it counts the rest."""

_LINE_CHARACTERS = WHOLE_MESSAGE_CHARACTERS + 1000
"""So that text by others leaves room for the rest of the mail."""


def as_text(message: Message) -> str:
    """The sections, separated by blank lines.

    Each line is either ours or marked as a quotation, even if a quoted text has line breaks. The
    topic's adapter enforces SNS's size limit.
    """
    return "\n\n".join("\n".join(map(_part, each.parts)) for each in message.sections) + "\n"


def _part(part: str | Listing) -> str:
    return _listing(part) if isinstance(part, Listing) else _line(part)


def _listing(listing: Listing) -> str:
    mark, every = "  | " if listing.quoted else "  - ", listing.lines
    shown = [f"{mark}{line}" for line in every[:_MOST_LINES]]
    if len(every) > _MOST_LINES:
        shown.append(f"{mark}and {len(every) - _MOST_LINES} more, all in {listing.complete_in}")
    return "\n".join(map(_line, [f"{listing.title}:", *shown]))


def _line(text: str) -> str:
    return one_line(text, _LINE_CHARACTERS)
