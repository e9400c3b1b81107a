"""Checks whether a task is up-to-date, and why not."""
