"""The machine that runs user data in a sandbox."""
