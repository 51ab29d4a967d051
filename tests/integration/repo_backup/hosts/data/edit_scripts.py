"""Random edits, as people make them, and what a backup must have of a repository afterwards."""

import random
from collections.abc import Callable
from typing import Any

from local_cloud.github.data import Editor
from local_cloud.github.data.model import REACTIONS, Issue
from repo_backup.hosts.data_counts import PARTS, key_of, replies
from tests.integration.repo_backup.hosts.data.project import MemoryDocuments, Project

Edit = Callable[[Editor, random.Random, Project], object]


def an_issue(editor: Editor, chance: random.Random) -> Issue:
    """Any issue or pull request; a new one where there is none."""
    known = list(editor.repository.issues.values())
    return chance.choice(known) if known else editor.create_issue("First")


def a_pull(editor: Editor, chance: random.Random) -> Issue:
    """Any pull request; a new one where there is none."""
    known = editor.repository.pulls()
    return chance.choice(known) if known else editor.create_pull("First")


def _delete(editor: Editor, chance: random.Random, _: Project) -> None:
    if plain := editor.repository.plain_issues():
        editor.delete_issue(chance.choice(plain).number)


def _transfer(editor: Editor, chance: random.Random, project: Project) -> None:
    if plain := editor.repository.plain_issues():
        editor.transfer_issue(chance.choice(plain).number, project.hub.data.of(2))


def _convert(editor: Editor, chance: random.Random, _: Project) -> None:
    if plain := editor.repository.plain_issues():
        editor.convert_to_discussion(chance.choice(plain).number)


def _edit_comment(editor: Editor, chance: random.Random, _: Project) -> None:
    issue = an_issue(editor, chance)
    if issue.comments:
        editor.edit_comment(issue.number, chance.choice(list(issue.comments)), f"{chance.random()}")


def _delete_comment(editor: Editor, chance: random.Random, _: Project) -> None:
    issue = an_issue(editor, chance)
    if issue.comments:
        editor.delete_comment(issue.number, chance.choice(list(issue.comments)))


def _review(editor: Editor, chance: random.Random, _: Project) -> None:
    pull = a_pull(editor, chance)
    review = editor.review(pull.number, "Hm", chance.choice(("APPROVED", "COMMENTED")))
    editor.comment_review(pull.number, review.id, "Why?")


def _delete_review_comment(editor: Editor, chance: random.Random, _: Project) -> None:
    pull = a_pull(editor, chance)
    if pull.pull and pull.pull.comments:
        editor.delete_review_comment(pull.number, chance.choice(list(pull.pull.comments)))


def _resolve(editor: Editor, chance: random.Random, _: Project) -> None:
    pull = a_pull(editor, chance)
    if pull.pull and pull.pull.threads:
        editor.resolve(pull.number)


def _react(editor: Editor, chance: random.Random, _: Project) -> None:
    issue = an_issue(editor, chance)
    texts = [issue, *issue.comments.values(), *(issue.pull.comments.values() if issue.pull else ())]
    for discussion in editor.repository.discussions.values():
        texts += [discussion, *discussion.comments]
    editor.react(chance.choice(texts), chance.choice(REACTIONS))


def _sub_issue(editor: Editor, chance: random.Random, _: Project) -> None:
    plain = editor.repository.plain_issues()
    if len(plain) > 1:
        parent, child = chance.sample(plain, 2)
        if child.parent is None:
            editor.add_sub_issue(parent.number, child.number)


def _discuss(editor: Editor, chance: random.Random, _: Project) -> None:
    known = list(editor.repository.discussions.values())
    discussion = chance.choice(known) if known else editor.create_discussion("First")
    comment = chance.choice([None, *discussion.comments])
    editor.comment_discussion(discussion.number, "Indeed", comment)


EDITS: tuple[Edit, ...] = (
    lambda e, c, p: e.create_issue(f"Issue {c.random()}", "text"),
    lambda e, c, p: e.create_pull(f"Change {c.random()}", "text"),
    lambda e, c, p: e.create_discussion(f"Talk {c.random()}", "text"),
    lambda e, c, p: e.edit_issue(an_issue(e, c).number, title=f"Title {c.random()}"),
    lambda e, c, p: e.close(an_issue(e, c).number),
    lambda e, c, p: e.reopen(an_issue(e, c).number),
    lambda e, c, p: e.merge(a_pull(e, c).number),
    lambda e, c, p: e.lock(an_issue(e, c).number),
    lambda e, c, p: e.comment(an_issue(e, c).number, f"Comment {c.random()}"),
    lambda e, c, p: e.label(an_issue(e, c).number, c.choice(("bug", "π/2 & more"))),
    lambda e, c, p: e.cross_reference(an_issue(e, c).number, an_issue(e, c).number),
    lambda e, c, p: e.create_milestone(f"Version {c.random()}"),
    lambda e, c, p: e.create_release(f"v{c.random()}", "notes"),
    lambda e, c, p: e.comment_commit("1" * 40, "Why?"),
    _delete, _transfer, _convert, _edit_comment, _delete_comment, _review, _delete_review_comment,
    _resolve, _react, _sub_issue, _discuss,
)  # fmt: skip


def edit(project: Project, chance: random.Random, count: int) -> None:
    """Make so many random edits."""
    editor = project.editor(1)
    with project.hub.changing:
        for _ in range(count):
            chance.choice(EDITS)(editor, chance, project)


def missing(project: Project) -> set[str]:
    """What the repository has and the backup lacks, by its path."""
    data, documents = project.hub.data.of(1), project.backups[1].documents
    paths = {
        f"{'pulls' if each.pull else 'issues'}/{each.number}.json" for each in data.issues.values()
    }
    paths |= {f"discussions/{number}.json" for number in data.discussions}
    paths |= {f"milestones/{number}.json" for number in data.milestones}
    return {path for path in paths if path not in documents.all or path in documents.gone}


def alive(documents: MemoryDocuments) -> dict[str, Any]:
    """The documents without what is marked as gone; settings aside."""
    return {
        path: _alive(documents, path, documents.get(path))
        for path in documents.all
        if path not in documents.gone and not path.startswith("settings/")
    }


def _alive(documents: MemoryDocuments, path: str, document: Any) -> Any:
    if path == "labels/labels.json":
        return [e for e in document if not documents.is_vanished(path, f"labels/{key_of(e)}")]
    for name in PARTS.get(path.partition("/")[0], {}):
        if name in document:
            document[name] = [
                part
                for part in document[name]
                if not documents.is_vanished(path, f"{name}/{key_of(part)}")
            ]
            for part in document[name]:
                if "reply_data" in part:
                    part["reply_data"] = [
                        reply
                        for reply in replies(part)
                        if not documents.is_vanished(path, f"reply_data/{key_of(reply)}")
                    ]
            if not document[name]:
                del document[name]  # All of it is gone, or there never was any.
    return document


def differences(one: Any, other: Any, where: str = "") -> list[str]:
    """Where two documents differ, for people."""
    if isinstance(one, dict) and isinstance(other, dict):
        names = sorted({*one, *other})
        absent = object()
        return [
            answer
            for name in names
            for answer in differences(
                one.get(name, absent), other.get(name, absent), f"{where}/{name}"
            )
        ]
    if isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        pairs = enumerate(zip(one, other, strict=True))
        return [answer for n, (a, b) in pairs for answer in differences(a, b, f"{where}[{n}]")]
    return [] if one == other else [f"{where}: {one!r:.100} != {other!r:.100}"]
