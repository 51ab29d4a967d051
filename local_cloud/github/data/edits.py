"""Changes a repository as users do, with the ids, numbers, dates and events that GitHub adds."""

from typing import Any

from local_cloud.github.data.conversation_edits import ConversationEditor
from local_cloud.github.data.model import (
    Advisory,
    CommitComment,
    Discussion,
    DiscussionComment,
    Label,
    Milestone,
    Release,
)


class Editor(ConversationEditor):
    """Edits one repository."""

    def create_milestone(self, title: str, description: str = "") -> Milestone:
        """Create a milestone. Milestones have their own numbers."""
        now = self.account.now()
        number = max(self.repository.milestones, default=0) + 1
        identity = self.account.new_id()
        made = Milestone(identity, number, title, self.actor, description or None, now, now)
        self.repository.milestones[number] = made
        return made

    def create_release(self, tag: str, notes: str = "", **fields: Any) -> Release:
        """Publish a release of a tag, or create a draft with ``draft``."""
        made = Release(tag=tag, name=fields.pop("name", tag), **self._text(notes), **fields)
        self.repository.releases.append(made)
        return made

    def create_discussion(self, title: str, body: str = "", **fields: Any) -> Discussion:
        """Begin a discussion."""
        made = Discussion(number=self.number(), title=title, **self._text(body), **fields)
        self.repository.discussions[made.number] = made
        return made

    def comment_discussion(
        self, number: int, body: str, reply_to: DiscussionComment | None = None
    ) -> DiscussionComment:
        """Comment on a discussion, or reply to one of its comments."""
        discussion = self.repository.discussions[number]
        made = DiscussionComment(**self._text(body))
        (discussion.comments if reply_to is None else reply_to.replies).append(made)
        discussion.updated_at = self.account.now()
        return made

    def comment_commit(self, commit: str, body: str) -> CommitComment:
        """Comment on a commit."""
        made = CommitComment(commit=commit, **self._text(body))
        self.repository.commit_comments.append(made)
        return made

    def create_advisory(self, ghsa_id: str, summary: str, state: str = "published") -> None:
        """Publish a security advisory, or draft it."""
        now = self.account.now()
        made = Advisory(self.account.new_id(), ghsa_id, summary, state, now, now)
        self.repository.advisories.append(made)

    def set(self, name: str, value: Any) -> None:
        """Change a setting: ``hooks``, ``topics``, ``branches/main/protection`` and the like."""
        self.account.now()
        self.repository.settings[name] = value

    def convert_to_discussion(self, number: int) -> Discussion:
        """Convert an issue to a discussion with its comments. The issue no longer exists."""
        issue = self._without(number)
        self.repository.deleted.add(number)
        made = self.create_discussion(issue.title, issue.body)
        made.author = issue.author
        for each in issue.comments.values():
            self.comment_discussion(made.number, each.body).author = each.author
        return made

    def delete_discussion(self, number: int) -> None:
        """Delete a discussion: the numbers have a gap."""
        del self.repository.discussions[number]
        self.account.now()

    def delete_discussion_comment(self, number: int, comment: int) -> None:
        """Delete a comment of a discussion with its replies: no date changes."""
        discussion = self.repository.discussions[number]
        discussion.comments = [each for each in discussion.comments if each.id != comment]
        self.account.now()

    def edit_milestone(self, number: int, **fields: Any) -> Milestone:
        """Change fields of a milestone, such as ``title`` or ``state``."""
        edited = self.repository.milestones[number]
        for name, value in fields.items():
            setattr(edited, name, value)
        edited.updated_at = self.account.now()
        return edited

    def delete_milestone(self, number: int) -> None:
        """Delete a milestone, also from its issues, whose dates do not change."""
        del self.repository.milestones[number]
        for each in self.repository.issues.values():
            each.milestone = None if each.milestone == number else each.milestone
        self.account.now()

    def edit_label(self, name: str, **fields: Any) -> Label:
        """Change ``color`` or ``description`` of a label: no issue's date changes."""
        edited = self.repository.labels[name]
        for field, value in fields.items():
            setattr(edited, field, value)
        edited.updated_at = self.account.now()
        return edited

    def delete_label(self, name: str) -> None:
        """Delete a label, also from the issues, whose dates do not change."""
        del self.repository.labels[name]
        for each in self.repository.issues.values():
            each.labels = [label for label in each.labels if label != name]
        self.account.now()

    def edit_release(self, tag: str, **fields: Any) -> Release:
        """Change fields of a release, such as ``body`` or ``name``."""
        edited = next(each for each in self.repository.releases if each.tag == tag)
        for name, value in fields.items():
            setattr(edited, name, value)
        edited.updated_at = self.account.now()
        return edited

    def delete_release(self, tag: str) -> None:
        """Delete a release."""
        self.repository.releases = [e for e in self.repository.releases if e.tag != tag]
        self.account.now()

    def delete_commit_comment(self, comment: int) -> None:
        """Delete a comment on a commit."""
        kept = [each for each in self.repository.commit_comments if each.id != comment]
        self.repository.commit_comments = kept
        self.account.now()
