"""Names of functions and the words they are made of."""

import re


def words(name):
    """Split a name at underscores, and where a capital letter begins: ``getValue``."""
    return [word.lower() for word in re.split(r"_+|(?<=[a-z])(?=[A-Z])", name) if word]
