"""Decide whether a task is up-to-date: invariants, records and their comparison."""
