"""The reporter: looks at a run and takes its next step. The last step is the mail."""
