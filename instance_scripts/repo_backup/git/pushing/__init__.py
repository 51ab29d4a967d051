"""Pushes a restored mirror to another server."""
