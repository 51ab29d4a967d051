"""Text for people: sizes, names, and what others wrote. Pure."""

import re

MESSAGE_CHARACTERS = 1000
"""Where a message of somebody else's is cut: those of GitHub and git have some hundred."""
CUT = " […]"
"""Marks the place."""
_UNSEEN = re.compile(
    r"[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180d\u180f\u2800\u3164\uffa0\ufe00-\ufe0d"
    r"\U000e0100-\U000e01ef]"
)
"""Marks and fillers that Python calls printable though nothing is to be seen of them. The last two
variation selectors belong to emoji: https://www.unicode.org/reports/tr44/#Default_Ignorable."""


def one_line(text: str, most_characters: int | None = MESSAGE_CHARACTERS) -> str:
    """Text that others wrote, fit for one line of a log, a mail, a page or a terminal.

    Names, messages, reasons, keys: a line break in one would forge a line of ours, a terminal would
    obey an escape sequence, and a bidirectional override would reorder what is read. Each blank,
    line breaks included, becomes a space; what nobody can see (controls, formats, zero-width
    characters, lone surrogates) a question mark. A text longer than ``most_characters`` is cut
    at a word, and ``CUT`` says so; None: never.
    """
    if most_characters is None or len(text) <= most_characters:
        return _visible(text)
    kept = _visible(text[: most_characters + 1])
    # One word without end is cut all the same.
    at_word = kept.rfind(" ", most_characters // 2)
    return kept[: at_word if at_word > 0 else most_characters].rstrip() + CUT


def _visible(text: str) -> str:
    text = _UNSEEN.sub("?", text)
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else " " if c.isspace() else "?" for c in text)


def size(count: float) -> str:
    """Bytes as a person reads them."""
    for unit in ("B", "kB", "MB", "GB"):
        if count < 1000:
            return f"{count:.0f} {unit}" if unit == "B" else f"{count:.1f} {unit}"
        count /= 1000
    return f"{count:.1f} TB"
