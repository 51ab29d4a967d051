"""The mail as text, and the two runs that most tests vary."""

from reporter.publish.facts import Facts
from reporter.publish.summary import summary
from reporter.publish.text import as_text
from tests.unit.reporter.publish import samples

VERIFIED = samples.SAMPLES["Verified"]


PARTIAL = samples.SAMPLES["Partial"]


def body(facts: Facts) -> str:
    """The mail's text."""
    return as_text(summary(facts))
