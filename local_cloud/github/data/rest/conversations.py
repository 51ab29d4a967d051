"""Issues, comments, events and timelines; pull requests, reviews and review comments."""

from operator import attrgetter
from typing import Any

from local_cloud.github.data.model import Event, Issue, ReviewComment, Text
from local_cloud.github.data.objects import issues, people, pulls
from local_cloud.github.data.rest.asked import Asked, Listed, RefusedError


def list_issues(asked: Asked) -> Listed:
    """Issues and pull requests; open ones unless ``state`` says more."""
    if not asked.data.has_issues:
        raise RefusedError(410, "Issues has been disabled in this repository.")
    found = _of_state(asked, asked.since(asked.data.issues.values()))
    ordered = asked.in_order(found, "created", falls=True)
    return Listed(
        ordered, lambda each: issues.issue(asked.view, each), deep=asked.limits.deep_items
    )


def get_issue(asked: Asked) -> Any:
    """One issue or pull request."""
    found = asked.issue()
    if not asked.data.has_issues and not found.pull:
        raise RefusedError(410, "Issues has been disabled in this repository.")
    return issues.issue(asked.view, found)


def list_all_comments(asked: Asked) -> Listed:
    """The comments of all conversations of the repository."""

    def all_comments() -> list[tuple[Issue, Text]]:
        return [(i, c) for i in asked.data.issues.values() for c in i.comments.values()]

    pairs = asked.remembered("comments", all_comments)
    ordered = _ordered_pairs(asked, "comments", pairs)
    return Listed(ordered, lambda pair: issues.comment(asked.view, *pair))


def get_comment(asked: Asked) -> Any:
    """One comment, by its id."""
    for issue in asked.data.issues.values():
        if found := issue.comments.get(asked.number()):
            return issues.comment(asked.view, issue, found)
    raise RefusedError(404, "Not Found")


def list_comments(asked: Asked) -> Listed:
    """The comments of one issue or pull request, by id."""
    issue = asked.issue()
    found = asked.since(issue.comments.values())
    return Listed(found, lambda each: issues.comment(asked.view, issue, each))


def list_all_events(asked: Asked) -> Listed:
    """The events of all issues and pull requests, newest first."""

    def all_events() -> list[tuple[Issue, Event]]:
        pairs = [(i, e) for i in asked.data.issues.values() for e in i.events]
        return sorted(pairs, key=lambda pair: pair[1].id, reverse=True)

    found = asked.remembered("events", all_events)
    return Listed(found, lambda pair: issues.event(asked.view, pair[1], pair[0]))


def list_events(asked: Asked) -> Listed:
    """The events of one issue, oldest first."""
    return Listed(asked.issue().events, lambda each: issues.event(asked.view, each))


def list_timeline(asked: Asked) -> Listed:
    """The timeline of one issue."""
    return Listed(issues.timeline(asked.view, asked.issue()))


def list_reactions(asked: Asked) -> Listed:
    """Who reacted to an issue."""
    return Listed(asked.issue().reactions, lambda each: people.reaction(asked.view, each))


def list_comment_reactions(asked: Asked) -> Listed:
    """Who reacted to a comment of an issue or a pull request, or on code, by its id."""
    number = asked.number()
    for issue in asked.data.issues.values():
        known: dict[int, Text] = {**issue.comments, **(issue.pull.comments if issue.pull else {})}
        if number in known:
            return Listed(known[number].reactions, lambda each: people.reaction(asked.view, each))
    raise RefusedError(404, "Not Found")


def list_sub_issues(asked: Asked) -> Listed:
    """The sub-issues of an issue."""
    children = [asked.data.issues[each] for each in asked.issue().sub_issues]
    return Listed(children, lambda each: issues.issue(asked.view, each))


def list_pulls(asked: Asked) -> Listed:
    """Pull requests; open ones unless ``state`` says more. There is no ``since``."""
    found = _of_state(asked, _pulls(asked))
    falls = asked.query.get("sort", "created") == "created"
    ordered = asked.in_order(found, "created", falls=falls)
    return Listed(ordered, lambda each: pulls.pull(asked.view, each), deep=asked.limits.deep_items)


def get_pull(asked: Asked) -> Any:
    """One pull request, with what only this answer has."""
    _pulls(asked)
    return pulls.pull(asked.view, asked.issue(pull=True), alone=True)


def list_all_review_comments(asked: Asked) -> Listed:
    """The review comments of all pull requests."""

    def all_comments() -> list[tuple[Issue, ReviewComment]]:
        return [(i, c) for i in _pulls(asked) if i.pull for c in i.pull.comments.values()]

    pairs = asked.remembered("review comments", all_comments) if _pulls(asked) else []
    ordered = _ordered_pairs(asked, "review comments", pairs)
    return Listed(ordered, lambda pair: pulls.review_comment(asked.view, *pair))


def list_review_comments(asked: Asked) -> Listed:
    """The review comments of one pull request."""
    _pulls(asked)
    issue = asked.issue(pull=True)
    assert issue.pull
    found = asked.since(issue.pull.comments.values())
    return Listed(found, lambda each: pulls.review_comment(asked.view, issue, each))


def list_reviews(asked: Asked) -> Listed:
    """The reviews of one pull request, oldest first."""
    _pulls(asked)
    issue = asked.issue(pull=True)
    assert issue.pull
    return Listed(issue.pull.reviews, lambda each: pulls.review(asked.view, issue, each))


def list_labels(asked: Asked) -> Listed:
    """The labels of the repository, by name."""
    ordered = sorted(asked.data.labels.values(), key=attrgetter("name"))
    return Listed(ordered, lambda each: issues.label(asked.view, each))


def list_milestones(asked: Asked) -> Listed:
    """Milestones; open ones unless ``state`` says more."""
    found = _of_state(asked, asked.data.milestones.values())
    return Listed(found, lambda each: issues.milestone(asked.view, each))


def get_milestone(asked: Asked) -> Any:
    """One milestone."""
    found = asked.data.milestones.get(asked.number())
    if not found:
        raise RefusedError(404, "Not Found")
    return issues.milestone(asked.view, found)


def _pulls(asked: Asked) -> list[Issue]:
    """The pull requests. Raises RefusedError (404) where the repository has them disabled."""
    if not asked.data.has_pulls:
        raise RefusedError(404, "Not Found")
    return asked.remembered("pulls", asked.data.pulls)


def _of_state(asked: Asked, items: Any) -> list[Any]:
    wanted = asked.query.get("state", "open")
    return [each for each in items if wanted in ("all", each.state)]


def _ordered_pairs(asked: Asked, kind: str, pairs: list[Any]) -> list[Any]:
    """Pairs of an issue and something of it, as ``since``, ``sort`` and ``direction`` say."""
    since, sort = asked.query.get("since", ""), asked.query.get("sort", "created")
    falls = "sort" in asked.query and asked.query.get("direction") == "desc"

    def order() -> list[Any]:
        within = [pair for pair in pairs if pair[1].updated_at >= since]
        return sorted(within, key=lambda pair: by(pair[1]), reverse=falls)

    by = attrgetter("updated_at" if sort == "updated" else "created_at", "id")
    return asked.remembered(repr((kind, since, sort, falls)), order)
