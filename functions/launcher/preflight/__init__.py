"""The preflight: checks AWS and GitHub before anything is spent, and says what to do."""
