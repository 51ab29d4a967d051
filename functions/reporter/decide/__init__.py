"""What to do next with a run. Pure."""
