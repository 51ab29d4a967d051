"""Writes and reads archives: bare repositories, and documents, as zips."""
