"""Reads project data where it is stored, and compares it between two runs."""
