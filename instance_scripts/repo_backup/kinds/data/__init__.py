"""The kind ``data``: a repository's issues, pull requests, discussions, releases and settings."""
