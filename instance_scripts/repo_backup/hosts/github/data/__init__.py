"""Reads a repository's data from GitHub: issues, reviews, discussions, releases, settings."""
