"""The demos: `make demo`, `make demo-interruption`, and the README's pictures."""
