"""The questions to GitHub's GraphQL API. https://docs.github.com/graphql/reference

Costs are GitHub's: a point for each hundred connections that are opened. What a comment or review
is in GraphQL is saved under REST's names; what only GraphQL has is saved as it comes.
"""

_COUNTS = """
      id
      hasDiscussionsEnabled
      isInOrganization
      viewerCanAdminister
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
"""

SENTINEL = f"""
query Sentinel($ids: [ID!]!) {{
  nodes(ids: $ids) {{
    ... on Repository {{
{_COUNTS}
      commitComments(first: 1) {{ totalCount }}
      deployKeys(first: 1) {{ totalCount }}
      environments(first: 1) {{ totalCount }}
    }}
  }}
}}
"""
"""Counts and newest dates of many repositories: six points for fifty."""

SENTINEL_WITH_FEWER_RIGHTS = f"""
query SentinelWithFewerRights($ids: [ID!]!) {{
  nodes(ids: $ids) {{
    ... on Repository {{
{_COUNTS}
    }}
  }}
}}
"""
"""The same without counts that need further rights. A count that is refused makes GitHub answer
null for its whole repository, as the schema allows no null in its place."""

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
