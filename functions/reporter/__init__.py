"""The reporter: looks at a run and does the one next thing, at last the mail."""
