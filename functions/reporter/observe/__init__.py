"""Look at a run: its instance, the bucket, the archives."""
