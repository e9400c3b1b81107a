"""The words in the name of a function."""

import re


def words(name):
    """Split a name at underscores, and before capital letters: ``getValue``."""
    return [word.lower() for word in re.split(r"_+|(?<=[a-z])(?=[A-Z])", name) if word]
