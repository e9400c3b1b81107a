"""Tests of file dependencies and targets, by runs of doit."""
