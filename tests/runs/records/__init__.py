"""Tests of records, by runs of doit."""
