"""Changes issues and pull requests as users do.

Which dates an edit changes is part of what the stand-in is for: GitHub does not change an issue's
``updated_at`` when a comment is deleted, a cross-reference or a sub-issue is added (python-github-
backup's README and issue 168, github.com/neomjs/neo issues 10092 and 10093). Of reactions and
edited comments nobody knows for sure: here they do not change it either, which is the harder case.
"""

from typing import Any, Self

from local_cloud.github.data.account import AccountData, RepositoryData
from local_cloud.github.data.model import (
    CrossReference,
    Event,
    Issue,
    Label,
    Pull,
    Reaction,
    Review,
    ReviewComment,
    Text,
    Thread,
)


class ConversationEditor:
    """Edits the issues and pull requests of one repository as the user ``actor``."""

    def __init__(
        self, account: AccountData, repository: RepositoryData, actor: str | None = "octo"
    ) -> None:
        """Edit ``repository``, which belongs to ``account``."""
        self.account, self.repository, self.actor = account, repository, actor

    def as_user(self, actor: str | None) -> Self:
        """An editor that acts as another user; None is a user whose account will be deleted."""
        return type(self)(self.account, self.repository, actor)

    def create_issue(self, title: str, body: str = "", **fields: Any) -> Issue:
        """Open an issue."""
        issue = Issue(number=self.number(), title=title, **self._text(body), **fields)
        self.repository.issues[issue.number] = issue
        return issue

    def create_pull(self, title: str, body: str = "", head: str = "topic", **fields: Any) -> Issue:
        """Open a pull request from the branch ``head``."""
        issue = self.create_issue(title, body, **fields)
        sha = f"{issue.id:040x}"
        issue.pull = Pull(id=self.account.new_id(), head_ref=head, head_sha=sha)
        return issue

    def edit_issue(self, number: int, **fields: Any) -> Issue:
        """Change fields such as ``title``, ``body``, ``assignees`` or ``milestone``."""
        issue = self.repository.issues[number]
        title = fields.get("title", issue.title)
        if title != issue.title:
            self._event(issue, "renamed", rename={"from": issue.title, "to": title})
        for name, value in fields.items():
            setattr(issue, name, value)
        if "body" in fields:
            issue.edited_at = self.account.now()
        return self._touched(issue)

    def close(self, number: int, reason: str | None = "completed") -> Issue:
        """Close an issue, or a pull request without merging it."""
        issue = self.repository.issues[number]
        issue.state, issue.closed_at, issue.closed_by = "closed", self.account.now(), self.actor
        issue.state_reason = None if issue.pull else reason
        self._event(issue, "closed", commit_id=None)
        return self._touched(issue)

    def reopen(self, number: int) -> Issue:
        """Open it again."""
        issue = self.repository.issues[number]
        issue.state, issue.closed_at, issue.closed_by = "open", None, None
        issue.state_reason = None if issue.pull else "reopened"
        self._event(issue, "reopened")
        return self._touched(issue)

    def merge(self, number: int) -> Issue:
        """Merge a pull request."""
        issue = self.close(number)
        assert issue.pull
        issue.pull.merged_at, issue.pull.merged_by = issue.closed_at, self.actor
        self._event(issue, "merged", commit_id=issue.pull.head_sha)
        return issue

    def lock(self, number: int, reason: str | None = "resolved") -> Issue:
        """Lock the conversation."""
        issue = self.repository.issues[number]
        issue.locked, issue.lock_reason = True, reason
        self._event(issue, "locked", lock_reason=reason)
        return self._touched(issue)

    def delete_issue(self, number: int) -> None:
        """Delete it. Afterwards GitHub answers 410, and the numbers have a gap."""
        self._without(number)
        self.repository.deleted.add(number)

    def transfer_issue(self, number: int, to: RepositoryData) -> Issue:
        """Move it to another repository, where it gets another number and id."""
        issue = self._without(number)
        there = type(self)(self.account, to, self.actor)
        issue.number, issue.id = there.number(), self.account.new_id()
        issue.labels, issue.milestone = [], None
        to.issues[issue.number] = issue
        self.repository.transferred[number] = (to.id, issue.number)
        there._event(issue, "transferred", about=(self.repository.id, number))
        return there._touched(issue)

    def comment(self, number: int, body: str) -> Text:
        """Comment on an issue or, in its conversation, a pull request."""
        issue = self.repository.issues[number]
        made = Text(**self._text(body))
        issue.comments[made.id] = made
        self._touched(issue)
        return made

    def edit_comment(self, number: int, comment: int, body: str) -> Text:
        """Edit a comment: its own date changes, the issue's does not."""
        edited = self.repository.issues[number].comments[comment]
        edited.body, edited.updated_at = body, self.account.now()
        edited.edited_at = edited.updated_at
        return edited

    def delete_comment(self, number: int, comment: int) -> None:
        """Delete a comment: no date changes."""
        del self.repository.issues[number].comments[comment]
        self.account.now()

    def react(self, text: Text, content: str = "+1") -> Reaction:
        """React to any object with a text. No date changes."""
        made = Reaction(self.account.new_id(), self.actor, content, self.account.now())
        text.reactions.append(made)
        return made

    def withdraw_reaction(self, text: Text) -> None:
        """Remove the newest reaction. No date changes."""
        text.reactions.pop()
        self.account.now()

    def cross_reference(self, number: int, source: int, repository: int | None = None) -> None:
        """Mention an issue in another one. The date of the mentioned issue does not change."""
        self.repository.issues[number].cross_references.append(
            CrossReference(
                self.account.new_id(),
                self.actor,
                self.account.now(),
                self.repository.id if repository is None else repository,
                source,
            )
        )

    def connect(self, number: int, pull: int, event: str = "connected") -> None:
        """Link two, or mark the first as ``marked_as_duplicate`` of the second: no date changes."""
        issue = self.repository.issues[number]
        self._event(issue, event, about=(self.repository.id, pull))

    def add_sub_issue(self, parent: int, child: int) -> None:
        """Make an issue a sub-issue of another: no date changes."""
        self.repository.issues[parent].sub_issues.append(child)
        self.repository.issues[child].parent = parent
        self.account.now()

    def label(self, number: int, name: str) -> Issue:
        """Add a label to an issue. Creates the label if it does not exist."""
        issue = self.repository.issues[number]
        if name not in self.repository.labels:
            self.create_label(name)
        if name not in issue.labels:
            issue.labels.append(name)
            color = self.repository.labels[name].color
            self._event(issue, "labeled", label={"name": name, "color": color})
        return self._touched(issue)

    def review(self, number: int, body: str = "", state: str = "APPROVED") -> Review:
        """Review a pull request."""
        issue = self.repository.issues[number]
        assert issue.pull
        made = Review(state=state, commit=issue.pull.head_sha, **self._text(body))
        issue.pull.reviews.append(made)
        self._touched(issue)
        return made

    def comment_review(
        self, number: int, review: int, body: str, reply_to: int | None = None
    ) -> ReviewComment:
        """Comment on a line in a review. Without ``reply_to`` this starts a thread."""
        issue = self.repository.issues[number]
        assert issue.pull
        made = ReviewComment(
            path="README.md",
            line=1,
            review_id=review,
            commit=issue.pull.head_sha,
            reply_to=reply_to,
            **self._text(body),
        )
        issue.pull.comments[made.id] = made
        if reply_to is None:
            issue.pull.threads.append(Thread(self.account.new_id(), made.id))
        self._touched(issue)
        return made

    def delete_review_comment(self, number: int, comment: int) -> None:
        """Delete a review comment, and its thread when it began one: no date changes."""
        pull = self.repository.issues[number].pull
        assert pull
        del pull.comments[comment]
        pull.threads = [each for each in pull.threads if each.first != comment]
        self.account.now()

    def resolve(self, number: int, thread: int = 0) -> None:
        """Resolve the pull request's n-th thread: no date changes."""
        pull = self.repository.issues[number].pull
        assert pull
        pull.threads[thread].resolved_by = self.actor
        self.account.now()

    def create_label(self, name: str, color: str = "d73a4a", description: str = "") -> Label:
        """Make a label."""
        now = self.account.now()
        made = Label(self.account.new_id(), name, color, description or None, now, now)
        self.repository.labels[name] = made
        return made

    def number(self) -> int:
        """The next number of an issue, pull request or discussion."""
        self.repository.last_number += 1
        return self.repository.last_number

    def _text(self, body: str) -> dict[str, Any]:
        now = self.account.now()
        identity = self.account.new_id()
        return {
            "id": identity,
            "author": self.actor,
            "body": body,
            "created_at": now,
            "updated_at": now,
        }

    def _without(self, number: int) -> Issue:
        """Remove an issue, also as a parent or sub-issue of others."""
        gone = self.repository.issues.pop(number)
        for each in self.repository.issues.values():
            each.sub_issues = [child for child in each.sub_issues if child != number]
            if each.parent == number:
                each.parent = None
        gone.sub_issues, gone.parent = [], None
        self.account.now()
        return gone

    def _event(
        self, issue: Issue, event: str, about: tuple[int, int] | None = None, **more: Any
    ) -> None:
        now = self.account.now()
        issue.events.append(Event(self.account.new_id(), event, self.actor, now, more, about))

    def _touched(self, issue: Issue) -> Issue:
        issue.updated_at = self.account.now()
        return issue
