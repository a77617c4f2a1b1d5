"""Commands that plan, run and evaluate campaigns."""
