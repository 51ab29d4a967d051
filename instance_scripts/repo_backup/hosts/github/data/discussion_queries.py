"""The queries for discussions, which only GraphQL has. See ``queries``.

They do not include reactions, which would cost a point for each hundred comments *and replies* that
there might be. Reactions are requested later, by the ids of the existing comments and replies.
"""

DISCUSSION_NUMBERS = """
query DiscussionNumbers($owner: String!, $name: String!, $first: Int!, $after: String) {
  repository(owner: $owner, name: $name) {
    discussions(first: $first, after: $after, orderBy: {field: CREATED_AT, direction: ASC}) {
      totalCount pageInfo { hasNextPage endCursor } nodes { number }
    }
  }
}
"""

_DISCUSSION_COMMENT = """
            id databaseId body createdAt updatedAt lastEditedAt deletedAt isAnswer isMinimized
            minimizedReason upvoteCount url authorAssociation
            author { __typename login }
"""
_DISCUSSION_COMMENTS = f"""
        totalCount
        pageInfo {{ hasNextPage endCursor }}
        nodes {{
          {_DISCUSSION_COMMENT}
          replies(first: 20) {{
            totalCount
            pageInfo {{ hasNextPage endCursor }}
            nodes {{ {_DISCUSSION_COMMENT} }}
          }}
        }}
"""
_DISCUSSION = f"""
      id databaseId number title body createdAt updatedAt lastEditedAt publishedAt closed closedAt
      stateReason isAnswered answerChosenAt locked activeLockReason upvoteCount url
      authorAssociation
      author {{ __typename login }}
      answerChosenBy {{ login }}
      answer {{ id databaseId }}
      category {{ id name slug emoji description isAnswerable }}
      labels(first: 20) {{ nodes {{ name color description }} }}
      poll {{ question totalVoteCount options(first: 20) {{ nodes {{ option totalVoteCount }} }} }}
      comments(first: 25) {{ {_DISCUSSION_COMMENTS} }}
"""

DISCUSSIONS = f"""
query Discussions($owner: String!, $name: String!, $first: Int!, $after: String,
    $field: DiscussionOrderField!, $direction: OrderDirection!) {{
  repository(owner: $owner, name: $name) {{
    discussions(first: $first, after: $after, orderBy: {{field: $field, direction: $direction}}) {{
      totalCount
      pageInfo {{ hasNextPage endCursor }}
      nodes {{ {_DISCUSSION} }}
    }}
  }}
}}
"""
"""Whole discussions, with comments and replies: seven points for 25 discussions."""

DISCUSSION = f"""
query Discussion($owner: String!, $name: String!, $number: Int!) {{
  repository(owner: $owner, name: $name) {{
    discussion(number: $number) {{ {_DISCUSSION} }}
  }}
}}
"""

MORE_DISCUSSION_COMMENTS = f"""
query MoreDiscussionComments($id: ID!, $first: Int!, $after: String) {{
  node(id: $id) {{
    ... on Discussion {{
      comments(first: $first, after: $after) {{ {_DISCUSSION_COMMENTS} }}
    }}
  }}
}}
"""

MORE_REPLIES = f"""
query MoreReplies($id: ID!, $first: Int!, $after: String) {{
  node(id: $id) {{
    ... on DiscussionComment {{
      replies(first: $first, after: $after) {{
        totalCount
        pageInfo {{ hasNextPage endCursor }}
        nodes {{ {_DISCUSSION_COMMENT} }}
      }}
    }}
  }}
}}
"""
