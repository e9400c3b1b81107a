"""Tests of the check whether a task is up-to-date, by runs of doit."""
