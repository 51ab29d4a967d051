"""Observes a run: its instance, the bucket, the archives."""
