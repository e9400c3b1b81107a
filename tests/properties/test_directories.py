"""Random directories and edits: earlier knowledge of a directory never changes its state.

What is known of a directory only spares looking at it: the state has to be the one of a look at all
of it. That again is compared with a plain walk, which is here as it is described.
"""

from __future__ import annotations

import json
import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from doit_invariants.files.selection import Selection, matcher
from doit_invariants.files.state import FileState, FileView
from doit_invariants.files.tree import TreeState, entries_digest, tree_state, was_written
from tests.support.choices import examples

NAMES = st.sampled_from(["a", "a-b", "b.x", "c", "skip", "\u00e9"])
FEW = st.sampled_from(["a", "a-b", "b.x", "c", "c/a", "c/a-b", "c/c", "c/c/a"])
PATHS = FEW | st.lists(NAMES, min_size=1, max_size=3).map("/".join)
TEXTS = st.sampled_from(["", "a", "b", "longer"])
#: What there can be: a file, a directory, or a link to somewhere.
THINGS = st.tuples(st.just("file"), PATHS, TEXTS) | st.tuples(
    st.sampled_from(["directory", "link", "pipe", "hard"]), PATHS, PATHS
)
#: Edits, in some order; the last three leave the content as it was.
EDITS = st.one_of(
    THINGS,
    st.tuples(st.just("write"), PATHS, TEXTS),
    st.tuples(st.sampled_from(["rename", "remove", "unseen"]), PATHS, PATHS),
    st.tuples(st.sampled_from(["touch", "rewrite", "there and back"]), PATHS, PATHS),
)
SELECTIONS = st.builds(
    lambda include, exclude, skip: (include, exclude, skip),
    st.sampled_from([(), ("*.x",), ("a*", "c/**")]),
    st.sampled_from([(), ("skip",), ("a/b.x", "?"), ("a/**",), ("[!a]*",)]),
    st.sets(PATHS, max_size=2),
)


def put(root: Path, what: str, path: str, more: str) -> None:
    """Make something, where there is nothing of the name yet."""
    place = root / path
    if os.path.lexists(place):
        raise FileExistsError  # writing into a pipe would wait forever
    place.parent.mkdir(parents=True, exist_ok=True)
    if what == "file":
        place.write_text(more)
    elif what == "directory":
        place.mkdir(parents=True)
    elif what == "link":
        place.symlink_to(os.path.relpath(root / more, place.parent))
    elif what == "hard":
        place.hardlink_to(root / more)
    else:
        os.mkfifo(place)


def edit(root: Path, what: str, path: str, more: str) -> None:
    """Do one thing to what is there."""
    place = root / path
    if what == "remove":
        shutil.rmtree(place) if place.is_dir() and not place.is_symlink() else place.unlink()
    elif what == "rename":
        (root / more).parent.mkdir(parents=True, exist_ok=True)
        place.rename(root / more)
    elif not place.is_file():
        return
    elif what == "write":
        place.write_text(more)
    elif what == "touch":
        os.utime(place, (1, 1))
    else:
        before, text = place.stat(), place.read_text()
        place.write_text(text.swapcase() if what == "unseen" and text else text)
        if what != "rewrite":
            os.utime(place, ns=(before.st_atime_ns, before.st_mtime_ns))


def play(root: Path, steps: list[tuple[str, str, str]]) -> None:
    """Do what can be done of some steps."""
    for step in steps:
        try:
            (put if step[0] in MADE else edit)(root, *step)
        except OSError:
            continue  # there is something else in its place


MADE = ("file", "directory", "link", "pipe", "hard")


def plain(root: str, select: Selection) -> dict[str, FileState]:
    """Return the entries of a directory, with all files read."""
    return dict(_entries(root, "", [], select))


def _entries(
    path: str, prefix: str, inside: list[tuple[int, int]], select: Selection
) -> Iterator[tuple[str, FileState]]:
    info = os.stat(path)
    inside = [*inside, (info.st_dev, info.st_ino)]
    for name in os.listdir(path):
        one, relative = os.path.join(path, name), prefix + name
        if one in select.skip or (select.exclude is not None and select.exclude(relative)):
            continue
        if os.path.isdir(one):
            info = os.stat(one)
            if (info.st_dev, info.st_ino) in inside:
                yield relative, FileState("circle", None)
            else:
                yield relative, FileState("directory", None)
                yield from _entries(one, relative + "/", inside, select)
        elif select.include is None or select.include(relative):
            yield relative, _file(one)


def _file(path: str) -> FileState:
    try:
        return FileView().state(path)
    except OSError:
        from doit_invariants.hashing.digest import digest_bytes

        return FileState("link:" + digest_bytes(os.fsencode(os.readlink(path))), None)


def contents(entries: dict[str, FileState]) -> dict[str, str]:
    """Return the entries without their stats."""
    return {path: state.digest for path, state in entries.items()}


def stored(state: TreeState) -> TreeState:
    """Return a state as the next run reads it."""
    return TreeState.from_json(json.loads(json.dumps(state.to_json())))


@examples(200)
@given(
    things=st.lists(THINGS, min_size=3, max_size=10),
    edits=st.lists(EDITS, max_size=6),
    chosen=SELECTIONS,
    then=st.none() | SELECTIONS,
    old=st.booleans(),
)
def test_what_is_known_changes_nothing(
    things: list[Any], edits: list[Any], chosen: Any, then: Any, old: bool
) -> None:
    """The state of a directory is that of a full read, no matter what was known before."""
    with tempfile.TemporaryDirectory() as made:
        root = Path(made)

        def selection(given: Any) -> Selection:
            include, exclude, skip = given
            paths = frozenset(str(root / path) for path in skip)
            return Selection(matcher(include), matcher(exclude), paths)

        select = selection(chosen)
        play(root, things)
        time.sleep(0.025)
        first = tree_state(FileView(), made, None, select)
        entries = plain(made, select)
        assert contents(first.entries) == contents(entries)
        assert first.digest == entries_digest(entries)
        known = stored(first)
        assert known == first
        if old:
            known = TreeState.from_json(first.shown())
        else:
            assert tree_state(FileView(), made, known, select) is known
        play(root, edits)
        select = selection(then or chosen)
        now = tree_state(FileView(), made, known, select)
        entries = plain(made, select)
        assert contents(now.entries) == contents(entries)
        assert now.digest == entries_digest(entries)
        if now is known:
            stats = {path: state.stat for path, state in plain(made, select).items()}
            assert all(
                s is None or s[3] == -1 or s == known.entries[p].stat for p, s in stats.items()
            )
        elif now.digest == known.digest and known.blocks:
            written = {
                path
                for path, one in now.entries.items()
                if one.stat and one.stat[:3] != (known.entries[path].stat or ())[:3]
            }
            assert was_written(known, now) == bool(written)
