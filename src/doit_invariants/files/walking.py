"""Walks through directories of any depth: those of the standard library go down by recursion."""

from __future__ import annotations

import os
from collections.abc import Iterator


def walk(top: str) -> Iterator[tuple[str, list[str], list[str]]]:
    """Yield what ``os.walk`` does, a directory before those in it.

    Links are among the files, and are not followed; what can't be read is left out.
    """
    stack = [top]
    while stack:
        path = stack.pop()
        directories: list[str] = []
        files: list[str] = []
        try:
            with os.scandir(path) as found:
                for entry in found:
                    is_directory = entry.is_dir(follow_symlinks=False)
                    (directories if is_directory else files).append(entry.name)
        except OSError:
            continue
        yield path, directories, files
        stack += (os.path.join(path, name) for name in directories)
