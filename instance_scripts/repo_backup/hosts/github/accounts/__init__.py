"""The data of GitHub's accounts: what is read of them, and how."""
