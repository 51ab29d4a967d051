"""A message as plain text, which mails carry. Pure."""

from backup_contract.aws_refusal import WHOLE_MESSAGE_CHARACTERS
from backup_contract.text import one_line
from reporter.publish.sections import Listing, Message

_MOST_LINES = 40
"""How many lines of one list the mail carries before it counts the rest."""

_LINE_CHARACTERS = WHOLE_MESSAGE_CHARACTERS + 1000
"""What others wrote must not leave the rest of the mail without room."""


def as_text(message: Message) -> str:
    """The sections, a blank line between them.

    Each line is one of ours, or marked as a quotation, whatever others have put into it. What SNS
    carries at most is the topic's to keep.
    """
    return "\n\n".join("\n".join(map(_part, each.parts)) for each in message.sections) + "\n"


def _part(part: str | Listing) -> str:
    return _listing(part) if isinstance(part, Listing) else _line(part)


def _listing(listing: Listing) -> str:
    mark, every = "  | " if listing.quoted else "  - ", listing.lines
    shown = [f"{mark}{line}" for line in every[:_MOST_LINES]]
    if len(every) > _MOST_LINES:
        shown.append(f"{mark}and {len(every) - _MOST_LINES} more, all in {listing.whole_in}")
    return "\n".join(map(_line, [f"{listing.title}:", *shown]))


def _line(text: str) -> str:
    return one_line(text, _LINE_CHARACTERS)
