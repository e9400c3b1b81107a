"""Edits of projects with the verdicts that they deserve, run end to end; and the score."""
