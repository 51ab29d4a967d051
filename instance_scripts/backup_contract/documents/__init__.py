"""The documents in the bucket and on standard output."""
