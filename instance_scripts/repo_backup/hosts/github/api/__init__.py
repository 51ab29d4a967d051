"""Bulk requests to GitHub's API: paged lists and GraphQL batches, within the hourly limits."""
