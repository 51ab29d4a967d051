"""The questions to GitHub's GraphQL API. https://docs.github.com/graphql/reference

Costs are GitHub's: a point for each hundred connections that are opened. What a comment or review
is in GraphQL is saved under REST's names; what only GraphQL has is saved as it comes.
"""

SENTINEL = """
query Sentinel($ids: [ID!]!) {
  nodes(ids: $ids) {
    ... on Repository {
      id
      hasDiscussionsEnabled
      issues(first: 1, orderBy: {field: UPDATED_AT, direction: DESC}) {
        totalCount nodes { number updatedAt }
      }
      pullRequests(first: 1, orderBy: {field: UPDATED_AT, direction: DESC}) {
        totalCount nodes { number updatedAt }
      }
      discussions(first: 1, orderBy: {field: UPDATED_AT, direction: DESC}) {
        totalCount nodes { number updatedAt }
      }
      milestones(first: 1, orderBy: {field: UPDATED_AT, direction: DESC}) {
        totalCount nodes { number updatedAt }
      }
      releases(first: 1, orderBy: {field: CREATED_AT, direction: DESC}) {
        totalCount nodes { databaseId updatedAt }
      }
      labels(first: 1) { totalCount }
      branchProtectionRules(first: 1) { totalCount }
      rulesets(first: 1) { totalCount }
    }
  }
}
"""
"""Counts and newest dates of many repositories: four points for fifty."""

_ACTOR = "{ login }"
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

ISSUE_LINKS = f"""
query IssueLinks($ids: [ID!]!) {{
  nodes(ids: $ids) {{
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
}}
{_LINKED}
"""
"""What links issues with each other and with pull requests; neither changes ``updatedAt``."""

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

PULL_REVIEWS = f"""
query PullReviews($ids: [ID!]!) {{
  nodes(ids: $ids) {{
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
}}
{_LINKED}
"""
"""Reviews, threads and links of pull requests; twelve points for fifty."""

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

REACTIONS = """
query Reactions($ids: [ID!]!) {
  nodes(ids: $ids) {
    ... on Reactable {
      id
      reactions(first: 100) {
        totalCount
        pageInfo { hasNextPage endCursor }
        nodes { content createdAt user { login } }
      }
    }
  }
}
"""
"""Who reacted; asked only for objects whose counts are not zero. A point for a hundred."""

MORE_REACTIONS = """
query MoreReactions($id: ID!, $first: Int!, $after: String) {
  node(id: $id) {
    ... on Reactable {
      reactions(first: $first, after: $after) {
        totalCount
        pageInfo { hasNextPage endCursor }
        nodes { content createdAt user { login } }
      }
    }
  }
}
"""

ISSUE_NUMBERS = """
query IssueNumbers($owner: String!, $name: String!, $first: Int!, $after: String) {
  repository(owner: $owner, name: $name) {
    issues(first: $first, after: $after, orderBy: {field: CREATED_AT, direction: ASC}) {
      totalCount pageInfo { hasNextPage endCursor } nodes { number }
    }
  }
}
"""

PULL_NUMBERS = """
query PullNumbers($owner: String!, $name: String!, $first: Int!, $after: String) {
  repository(owner: $owner, name: $name) {
    pullRequests(first: $first, after: $after, orderBy: {field: CREATED_AT, direction: ASC}) {
      totalCount pageInfo { hasNextPage endCursor } nodes { number }
    }
  }
}
"""

RELEASE_IDS = """
query ReleaseIds($owner: String!, $name: String!, $first: Int!, $after: String) {
  repository(owner: $owner, name: $name) {
    releases(first: $first, after: $after, orderBy: {field: CREATED_AT, direction: ASC}) {
      totalCount pageInfo { hasNextPage endCursor } nodes { databaseId tagName }
    }
  }
}
"""

ITEM_STATES = """
query ItemStates($ids: [ID!]!) {
  nodes(ids: $ids) {
    ... on Issue { id updatedAt comments { totalCount } reactions { totalCount } }
    ... on PullRequest { id updatedAt comments { totalCount } reactions { totalCount } }
    ... on Discussion {
      id updatedAt comments { totalCount } reactions { totalCount } upvoteCount
    }
  }
}
"""
"""What tells whether an item is as it was saved, for the items that a rotation looks at again."""

PART_STATES = """
query PartStates($ids: [ID!]!) {
  nodes(ids: $ids) {
    ... on Comment { id updatedAt lastEditedAt }
    ... on Reactable { reactions { totalCount } }
  }
}
"""
"""The same for their comments, review comments and reviews."""
