"""Judges a finished run: verdict, differences, cost. Pure."""
