"""The queries for GitHub's GraphQL API. https://docs.github.com/graphql/reference

GitHub charges one point for each hundred connections in a query. Objects that REST has too, such as
reviews, are saved under REST's field names; objects that only GraphQL has are saved unchanged.
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
"""Counts and newest dates of many repositories: six points for fifty repositories."""

SENTINEL_WITH_FEWER_RIGHTS = f"""
query SentinelWithFewerRights($ids: [ID!]!) {{
  nodes(ids: $ids) {{
    ... on Repository {{
{_COUNTS}
    }}
  }}
}}
"""
"""The same without the counts that need more permissions. If one count is refused, the whole
repository is null, because the schema allows no null in the count's place."""

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
"""Who reacted, for objects that have reactions: one point for a hundred objects."""

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
"""The fields that show whether an item has changed since it was saved, for the rotation."""

PART_STATES = """
query PartStates($ids: [ID!]!) {
  nodes(ids: $ids) {
    ... on Comment { id updatedAt lastEditedAt }
    ... on Reactable { reactions { totalCount } }
  }
}
"""
"""The same for comments, review comments and reviews."""
