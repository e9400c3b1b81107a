"""The ways in: the loader, the command ``doit invariants``, activation by import."""
