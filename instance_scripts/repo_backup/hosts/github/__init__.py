"""GitHub: its API, GitHub Apps, and tokens' permissions."""
