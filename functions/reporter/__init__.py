"""The reporter: observes a run and takes its next step, of which the last is the mail."""
