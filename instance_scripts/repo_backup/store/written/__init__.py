"""Reads what runs, reports and checks have recorded at a destination, and orders the runs."""
