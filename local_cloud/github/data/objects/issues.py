"""Issues, their comments, events and timelines, labels and milestones."""

from urllib.parse import quote

from local_cloud.github.data.model import CrossReference, Event, Issue, Label, Milestone, Text
from local_cloud.github.data.objects.people import Object, View, rollup, user


def issue(view: View, item: Issue) -> Object:
    """An issue, or a pull request as the list of issues has it (key ``pull_request``)."""
    url = f"{view.api}/issues/{item.number}"
    data = view.data
    milestone_of = data.milestones.get(item.milestone or 0)
    done = sum(data.issues[each].state == "closed" for each in item.sub_issues)
    total = len(item.sub_issues)
    made: Object = {
        "id": item.id,
        "node_id": issue_node_id(item),
        "url": url,
        "repository_url": view.api,
        "labels_url": f"{url}/labels{{/name}}",
        "comments_url": f"{url}/comments",
        "events_url": f"{url}/events",
        "html_url": f"{view.html}/{'pull' if item.pull else 'issues'}/{item.number}",
        "timeline_url": f"{url}/timeline",
        "number": item.number,
        "state": item.state,
        "state_reason": item.state_reason,
        "title": item.title,
        "body": item.body or None,
        "user": user(view.base, item.author),
        "labels": labels_of(view, item),
        "assignee": user(view.base, item.assignees[0]) if item.assignees else None,
        "assignees": [user(view.base, each) for each in item.assignees],
        "milestone": milestone(view, milestone_of) if milestone_of else None,
        "locked": item.locked,
        "active_lock_reason": item.lock_reason,
        "comments": len(item.comments),
        "closed_at": item.closed_at,
        "closed_by": user(view.base, item.closed_by),
        "created_at": item.created_at,
        "updated_at": item.updated_at,
        "author_association": view.association(item.author),
        "performed_via_github_app": None,
        "reactions": rollup(url, item.reactions),
    }
    if item.pull:
        pull_url = f"{view.api}/pulls/{item.number}"
        made["draft"] = item.pull.draft
        made["pull_request"] = {
            "url": pull_url,
            "html_url": made["html_url"],
            "diff_url": f"{made['html_url']}.diff",
            "patch_url": f"{made['html_url']}.patch",
            "merged_at": item.pull.merged_at,
        }
        return made
    percent = 100 * done // total if total else 0
    made["sub_issues_summary"] = {"total": total, "completed": done, "percent_completed": percent}
    made["issue_dependencies_summary"] = dict.fromkeys(
        ("blocked_by", "blocking", "total_blocked_by", "total_blocking"), 0
    )
    if item.parent:
        made["parent_issue_url"] = f"{view.api}/issues/{item.parent}"
    return made


def issue_node_id(item: Issue) -> str:
    """The node id of an issue or pull request."""
    return f"PR_{item.pull.id}" if item.pull else f"I_{item.id}"


def labels_of(view: View, item: Issue) -> list[Object]:
    """The labels of an issue, as far as the repository still has them."""
    known = view.data.labels
    return [label(view, known[name]) for name in item.labels if name in known]


def comment(view: View, item: Issue, made: Text) -> Object:
    """A comment in the conversation of an issue or pull request."""
    url = f"{view.api}/issues/comments/{made.id}"
    place = "pull" if item.pull else "issues"
    return {
        "id": made.id,
        "node_id": f"IC_{made.id}",
        "url": url,
        "html_url": f"{view.html}/{place}/{item.number}#issuecomment-{made.id}",
        "issue_url": f"{view.api}/issues/{item.number}",
        "user": user(view.base, made.author),
        "created_at": made.created_at,
        "updated_at": made.updated_at,
        "body": made.body,
        "author_association": view.association(made.author),
        "performed_via_github_app": None,
        "reactions": rollup(url, made.reactions),
    }


def event(view: View, made: Event, item: Issue | None = None) -> Object:
    """An event; with its issue as the repository's list has it."""
    described: Object = {
        "id": made.id,
        "node_id": f"EV_{made.id}",
        "url": f"{view.api}/issues/events/{made.id}",
        "actor": user(view.base, made.actor),
        "event": made.event,
        "commit_id": None,
        "commit_url": None,
        "created_at": made.created_at,
        "performed_via_github_app": None,
        **made.more,
    }
    if described["commit_id"]:
        described["commit_url"] = f"{view.api}/commits/{described['commit_id']}"
    if item:
        described["issue"] = issue(view, item)
    return described


def timeline(view: View, item: Issue) -> list[Object]:
    """Events, comments, reviews and cross-references in the order of time."""
    entries = [
        *(event(view, each) for each in item.events),
        *({**comment(view, item, each), "event": "commented"} for each in item.comments.values()),
        *(found for each in item.cross_references if (found := cross_reference(view, each))),
    ]
    for each in entries:
        if each["event"] == "commented":
            each["actor"] = each["user"]
    return sorted(entries, key=lambda entry: str(entry["created_at"]))


def cross_reference(view: View, made: CrossReference) -> Object | None:
    """A mention elsewhere, which has no id; None where its source is gone."""
    elsewhere = view.of(made.repository)
    source = elsewhere.data.issues.get(made.number) if elsewhere else None
    if not elsewhere or not source:
        return None
    return {
        "event": "cross-referenced",
        "actor": user(view.base, made.actor),
        "created_at": made.created_at,
        "updated_at": made.created_at,
        "source": {"type": "issue", "issue": issue(elsewhere, source)},
    }


def label(view: View, made: Label) -> Object:
    """A label."""
    return {
        "id": made.id,
        "node_id": f"LA_{made.id}",
        "url": f"{view.api}/labels/{quote(made.name, safe='')}",
        "name": made.name,
        "color": made.color,
        "default": made.name in ("bug", "enhancement", "question"),
        "description": made.description,
    }


def milestone(view: View, made: Milestone) -> Object:
    """A milestone, with the counts of its issues."""
    url = f"{view.api}/milestones/{made.number}"
    counts = view.issue_counts()
    return {
        "id": made.id,
        "node_id": f"MI_{made.id}",
        "url": url,
        "html_url": f"{view.html}/milestone/{made.number}",
        "labels_url": f"{url}/labels",
        "number": made.number,
        "title": made.title,
        "description": made.description,
        "creator": user(view.base, made.creator),
        "open_issues": counts[made.number, "open"],
        "closed_issues": counts[made.number, "closed"],
        "state": made.state,
        "created_at": made.created_at,
        "updated_at": made.updated_at,
        "closed_at": made.closed_at,
        "due_on": made.due_on,
    }
