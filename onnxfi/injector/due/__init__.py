"""Handles failed executions: tries other ways, and finds why they end as due."""
