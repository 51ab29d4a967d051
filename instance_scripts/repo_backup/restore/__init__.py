"""From the store back to a repository: catalogue, archive reader, restore drill."""
