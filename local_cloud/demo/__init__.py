"""What `make demo` and its kin show."""
