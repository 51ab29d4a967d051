"""Mirror every repository and wiki of a GitHub account to a bucket, and prove it restorable."""

__version__ = "0.1.0"
