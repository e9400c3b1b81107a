"""Tests of cache policies, by runs of doit."""
