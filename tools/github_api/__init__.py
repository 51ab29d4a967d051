"""What GitHub publishes of its API: the OpenAPI description and the GraphQL schema.

Sources: npm's `@octokit/openapi` and `@octokit/graphql-schema`, locked by hash. ``make github-api``
installs them.
"""
