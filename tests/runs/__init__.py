"""Stories of real runs of doit."""
