"""What servers, listings and repositories may try."""
