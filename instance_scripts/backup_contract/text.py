"""Formats sizes and foreign text for people. Pure."""

import re

MESSAGE_CHARACTERS = 1000
"""The length at which foreign messages are cut. Those of GitHub and git have a few hundred."""
CUT = " […]"
"""Marks where a text was cut."""
_UNSEEN = re.compile(
    r"[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180d\u180f\u2800\u3164\uffa0\ufe00-\ufe0d"
    r"\U000e0100-\U000e01ef]"
)
"""Invisible characters that Python considers printable. The last two variation selectors are not
among them, because emoji use them: https://www.unicode.org/reports/tr44/#Default_Ignorable."""


def one_line(text: str, most_characters: int | None = MESSAGE_CHARACTERS) -> str:
    """Foreign text (names, messages, reasons, keys), made safe for one line of output.

    Otherwise a line break could forge a line of ours, an escape sequence could control a terminal,
    and a bidirectional override could reorder the text. Whitespace, including line breaks, becomes
    spaces. Invisible characters (controls, formats, zero-width characters, lone surrogates) become
    question marks. A text longer than ``most_characters`` is cut at a word and marked with ``CUT``;
    with None it is never cut.
    """
    if most_characters is None or len(text) <= most_characters:
        return _visible(text)
    kept = _visible(text[: most_characters + 1])
    # A single long word is cut within the word.
    at_word = kept.rfind(" ", most_characters // 2)
    return kept[: at_word if at_word > 0 else most_characters].rstrip() + CUT


def _visible(text: str) -> str:
    text = _UNSEEN.sub("?", text)
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else " " if c.isspace() else "?" for c in text)


def size(count: float) -> str:
    """A number of bytes as text, in decimal units: ``1.4 MB``."""
    for unit in ("B", "kB", "MB", "GB"):
        if count < 1000:
            return f"{count:.0f} {unit}" if unit == "B" else f"{count:.1f} {unit}"
        count /= 1000
    return f"{count:.1f} TB"
