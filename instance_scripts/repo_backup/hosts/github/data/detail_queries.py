"""The queries for details of issues and pull requests that only GraphQL has. See ``queries``.

One query covers the issues and the pull requests of a page, each with a list of ids of their own:
so GitHub charges the connections of each kind for its own ids only.
"""

_CROSS_REFERENCES = """
      timelineItems(first: 50, itemTypes: [CROSS_REFERENCED_EVENT, CONNECTED_EVENT,
          DISCONNECTED_EVENT, MARKED_AS_DUPLICATE_EVENT, TRANSFERRED_EVENT]) {
        pageInfo { hasNextPage endCursor }
        nodes { ...Linked }
      }
"""
_LINKED = """
fragment Linked on Node {
  __typename
  ... on CrossReferencedEvent {
    id createdAt isCrossRepository willCloseTarget actor { login }
    source { ...Subject }
  }
  ... on ConnectedEvent { id createdAt isCrossRepository actor { login } subject { ...Subject } }
  ... on DisconnectedEvent { id createdAt isCrossRepository actor { login } subject { ...Subject } }
  ... on MarkedAsDuplicateEvent { id createdAt isCrossRepository actor { login } }
  ... on TransferredEvent { id createdAt actor { login } fromRepository { nameWithOwner } }
}
fragment Subject on ReferencedSubject {
  __typename
  ... on Issue { number url repository { nameWithOwner } }
  ... on PullRequest { number url repository { nameWithOwner } }
}
"""

_REVIEW = """
          id fullDatabaseId state body submittedAt authorAssociation url
          author { __typename login ... on User { databaseId } }
          commit { oid }
"""
_THREAD = """
          id isResolved isOutdated isCollapsed path line originalLine startLine originalStartLine
          diffSide subjectType resolvedBy { login }
          comments(first: 1) { totalCount nodes { fullDatabaseId } }
"""

_ISSUES = f"""
  issues: nodes(ids: $issues) {{
    ... on Issue {{
      id
      number
      parent {{ number url repository {{ nameWithOwner }} }}
      subIssues(first: 50) {{
        totalCount
        pageInfo {{ hasNextPage endCursor }}
        nodes {{ number url repository {{ nameWithOwner }} }}
      }}
{_CROSS_REFERENCES}
    }}
  }}
"""
_PULLS = f"""
  pulls: nodes(ids: $pulls) {{
    ... on PullRequest {{
      id
      number
      additions
      deletions
      changedFiles
      mergedBy {{ login }}
      reviews(first: 50) {{
        totalCount
        pageInfo {{ hasNextPage endCursor }}
        nodes {{ {_REVIEW} }}
      }}
      reviewThreads(first: 20) {{
        totalCount
        pageInfo {{ hasNextPage endCursor }}
        nodes {{ {_THREAD} }}
      }}
{_CROSS_REFERENCES}
    }}
  }}
"""

ISSUE_LINKS = f"""
query IssueLinks($issues: [ID!]!) {{
{_ISSUES}
}}
{_LINKED}
"""
"""The links of issues to each other and to pull requests, which do not change ``updatedAt``. Two
points for a hundred issues."""

PULL_REVIEWS = f"""
query PullReviews($pulls: [ID!]!) {{
{_PULLS}
}}
{_LINKED}
"""
"""Reviews, review threads and links: 23 points for a hundred pull requests."""

ITEM_DETAILS = f"""
query ItemDetails($issues: [ID!]!, $pulls: [ID!]!) {{
{_ISSUES}
{_PULLS}
}}
{_LINKED}
"""
"""Both in one query."""

MORE_REVIEWS = f"""
query MoreReviews($id: ID!, $first: Int!, $after: String) {{
  node(id: $id) {{
    ... on PullRequest {{
      reviews(first: $first, after: $after) {{
        totalCount
        pageInfo {{ hasNextPage endCursor }}
        nodes {{ {_REVIEW} }}
      }}
    }}
  }}
}}
"""

MORE_THREADS = f"""
query MoreThreads($id: ID!, $first: Int!, $after: String) {{
  node(id: $id) {{
    ... on PullRequest {{
      reviewThreads(first: $first, after: $after) {{
        totalCount
        pageInfo {{ hasNextPage endCursor }}
        nodes {{ {_THREAD} }}
      }}
    }}
  }}
}}
"""

MORE_TIMELINE = (
    """
query MoreTimeline($id: ID!, $first: Int!, $after: String) {
  node(id: $id) {
    ... on Issue {
      timelineItems(first: $first, after: $after, itemTypes: [CROSS_REFERENCED_EVENT,
          CONNECTED_EVENT, DISCONNECTED_EVENT, MARKED_AS_DUPLICATE_EVENT, TRANSFERRED_EVENT]) {
        pageInfo { hasNextPage endCursor }
        nodes { ...Linked }
      }
    }
    ... on PullRequest {
      timelineItems(first: $first, after: $after, itemTypes: [CROSS_REFERENCED_EVENT,
          CONNECTED_EVENT, DISCONNECTED_EVENT, MARKED_AS_DUPLICATE_EVENT, TRANSFERRED_EVENT]) {
        pageInfo { hasNextPage endCursor }
        nodes { ...Linked }
      }
    }
  }
}
"""
    + _LINKED
)

MORE_SUB_ISSUES = """
query MoreSubIssues($id: ID!, $first: Int!, $after: String) {
  node(id: $id) {
    ... on Issue {
      subIssues(first: $first, after: $after) {
        totalCount
        pageInfo { hasNextPage endCursor }
        nodes { number url repository { nameWithOwner } }
      }
    }
  }
}
"""
