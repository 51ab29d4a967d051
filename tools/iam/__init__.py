"""What each role may do, judged by a policy evaluator."""
