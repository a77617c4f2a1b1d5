"""Faulty executions that end as due: why, and what is tried before."""
