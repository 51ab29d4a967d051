"""Uploads to a bucket: archives, in parts, and binaries, keyed by SHA-256."""
