"""Adapters for the AWS services that both functions call."""
