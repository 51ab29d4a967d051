"""Gists of a person: git repositories of their own, listed apart from the others."""
