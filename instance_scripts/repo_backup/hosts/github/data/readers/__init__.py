"""Readers of project data: one module for each family of sections with similar endpoints."""
