"""Builds the objects of GitHub's REST API from the model, with one pure function for each."""
