"""What commands print with --json: one document each."""
