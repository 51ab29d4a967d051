"""The kind ``gist``: the gists of a person, which are git repositories with a list of their own."""
