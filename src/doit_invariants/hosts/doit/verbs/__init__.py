"""The verbs of ``doit invariants``, one module each, with one function ``execute``."""
