"""What lies in a directory that is replaced, and is no part of it: it stays where it is.

That is what tools leave everywhere (``__pycache__``, ``.DS_Store``), and what the user keeps out of
all directories by the setting ``tree_exclude``: it may be a repository.
"""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Sequence

from doit_invariants.core.errors import InvariantsError
from doit_invariants.files.deep import remove, walk

#: Made again by what made it: it may go with the directory that it is in.
_WORTHLESS = frozenset({"__pycache__", ".DS_Store", "Thumbs.db"})


class InTheWay(InvariantsError):
    """What is in the place of a target is not the task's to replace; says what."""


def let_stay(names: Sequence[str], target: str, new: str) -> None:
    """Take along what stays, into what is made aside.

    :param names: relative to the target, with ``/``
    :param new: path of what takes its place
    :raises InTheWay: if the directory of one is not among what is made
    :raises OSError: if it can't be taken along

    By hard links: a process that is killed has then moved nothing away. What is there keeps its
    inode, and is the one that counts where the new one has something of the same name.
    """
    old = target.rstrip("/")
    for name in names:
        source, place = (os.path.join(top, *name.split("/")) for top in (old, new))
        if not os.path.isdir(os.path.dirname(place)):
            if os.path.basename(name) in _WORTHLESS:
                continue
            raise InTheWay(
                f"its target {target} contains {name}, and the result has no directory for it"
            )
        remove(place)
        _link(source, place)


def _link(source: str, place: str) -> None:
    if os.path.islink(source) or not os.path.isdir(source):
        _link_file(source, place)
        return
    made = [(source, place)]
    os.mkdir(place)
    for directory, names, files in walk(source):
        here = os.path.join(place, os.path.relpath(directory, source))
        for name in files:
            _link_file(os.path.join(directory, name), os.path.join(here, name))
        for name in names:
            made.append((os.path.join(directory, name), os.path.join(here, name)))
            os.mkdir(made[-1][1])
    for one, other in reversed(made):  # last: a directory may be read-only
        with contextlib.suppress(OSError):
            shutil.copystat(one, other)


def _link_file(source: str, place: str) -> None:
    if os.path.islink(source):
        os.symlink(os.readlink(source), place)
        return
    try:
        os.link(source, place)
    except OSError:
        shutil.copy2(source, place)
