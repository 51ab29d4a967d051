"""Mirror every repository and wiki of a GitHub account to a bucket, and prove it restorable."""
