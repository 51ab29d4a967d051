"""What edits leave behind: gaps in numbers, events, dates that tell of them or do not."""

from local_cloud.github.data import Size, fill
from tests.unit.local_cloud.data.asking import ask, editor, get, hub

LINKS = """
query($id: ID!) { node(id: $id) { ... on Issue { timelineItems(first: 9) {
  nodes { __typename ... on LabeledEvent { label { name } }
    ... on TransferredEvent { fromRepository { nameWithOwner } }
    ... on ConnectedEvent { subject { ... on PullRequest { number } } } } } } } }
"""


def test_issues_pulls_and_discussions_share_one_sequence_of_numbers_with_gaps() -> None:
    api = hub()
    octo = editor(api)
    numbers = octo.create_issue("1").number, octo.create_pull("2").number
    assert (*numbers, octo.create_discussion("3").number) == (1, 2, 3)
    octo.delete_issue(1)
    octo.delete_discussion(3)
    assert octo.create_issue("4").number == 4


def test_an_issue_that_becomes_a_discussion_keeps_its_words() -> None:
    api = hub()
    octo = editor(api)
    octo.comment(octo.create_issue("A question", "How?").number, "So")
    made = octo.convert_to_discussion(1)
    assert (made.number, made.body, [each.body for each in made.comments]) == (2, "How?", ["So"])
    assert get(api, "issues/1").status == 410


def test_a_transferred_issue_tells_where_it_came_from_and_a_link_where_it_leads() -> None:
    api = hub("hello", "other")
    octo = editor(api)
    issue = octo.create_issue("One")
    octo.connect(issue.number, octo.create_pull("Two").number)
    linked = ask(api, LINKS, id=f"I_{issue.id}").body["data"]["node"]["timelineItems"]["nodes"]
    assert linked == [{"__typename": "ConnectedEvent", "subject": {"number": 2}}]
    octo.transfer_issue(1, api.data.of(2))
    moved = ask(api, LINKS, id=f"I_{issue.id}").body["data"]["node"]["timelineItems"]["nodes"]
    assert moved[-1]["fromRepository"] == {"nameWithOwner": "octo/hello"}


def test_what_is_deleted_changes_no_date_of_the_issues_that_had_it() -> None:
    api = hub()
    octo = fill(api.data, 1, Size(issues=9))
    issues = octo.repository.issues
    octo.edit_issue(1, milestone=1)
    octo.label(1, "bug")
    before = {number: each.updated_at for number, each in issues.items()}
    octo.delete_milestone(1)
    octo.delete_label("bug")
    assert {number: each.updated_at for number, each in issues.items()} == before
    assert get(api, "issues/1").body["milestone"] is None
    assert "bug" not in [each["name"] for each in get(api, "issues/1").body["labels"]]


def test_edits_of_lists_are_served() -> None:
    api = hub()
    octo = fill(api.data, 1, Size(releases=2, commit_comments=2, milestones=1))
    octo.edit_release("v1.0", body="Other notes")
    octo.delete_release("v2.0")
    octo.delete_commit_comment(octo.repository.commit_comments[0].id)
    octo.edit_milestone(1, state="closed")
    octo.edit_label("bug", color="000000")
    assert [each["body"] for each in get(api, "releases").body] == ["Other notes"]
    assert len(get(api, "comments").body) == 1
    assert get(api, "milestones").body == []
    assert get(api, "labels").body[0]["color"] == "000000"


def test_a_reaction_that_is_withdrawn_and_a_comment_that_is_deleted_change_counts_only() -> None:
    api = hub()
    octo = editor(api)
    issue = octo.create_issue("One")
    octo.react(issue)
    first = octo.create_discussion("Two")
    comment = octo.comment_discussion(first.number, "A comment")
    dates = issue.updated_at, first.updated_at
    octo.withdraw_reaction(issue)
    octo.delete_discussion_comment(first.number, comment.id)
    assert (issue.updated_at, first.updated_at) == dates
    assert get(api, "issues/1").body["reactions"]["total_count"] == 0


def test_a_mention_or_link_whose_other_end_was_deleted_is_not_listed_any_more() -> None:
    api = hub()
    octo = editor(api)
    issue, source = octo.create_issue("One"), octo.create_issue("Two")
    octo.cross_reference(issue.number, source.number)
    octo.connect(issue.number, source.number, "marked_as_duplicate")
    octo.label(issue.number, "bug")
    octo.delete_issue(source.number)
    octo.delete_label("bug")
    answer = ask(api, LINKS, id=f"I_{issue.id}").body
    assert "errors" not in answer
    nodes = answer["data"]["node"]["timelineItems"]["nodes"]
    assert [each["__typename"] for each in nodes] == ["LabeledEvent"]
