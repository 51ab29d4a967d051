"""Publishes the result of a run: mail, run report, metrics, heartbeat."""
