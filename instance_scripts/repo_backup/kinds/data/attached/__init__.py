"""Attachments: files that texts link to, each saved once as an object by its SHA-256."""
