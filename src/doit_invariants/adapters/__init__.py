"""Where doit-invariants meets doit: dependency manager, checker, task dicts, ``uptodate``."""
