"""Reads the data of accounts on GitHub: the table of sections, and their readers."""
