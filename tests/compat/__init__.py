"""Shows that a ``dodo.py`` that uses nothing of ours behaves as it does under plain doit."""
