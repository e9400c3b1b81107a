"""Tests of doit's DB, its lock and its journal, by runs of doit."""
