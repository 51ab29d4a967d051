"""GitHub's API in bulk: lists in pages, GraphQL in batches, within the limits of the hour."""
