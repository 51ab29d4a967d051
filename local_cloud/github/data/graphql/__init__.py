"""The GraphQL API of the data: a true subset of GitHub's schema, resolved over the model.

``schema.graphql`` has the same names, arguments and nullability as GitHub's; a slow test compares
them with the schema that GitHub publishes.
"""
