"""Tests of the kinds of invariants, by runs of doit."""
