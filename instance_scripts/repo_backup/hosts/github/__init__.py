"""GitHub: its API, its Apps, what a token may do."""
