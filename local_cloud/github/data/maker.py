"""Creates an account's data of any size, the same for the same seed and sizes."""

import random
from dataclasses import dataclass

from local_cloud.github.data.account import AccountData
from local_cloud.github.data.edits import Editor
from local_cloud.github.data.model import REACTIONS, Asset, Issue

USERS = ("octo", "hubot", "monalisa", None)
"""The authors; None is a user whose account was deleted."""
LABELS = ("bug", "enhancement", "question", "good first issue", "π/2 & more")


@dataclass(frozen=True)
class Size:
    """How much one repository has; ``comments`` per issue and per pull request, likewise others."""

    issues: int = 0
    pulls: int = 0
    comments: int = 2
    reviews: int = 1
    review_comments: int = 2
    discussions: int = 0
    milestones: int = 2
    releases: int = 1
    commit_comments: int = 1


def make(seed: int, repositories: int, issues: int, pulls: int, **sizes: int) -> AccountData:
    """An account with this number of repositories (ids from 1), all of the same size."""
    account = AccountData()
    for identity in range(1, repositories + 1):
        fill(account, identity, Size(issues, pulls, **sizes), seed)
    return account


def fill(account: AccountData, repository: int, size: Size, seed: int = 0) -> Editor:
    """Fill one repository of the account. Returns an editor for it."""
    chance = random.Random(seed * 1_000_003 + repository)
    editor = Editor(account, account.of(repository))
    for name in LABELS:
        editor.create_label(name, f"{chance.randrange(1 << 24):06x}", f"About {name}")
    for number in range(size.milestones):
        editor.create_milestone(f"Version {number + 1}", "Everything that goes into it")
    for number in range(size.issues + size.pulls):
        author = editor.as_user(chance.choice(USERS))
        # One after the other as far as there are enough of both, as people open them.
        if (number % 2 and number // 2 < size.pulls) or number // 2 >= size.issues:
            _pull(author, chance, size)
        elif number // 2 < size.issues or number - size.pulls < size.issues:
            _issue(author, chance, size)
    for number in range(size.discussions):
        _discussion(editor, chance, number)
    for number in range(size.releases):
        release = editor.create_release(f"v{number + 1}.0", f"Changes of version {number + 1}")
        release.assets.append(_asset(editor, f"program-{number + 1}.tar.gz"))
    for number in range(size.commit_comments):
        editor.comment_commit(f"{number + 1:040x}", "Why this way?")
    return editor


def _issue(editor: Editor, chance: random.Random, size: Size) -> None:
    issue = editor.create_issue(f"Issue {editor.repository.last_number + 1}", _prose(chance))
    _converse(editor, chance, issue, size.comments)
    if chance.random() < 0.1 and issue.number > 1:
        editor.cross_reference(issue.number, chance.choice(list(editor.repository.issues)))


def _pull(editor: Editor, chance: random.Random, size: Size) -> None:
    number = editor.repository.last_number + 1
    issue = editor.create_pull(f"Change {number}", _prose(chance), head=f"topic-{number}")
    for _ in range(size.reviews):
        reviewer = editor.as_user(chance.choice(USERS))
        review = reviewer.review(number, "Looks good", chance.choice(("APPROVED", "COMMENTED")))
        first = None
        for _ in range(size.review_comments):
            made = reviewer.comment_review(number, review.id, _prose(chance), first)
            first = first or made.id
    if size.reviews and size.review_comments and chance.random() < 0.5:
        editor.resolve(number)
    _converse(editor, chance, issue, size.comments)
    if issue.state == "closed" and chance.random() < 0.8:
        assert issue.pull
        issue.pull.merged_at, issue.pull.merged_by = issue.closed_at, "octo"


def _converse(editor: Editor, chance: random.Random, issue: Issue, comments: int) -> None:
    for _ in range(comments):
        commenter = editor.as_user(chance.choice(USERS))
        comment = commenter.comment(issue.number, _prose(chance))
        if chance.random() < 0.1:
            commenter.react(comment, chance.choice(REACTIONS))
    if chance.random() < 0.5:
        editor.label(issue.number, chance.choice(LABELS))
    if editor.repository.milestones and chance.random() < 0.3:
        editor.edit_issue(issue.number, milestone=chance.choice([*editor.repository.milestones]))
    if chance.random() < 0.2:
        editor.react(issue, chance.choice(REACTIONS))
    if chance.random() < 0.6:
        editor.close(issue.number)


def _discussion(editor: Editor, chance: random.Random, number: int) -> None:
    made = editor.create_discussion(f"Discussion {number + 1}", _prose(chance))
    comment = editor.comment_discussion(made.number, _prose(chance))
    editor.comment_discussion(made.number, _prose(chance), comment)
    editor.react(comment, "heart")


def _asset(editor: Editor, name: str) -> Asset:
    account = editor.account
    contents = f"contents of {name}\n".encode()
    return Asset(account.new_id(), name, contents, editor.actor, account.now(), None)


def _prose(chance: random.Random) -> str:
    words = ("it", "fails", "since", "the", "last", "version", "naïve", "τέλος", "works", "🙂")
    return " ".join(chance.choices(words, k=chance.randrange(3, 30)))
