"""Look before anything is spent: facts of AWS and GitHub, and what is to be done about them."""
