"""Restores repositories from the store: catalogue, archive reader, restore drill."""
