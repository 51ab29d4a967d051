"""Shipped text and code use one word for one thing, and the product has one name."""

import io
import re
import subprocess
import tokenize

import pytest

from tools.iam.template import ROOT

TEXT = (".md", ".py", ".yaml", ".yml", ".html", ".js", ".sh", ".toml")
CODE = ("functions", "instance_scripts", "local_cloud", "tools")
PHRASES = (
    "born with",
    "in vain",
    "the line's fault",
    "by the program's own word",
    "as a rule nothing but",
    "became other",
    "events that were given up on",
    "holds what no",
    "in AWS's own words",
    "is no whole zip",
    "nobody says",
    "not these (may repeat)",
    "packed otherwise",
    "right is lacking",
    "the most to pay",
    "to be rid of",
    "what it did not come to",
)
SECOND_NAMES = r"\b(Online[ -]Backup|online backup|Onlinebackup|onlineBackup|Repo ?Backup)\b"
RETIRED = {
    "Asking": "ApiClient",
    "BACKSTOP": "OVERDUE_AFTER",
    "Brought": "RestoredBinaries",
    "Chronicle": "RunHistory",
    "Claims": "KeyOwners",
    "Complaints": "Diagnostics",
    "Found": "CurrentState",
    "GIVE_UP": "LAUNCH_OVERDUE_AFTER",
    "Journal": "RunRecorder",
    "LeftOut": "IgnoredDocuments",
    "Limiter": "RateLimitGate",
    "Loan": "Reservation",
    "Look": "GitHubAccess",
    "MEND": "ACTION_NEEDED",
    "Naming": "ManifestEntry",
    "Patience": "RetryPolicy",
    "Remote": "RemoteRepository",
    "SAYS_NOTHING": "INCONCLUSIVE",
    "Standing": "RepositoryStatus",
    "Stop": "CancellationToken",
    "Survey": "AwsFacts",
    "TryAgain": "Retry",
    "Vouched": "DocumentCheck",
    "Vouchers": "RecordedResults",
    "Wake": "RunEvent",
    "Way": "EgressRoute",
    "NotHandedOutError": "UnavailableObjectError",
    "_SETTLING": "_VISIBLE_WITHIN",
    "_STUBBORN": "_TERMINATES_WITHIN",
    "chronicle": "run_history",
    "chronology": "run_order",
    "held": "the role: listed, leased, retained",
    "is_unheard_of": "is_unremarkable",
    "journal": "recorder",
    "lend": "reserve",
    "limiter": "rate_limit_gate",
    "listeners": "confirmed_subscriptions",
    "malformations": "fsck_messages",
    "mend": "repair",
    "mended": "repaired",
    "oddities": "unusual_refs",
    "patience": "retry_policy",
    "presence": "inventory",
    "rehearse": "dry_run",
    "said": "message, one_line",
    "said_gone": "termination_reported",
    "told": "the role: message, detail, reported",
    "ways": "egress_routes",
}
RETIRED_IN_FUNCTIONS = {
    "Nothing": "Done",
    "Seen": "AccessReport",
    "World": "Observation",
    "story": "attempt_lines",
}


def shipped(*roots: str) -> list[str]:
    """The text files that the repository has below these roots, but for what benches measured."""
    listed = subprocess.run(
        ["git", "-C", ROOT, "ls-files", "--cached", "--others", "--exclude-standard", "--", *roots],
        capture_output=True,
        text=True,
        check=True,
    ).stdout.splitlines()
    kept = (each for each in listed if each.endswith(TEXT) and "/results/" not in each)
    return [each for each in kept if (ROOT / each).is_file()]


def names_in(source: str) -> set[str]:
    """Every identifier of a module."""
    tokens = tokenize.generate_tokens(io.StringIO(source).readline)
    return {token.string for token in tokens if token.type == tokenize.NAME}


def hits(pattern: str, flags: int = 0) -> list[str]:
    """File and line of every match in what is shipped."""
    found = []
    for name in shipped(*CODE, "docs", "template.yaml", ".github", "*.md"):
        lines = (ROOT / name).read_text().splitlines()
        found += [
            f"{name}:{n}" for n, line in enumerate(lines, 1) if re.search(pattern, line, flags)
        ]
    return found


def test_no_phrase_that_stops_a_reader_is_shipped() -> None:
    assert hits("|".join(map(re.escape, PHRASES)), re.IGNORECASE) == []


def test_the_product_has_one_name() -> None:
    """OnlineBackup; in lower case, in tags and as a command it is spelled as there."""
    assert hits(SECOND_NAMES) == []


@pytest.mark.parametrize(
    ("roots", "retired"), [(CODE, RETIRED), (("functions",), RETIRED_IN_FUNCTIONS)]
)
def test_retired_identifiers_do_not_come_back(
    roots: tuple[str, ...], retired: dict[str, str]
) -> None:
    for name in shipped(*roots):
        if name.endswith(".py"):
            back = names_in((ROOT / name).read_text()) & set(retired)
            assert not back, f"{name}: " + ", ".join(f"{old}: {retired[old]}" for old in back)
