"""Tell people: mail, run report, metrics, heartbeat."""
