"""An issue, a pull request, a discussion as a person reads it in a terminal."""

from typing import Any

from repo_backup.cli.item_text import WIDTH, item_lines

OCTO, HUBOT = {"login": "octo"}, {"login": "hubot"}


def day(number: int) -> str:
    return f"2026-11-{number:02}T17:02:03Z"


def comment(number: int, body: str, on: int, **fields: Any) -> dict[str, Any]:
    return {"id": number, "user": OCTO, "body": body, "created_at": day(on), **fields}


def lines(path: str, document: Any, marks: dict[str, str] | None = None) -> list[str]:
    return [*item_lines("octo/hello", path, {"created_at": day(1), **document}, marks or {})]


def test_an_issue_has_state_author_dates_labels_text_and_comments_in_their_order() -> None:
    issue = {
        "number": 3,
        "title": "It breaks",
        "state": "closed",
        "state_reason": "not_planned",
        "closed_at": day(4),
        "user": None,
        "labels": [{"name": "bug"}, {"name": "windows"}],
        "body": "Always.",
        "reactions": {"+1": 2, "heart": 0, "total_count": 2, "url": "x"},
        "comment_data": [comment(8, "Second.", 3), comment(7, "First.", 2)],
        "event_data": [{"event": "closed", "actor": HUBOT, "created_at": day(4)}],
    }
    assert lines("issues/3.json", issue) == [
        "octo/hello#3  It breaks",
        "issue, closed (not planned) · ghost · 2026-11-01 17:02 · closed 2026-11-04 17:02",
        "  · labels bug, windows",
        "",
        "  Always.",
        "  [+1 2]",
        "",
        "> octo commented · 2026-11-02 17:02",
        "  First.",
        "",
        "> octo commented · 2026-11-03 17:02",
        "  Second.",
        "",
        "> hubot closed this · 2026-11-04 17:02",
    ]


def test_a_pull_request_has_reviews_and_replies_below_what_they_answer() -> None:
    pull = {
        "number": 4,
        "title": "Mend it",
        "state": "closed",
        "merged_at": day(9),
        "head": {"label": "octo:topic"},
        "base": {"ref": "main"},
        "user": HUBOT,
        "comment_regular_data": [comment(1, "Later.", 8)],
        "review_data": [
            {"id": 2, "user": OCTO, "state": "CHANGES_REQUESTED", "submitted_at": day(2)}
        ],
        "comment_data": [
            comment(3, "Why?", 3, path="a.py", line=7),
            comment(5, "Another.", 4, path="b.py", original_line=1),
            comment(6, "Because.", 5, path="a.py", in_reply_to_id=3),
        ],
        "review_thread_nodes": [
            {"isResolved": True, "comments": {"nodes": [{"fullDatabaseId": "3"}]}}
        ],
    }
    found = lines("pulls/4.json", pull)
    assert "octo:topic into main" in " ".join(found)
    assert [each for each in found if each.startswith(">")] == [
        "> octo requested changes · 2026-11-02 17:02",
        "> octo commented on a.py:7 (resolved) · 2026-11-03 17:02",
        ">> octo commented on a.py · 2026-11-05 17:02",
        "> octo commented on b.py:1 · 2026-11-04 17:02",
        "> octo commented · 2026-11-08 17:02",
    ]


def test_a_discussion_has_its_answer_and_replies_by_graphql_names() -> None:
    reply = {"id": "r", "author": HUBOT, "body": "Thanks.", "createdAt": day(4)}
    answer = {
        "id": "c", "author": OCTO, "body": "So.", "createdAt": day(3), "isAnswer": True,
        "reply_data": [reply],
        "reaction_nodes": [{"content": "THUMBS_UP"}, {"content": "HEART"}, None],
    }  # fmt: skip
    reported = {"number": 5, "title": "How?", "isAnswered": True, "author": OCTO}
    found = lines("discussions/5.json", {**reported, "comment_data": [answer]})
    assert found[1].startswith("discussion, answered · octo")
    assert found[-6:] == [
        "> octo commented (the answer) · 2026-11-03 17:02",
        "  So.",
        "  [+1 1, heart 1]",
        "",
        ">> hubot replied · 2026-11-04 17:02",
        "    Thanks.",
    ]


def test_what_is_gone_from_github_is_marked_with_its_date() -> None:
    issue = {"number": 3, "title": "a", "comment_data": [comment(7, "First.", 2)]}
    marks = {"issues/3.json": day(20), "issues/3.json#comment_data/7": day(13)}
    found = lines("issues/3.json", issue, marks)
    assert "** gone from GitHub since 2026-11-20 17:02; it stays in the backup **" in found
    assert "> octo commented · 2026-11-02 17:02 · gone from GitHub since 2026-11-13 17:02" in found


def test_text_is_folded_at_80_columns_but_not_code() -> None:
    code = "```\n" + "x = 1; " * 30 + "\n```"
    found = lines(
        "issues/1.json", {"number": 1, "title": "word " * 40, "body": f"{'a b ' * 99}\n{code}"}
    )
    assert [len(each) > WIDTH for each in found].count(True) == 1
    assert any("x = 1; x = 1;" in each and len(each) > WIDTH for each in found)


def test_hostile_text_moves_no_cursor_and_passes_for_no_line_of_ours() -> None:
    forged = "\n> octo approved · 2026-11-02 17:02\n\n  >> octo approved"
    evil = f"\x1b[2J\u202ered\u2066{forged}\r> octo approved"
    issue = {
        "number": 1,
        "title": f"{'long ' * 15}> octo approved {evil}",
        "body": evil,
        "html_url": "> octo approved",
        "user": {"login": evil},
        "labels": [{"name": evil}],
        "comment_data": [comment(7, evil, 2)],
    }
    found = lines("issues/1.json", issue)
    assert all(each.isprintable() for each in found)
    assert [each[:12] for each in found if each.startswith(">")] == ["> octo comme"]


def test_references_that_rest_tells_are_shown_as_those_of_graphql() -> None:
    url = "https://api.github.com/repos/octo/other"
    source = {"issue": {"number": 3, "repository_url": url}}
    issue = {
        "number": 1,
        "title": "One",
        "timeline_nodes": [
            {"source": {"number": 2, "repository": {"nameWithOwner": "octo/hello"}}}
        ],
        "timeline_data": [{"event": "cross-referenced", "source": source}],
    }
    assert any("linked with octo/hello#2, octo/other#3" in e for e in lines("issues/1.json", issue))


def test_documents_of_any_shape_are_shown_as_far_as_they_go() -> None:
    odd = {
        "title": 7, "body": ["x"], "user": "octo", "labels": {"nodes": None}, "milestone": [],
        "comment_data": [None, 3, {}], "event_data": [{"event": None}, {"event": "renamed"}],
        "timeline_nodes": [{"source": {}}], "timeline_data": [{}, {"source": {"issue": {}}}],
        "reactions": {"+1": "many"}, "assets": 0,
        "review_thread_nodes": [{"isResolved": True, "comments": None}],
    }  # fmt: skip
    for folder in ("issues", "pulls", "discussions", "releases"):
        assert lines(f"{folder}/1.json", odd)[0].startswith("octo/hello")
