"""A repository's data as GitHub has it: issues, reviews, discussions, releases, settings."""
