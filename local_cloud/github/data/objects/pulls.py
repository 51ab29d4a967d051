"""Pull requests, their reviews and review comments."""

from local_cloud.github.data.model import Issue, Pull, Review, ReviewComment
from local_cloud.github.data.objects.issues import labels_of, milestone
from local_cloud.github.data.objects.people import Object, View, rollup, user
from local_cloud.github.data.objects.repository import repository


def pull(view: View, item: Issue, *, alone: bool = False) -> Object:
    """A pull request as a list has it, or asked for ``alone``, with the fields only that has."""
    assert item.pull
    url, html = f"{view.api}/pulls/{item.number}", f"{view.html}/pull/{item.number}"
    issue_url = f"{view.api}/issues/{item.number}"
    milestone_of = view.data.milestones.get(item.milestone or 0)
    made: Object = {
        "id": item.pull.id,
        "node_id": f"PR_{item.pull.id}",
        "url": url,
        "html_url": html,
        "diff_url": f"{html}.diff",
        "patch_url": f"{html}.patch",
        "issue_url": issue_url,
        "commits_url": f"{url}/commits",
        "review_comments_url": f"{url}/comments",
        "review_comment_url": f"{view.api}/pulls/comments{{/number}}",
        "comments_url": f"{issue_url}/comments",
        "statuses_url": f"{view.api}/statuses/{item.pull.head_sha}",
        "number": item.number,
        "state": item.state,
        "locked": item.locked,
        "active_lock_reason": item.lock_reason,
        "title": item.title,
        "user": user(view.base, item.author),
        "body": item.body or None,
        "labels": labels_of(view, item),
        "milestone": milestone(view, milestone_of) if milestone_of else None,
        "created_at": item.created_at,
        "updated_at": item.updated_at,
        "closed_at": item.closed_at,
        "merged_at": item.pull.merged_at,
        "merge_commit_sha": item.pull.head_sha if item.pull.merged_at else None,
        "assignee": user(view.base, item.assignees[0]) if item.assignees else None,
        "assignees": [user(view.base, each) for each in item.assignees],
        "requested_reviewers": [],
        "requested_teams": [],
        "head": _branch(view, item.pull.head_ref, item.pull.head_sha),
        "base": _branch(view, item.pull.base_ref, item.pull.base_sha),
        "_links": {
            "self": {"href": url},
            "html": {"href": html},
            "issue": {"href": issue_url},
            "comments": {"href": f"{issue_url}/comments"},
            "review_comments": {"href": f"{url}/comments"},
            "review_comment": {"href": f"{view.api}/pulls/comments{{/number}}"},
            "commits": {"href": f"{url}/commits"},
            "statuses": {"href": f"{view.api}/statuses/{item.pull.head_sha}"},
        },
        "author_association": view.association(item.author),
        "auto_merge": None,
        "draft": item.pull.draft,
    }
    return made | _alone(view, item, item.pull) if alone else made


def review(view: View, item: Issue, made: Review) -> Object:
    """A review."""
    html = f"{view.html}/pull/{item.number}#pullrequestreview-{made.id}"
    pull_url = f"{view.api}/pulls/{item.number}"
    return {
        "id": made.id,
        "node_id": f"PRR_{made.id}",
        "user": user(view.base, made.author),
        "body": made.body,
        "state": made.state,
        "html_url": html,
        "pull_request_url": pull_url,
        "_links": {"html": {"href": html}, "pull_request": {"href": pull_url}},
        "submitted_at": made.created_at,
        "commit_id": made.commit,
        "author_association": view.association(made.author),
    }


def review_comment(view: View, item: Issue, made: ReviewComment) -> Object:
    """A review comment; ``in_reply_to_id`` is there only in a reply."""
    url = f"{view.api}/pulls/comments/{made.id}"
    html = f"{view.html}/pull/{item.number}#discussion_r{made.id}"
    pull_url = f"{view.api}/pulls/{item.number}"
    described: Object = {
        "id": made.id,
        "node_id": f"PRRC_{made.id}",
        "url": url,
        "html_url": html,
        "pull_request_url": pull_url,
        "pull_request_review_id": made.review_id,
        "diff_hunk": "@@ -1 +1 @@",
        "path": made.path,
        "commit_id": made.commit,
        "original_commit_id": made.commit,
        "user": user(view.base, made.author),
        "body": made.body,
        "created_at": made.created_at,
        "updated_at": made.updated_at,
        "author_association": view.association(made.author),
        "_links": {
            "self": {"href": url},
            "html": {"href": html},
            "pull_request": {"href": pull_url},
        },
        "reactions": rollup(url, made.reactions),
        "start_line": None,
        "original_start_line": None,
        "start_side": None,
        "line": made.line,
        "original_line": made.line,
        "side": "RIGHT",
        "position": made.line,
        "original_position": made.line,
        "subject_type": "line",
    }
    if made.reply_to is not None:
        described["in_reply_to_id"] = made.reply_to
    return described


def _branch(view: View, ref: str, sha: str) -> Object:
    owner = view.repository.owner
    if "repository" not in view.written:
        view.written["repository"] = repository(view)
    return {
        "label": f"{owner}:{ref}",
        "ref": ref,
        "sha": sha,
        "user": user(view.base, owner),
        "repo": view.written["repository"],
    }


def _alone(view: View, item: Issue, made: Pull) -> Object:
    return {
        "merged": made.merged_at is not None,
        "mergeable": None,
        "rebaseable": None,
        "mergeable_state": "unknown",
        "merged_by": user(view.base, made.merged_by),
        "comments": len(item.comments),
        "review_comments": len(made.comments),
        "maintainer_can_modify": False,
        "commits": 1,
        "additions": 1,
        "deletions": 1,
        "changed_files": 1,
    }
