"""The cost of doit-invariants beside plain doit's, measured in turns in one session."""
