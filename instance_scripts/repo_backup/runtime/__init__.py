"""What every package may use: cancellation, budgets, retries, scratch space, errors."""
