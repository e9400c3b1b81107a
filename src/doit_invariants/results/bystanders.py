"""Keep the files in a replaced directory that are not part of the target.

These are files that tools leave everywhere (``__pycache__``, ``.DS_Store``), and whatever the user
excludes from all directories with the setting ``tree_exclude``, such as a repository.
"""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Sequence

from doit_invariants.core.errors import InvariantsError
from doit_invariants.files.deep import remove, walk

#: The tools make these again, so they may be removed together with their directory.
_WORTHLESS = frozenset({"__pycache__", ".DS_Store", "Thumbs.db"})


class InTheWay(InvariantsError):
    """A target can't be replaced because something that is not the task's is there; says what."""


def let_stay(names: Sequence[str], target: str, new: str) -> None:
    """Move bystanders along into the new target, which is still in the staging directory.

    :param names: relative to the target, with ``/``
    :param new: path of the new target
    :raises InTheWay: if the new target lacks the directory of a bystander
    :raises OSError: if a bystander can't be linked or copied

    Hard links are used, so a process that is killed has moved nothing away. A bystander keeps its
    inode, and wins over a part of the new target with the same name.
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
