"""Short strings for people: one line each, without characters that control a terminal."""

from __future__ import annotations

#: Number of characters that fit into one line of an explanation.
WIDTH = 60


def printable(text: str) -> str:
    """Return a line in which all unprintable characters except tabs are escaped.

    A file can have any name: one that clears the screen, looks like two lines, or reads from
    right to left. A name need not be UTF-8 either. Python keeps such bytes as lone surrogates,
    which no stream can encode, so printing them would raise an error. A newline at the end of the
    line is kept.
    """
    if text.isprintable():
        return text
    line = text.removesuffix("\n")
    return "".join(map(_shown, line)) + text[len(line) :]


def _shown(character: str) -> str:
    if character.isprintable() or character == "\t":
        return character
    return character.encode("unicode_escape").decode("ascii")


def listing(names: list[str], most: int = 5) -> str:
    """Return the first few names and how many more there are: ``a, b and 7 more``."""
    if len(names) <= most:
        return ", ".join(names)
    return f"{', '.join(names[:most])} and {len(names) - most} more"


def shorten(text: str, width: int = WIDTH) -> str:
    """Return a string, without its middle if it is too long for one line of an explanation."""
    if len(text) <= width:
        return text
    half = (width - 5) // 2
    return f"{text[:half]} ... {text[-half:]}"


def one_line(text: str) -> str:
    """Replace each run of whitespace, newlines included, with one space."""
    return " ".join(text.split())


def blanked(text: str) -> str:
    """Replace each unprintable character with a space, and strip the string."""
    return "".join(c if c.isprintable() else " " for c in text).strip()


def error_text(error: BaseException) -> str:
    """Return the message of an error, in one line.

    The message of an OSError has no path, because that may be the path of a temporary file.
    """
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    return one_line(str(error)) or type(error).__name__
