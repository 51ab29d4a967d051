"""Pushing a restored mirror to another server."""
