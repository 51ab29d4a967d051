"""Packs: their indexes, their objects' types and links, and what is new in them."""
