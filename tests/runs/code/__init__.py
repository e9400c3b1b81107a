"""Tests of code tracking, by runs of doit."""
