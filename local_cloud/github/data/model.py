"""What an account holds beyond git: dataclasses in GitHub's words, and nothing of how it is served.

Dates are ISO 8601 in UTC, as in the API, so that they sort as texts. An ``author`` None is a user
who is gone. Ids are never used twice, and numbers of issues, pull requests and discussions are one
sequence per repository, as at GitHub.
"""

from dataclasses import dataclass, field
from typing import Any

REACTIONS = ("+1", "-1", "laugh", "confused", "heart", "hooray", "eyes", "rocket")


@dataclass(slots=True)
class Reaction:
    """A reaction: its user, time and ``content``, which is one of ``REACTIONS``."""

    id: int
    user: str | None
    content: str
    created_at: str


@dataclass(slots=True, kw_only=True)
class Text:
    """A text by a user. ``edited_at`` is when its body was last edited; None if never."""

    id: int
    author: str | None
    body: str
    created_at: str
    updated_at: str
    edited_at: str | None = None
    reactions: list[Reaction] = field(default_factory=list)


@dataclass(slots=True, kw_only=True)
class ReviewComment(Text):
    """A comment on a line of a pull request; ``reply_to`` is the id of its thread's first one."""

    path: str
    line: int
    review_id: int
    commit: str
    reply_to: int | None = None


@dataclass(slots=True, kw_only=True)
class Review(Text):
    """A review: ``APPROVED``, ``CHANGES_REQUESTED``, ``COMMENTED`` or ``DISMISSED``."""

    state: str
    commit: str


@dataclass(slots=True)
class Thread:
    """A review thread, by the id of its first comment."""

    id: int
    first: int
    resolved_by: str | None = None


@dataclass(slots=True)
class Event:
    """What happened to an issue or pull request; ``more`` are the fields of its kind.

    ``about`` is what only GraphQL tells: a repository's id and a number there.
    """

    id: int
    event: str
    actor: str | None
    created_at: str
    more: dict[str, Any] = field(default_factory=dict)
    about: tuple[int, int] | None = None


@dataclass(slots=True)
class CrossReference:
    """A mention in another issue or pull request: of which repository (by id) and number."""

    id: int
    actor: str | None
    created_at: str
    repository: int
    number: int


@dataclass(slots=True, kw_only=True)
class Pull:
    """The fields of a pull request that an issue does not have."""

    id: int
    head_ref: str
    head_sha: str
    base_ref: str = "main"
    base_sha: str = "0" * 40
    draft: bool = False
    merged_at: str | None = None
    merged_by: str | None = None
    reviews: list[Review] = field(default_factory=list)
    comments: dict[int, ReviewComment] = field(default_factory=dict)
    threads: list[Thread] = field(default_factory=list)


@dataclass(slots=True, kw_only=True)
class Issue(Text):
    """An issue, or with ``pull`` a pull request. ``labels`` are names, ``milestone`` a number."""

    number: int
    title: str
    state: str = "open"
    state_reason: str | None = None
    closed_at: str | None = None
    closed_by: str | None = None
    locked: bool = False
    lock_reason: str | None = None
    labels: list[str] = field(default_factory=list)
    assignees: list[str] = field(default_factory=list)
    milestone: int | None = None
    comments: dict[int, Text] = field(default_factory=dict)
    events: list[Event] = field(default_factory=list)
    cross_references: list[CrossReference] = field(default_factory=list)
    sub_issues: list[int] = field(default_factory=list)
    parent: int | None = None
    pull: Pull | None = None


@dataclass(slots=True, kw_only=True)
class DiscussionComment(Text):
    """A comment of a discussion, with its replies."""

    replies: list["DiscussionComment"] = field(default_factory=list)
    is_answer: bool = False


@dataclass(slots=True, kw_only=True)
class Discussion(Text):
    """A discussion; ``poll`` is its question and the options with their votes."""

    number: int
    title: str
    category: str = "General"
    closed: bool = False
    locked: bool = False
    upvotes: int = 1
    labels: list[str] = field(default_factory=list)
    comments: list[DiscussionComment] = field(default_factory=list)
    poll: tuple[str, dict[str, int]] | None = None


@dataclass(slots=True)
class Label:
    """A label of a repository."""

    id: int
    name: str
    color: str
    description: str | None
    created_at: str
    updated_at: str


@dataclass(slots=True)
class Milestone:
    """A milestone."""

    id: int
    number: int
    title: str
    creator: str | None
    description: str | None
    created_at: str
    updated_at: str
    state: str = "open"
    closed_at: str | None = None
    due_on: str | None = None


@dataclass(slots=True)
class Asset:
    """A file of a release; ``digest`` is None for files from before 2025."""

    id: int
    name: str
    contents: bytes
    uploader: str | None
    created_at: str
    digest: str | None


@dataclass(slots=True, kw_only=True)
class Release(Text):
    """A release; its ``body`` are the notes."""

    tag: str
    name: str | None
    draft: bool = False
    prerelease: bool = False
    assets: list[Asset] = field(default_factory=list)


@dataclass(slots=True, kw_only=True)
class CommitComment(Text):
    """A comment on a commit."""

    commit: str
    path: str | None = None
    line: int | None = None


@dataclass(slots=True)
class Advisory:
    """A security advisory; ``state`` is ``draft``, ``published`` or ``closed``."""

    id: int
    ghsa_id: str
    summary: str
    state: str
    created_at: str
    updated_at: str


@dataclass(slots=True)
class GistComment:
    """A comment on a gist."""

    id: int
    user: str | None
    body: str
    created_at: str
    updated_at: str


@dataclass(slots=True)
class Gist:
    """A gist; ``files`` has their sizes by name, without their contents."""

    id: str
    owner: str
    description: str
    public: bool
    created_at: str
    updated_at: str
    files: dict[str, int] = field(default_factory=dict)
    comments: list[GistComment] = field(default_factory=list)


@dataclass(slots=True)
class Attachment:
    """A file at a path of GitHub's site; ``repository`` is the id of the private one that has it.

    ``is_page``: the site answers with a page to sign in, whoever asks.
    """

    id: int
    path: str
    contents: bytes
    media_type: str = "image/png"
    repository: int | None = None
    is_page: bool = False

    @property
    def is_image(self) -> bool:
        """Whether a page shows the file inline."""
        return self.media_type.startswith("image/")
