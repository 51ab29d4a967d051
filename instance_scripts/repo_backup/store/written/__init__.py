"""What runs, reports and checks have written down at a destination, and which of it is newest."""
