"""Short texts for people: one line each, and nothing in them that a terminal would obey."""

from __future__ import annotations

#: So long is what fits into one line of an explanation.
WIDTH = 60


def printable(text: str) -> str:
    """Return a line with all in it escaped that does not simply show as itself, but tabs.

    A file can have any name: one that clears the screen, or looks like two lines, or reads from
    right to left. And it need not be UTF-8; Python carries such bytes as lone surrogates, which
    no stream encodes: printing one would turn an explanation into a traceback. A newline at the
    end of the text is the line's own.
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
    """Return the text cut in its middle to what fits into one line of an explanation."""
    if len(text) <= width:
        return text
    half = (width - 5) // 2
    return f"{text[:half]} ... {text[-half:]}"


def one_line(text: str) -> str:
    """Return a text with a single space for each stretch of white space, line ends included."""
    return " ".join(text.split())


def blanked(text: str) -> str:
    """Return a text with a space for each character that does not simply show as itself."""
    return "".join(c if c.isprintable() else " " for c in text).strip()


def error_text(error: BaseException) -> str:
    """Return what an error says, in one line.

    Of an error of the system without the path, which may be that of a temporary file.
    """
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    return one_line(str(error)) or type(error).__name__
