"""A checkout of a pipeline: its files, and what is done to them."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from doit_invariants.testing import Outcome, Project, settings_toml

from .model import Model, Tree
from .pipeline import Job, Sources, jobs_of
from .writing import BASE, texts

START = 1_700_000_000
_base: dict[str, Any] = {}
exec(BASE, _base)


class Checkout:
    """A directory with a pipeline.

    :ivar sources: the present contents, and the contents before
    :ivar clean: for each task, the key under which its last success is known
    """

    def __init__(self, directory: Path, name: str, sources: Sources, backend: str) -> None:
        self.name = name
        self.project = Project(directory / name)
        self.path = self.project.path
        self.path.mkdir()
        config = settings_toml(backend=backend, settings={"store": str(directory / "store")})
        self.project.write({"pyproject.toml": config})
        self.sources = sources
        self.before: list[Sources] = []
        self.clean: dict[str, Any] = {}
        self.saved = directory / f"saved-{name}"
        self._written: dict[str, str | None] = {}
        self.write(sources)

    def write(self, sources: Sources, *, sly: bool = False) -> list[str]:
        """Bring the files up to date with the sources.

        :param sly: whether what is written with as many bytes as before keeps its time
        :returns: the names of what has changed
        """
        if self._written:
            self.before.append(self.sources)
        self.sources = sources
        wanted = texts(sources)
        old, self._written = self._written, wanted
        gone = [name for name in old if old[name] != wanted.get(name, "")]
        for name in sorted(gone, reverse=True):
            if name not in wanted and old[name] is not None:
                (self.path / name).unlink()
        self._remove_emptied(wanted)
        changed = [name for name in wanted if name not in old or old[name] != wanted[name]]
        for name in changed:
            self._put(self.path / name, wanted[name], sly=sly)
        return sorted({*gone, *changed})

    def _remove_emptied(self, wanted: Mapping[str, str | None]) -> None:
        """Remove directories without remaining inputs."""
        for path in sorted((self.path / "in").rglob("*"), reverse=True):
            name = path.relative_to(self.path).as_posix()
            if path.is_dir() and not any(f"{one}/".startswith(f"{name}/") for one in wanted):
                path.rmdir()

    @staticmethod
    def _put(path: Path, text: str | None, *, sly: bool) -> None:
        if text is None:
            path.mkdir(parents=True, exist_ok=True)
            return
        path.parent.mkdir(parents=True, exist_ok=True)
        before = path.stat() if path.exists() else None
        path.write_text(text)
        if sly and before is not None and before.st_size == len(text):
            os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))

    def clone(self, other: Checkout) -> None:
        """Become a copy of another one, with its DB and its targets."""
        shutil.rmtree(self.path)
        shutil.copytree(other.path, self.path, symlinks=True)
        self.sources, self._written = other.sources, other._written
        self.before, self.clean = [*other.before], {**other.clean}

    def targets(self) -> list[str]:
        """Return the paths of all targets."""
        return [path.rstrip("/") for job in jobs_of(self.sources) for path in job.targets]

    def damage(self, name: str, how: str) -> None:
        """Do something to a target, or to whatever replaced it."""
        path = self.path / name
        self.clean.pop(name.split("/")[1], None)
        inside = [*path.rglob("*.txt")] if path.is_dir() and not path.is_symlink() else []
        if how in ("edited", "slyly edited"):
            one = inside[0] if inside else path
            if not one.is_file():
                return
            stat, text = one.stat(), one.read_text()
            one.write_text("?" + text[1:])
            if how == "slyly edited":
                os.utime(one, ns=(stat.st_atime_ns, stat.st_mtime_ns))
            return
        if how == "more inside" and inside:
            (path / "more.txt").write_text("more")
            return
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)
        path.parent.mkdir(parents=True, exist_ok=True)
        if how == "emptied":
            path.mkdir() if name.endswith("tree") else path.write_text("")
        elif how == "another sort":
            path.write_text("a file") if name.endswith("tree") else path.mkdir()
        elif how == "a link":
            path.symlink_to(f"elsewhere-{path.name}")

    def touch(self, number: int, when: str) -> str:
        """Give a file of the project another time."""
        files = sorted(p for top in ("in", "out") for p in (self.path / top).rglob("*"))
        files = [path for path in files if path.is_file() and not path.is_symlink()]
        path = files[number % len(files)]
        seconds = {"now": None, "long ago": START - 1000, "later": START + 10**9}[when]
        os.utime(path, None if seconds is None else (seconds, seconds))
        return str(path.relative_to(self.path))

    def database(self, how: str) -> None:
        """Remove the DB, keep a copy of it, or put the copy in its place."""
        self.clean.clear() if how != "copied aside" else None
        found = [path for path in self.path.iterdir() if path.name.startswith(".doit.db")]
        if how == "copied aside":
            shutil.rmtree(self.saved, ignore_errors=True)
            self.saved.mkdir()
            for path in found:
                shutil.copy2(path, self.saved)
        elif how == "journal removed":
            for path in found:
                path.unlink() if path.name.endswith(".journal") else None
        elif how == "removed" or self.saved.exists():
            for path in found:
                path.unlink()
            for path in self.saved.iterdir() if how == "put back" else ():
                shutil.copy2(path, self.path)

    def environment(self, now: int) -> Mapping[str, str]:
        """Return the variables for a run."""
        env = {"HX_NOW": str(now)}
        return {**env, "HX_ENV": self.sources.env} if self.sources.env else env

    # -- what has become of it --

    def left(self, top: str) -> Tree:
        found: Tree = _base["look"](str(self.path / top))
        return found

    def stamp(self, job: Job) -> str:
        """Return when a task with a TTL says to have run."""
        try:
            text = (self.path / job.file_targets[0]).read_text()
        except OSError:
            return "nothing"
        return text.rpartition("@")[2]

    def model(self) -> Model:
        return Model(self.sources, self.stamp, self.left)

    def differences(self, model: Model, names: set[str], now: int) -> list[str]:
        """Return what is not as a full rebuild makes it, of some tasks and of the inputs."""
        found: list[str] = []
        for job in model.jobs:
            if job.name not in names or job.name not in model.made:
                continue
            if job.ttl is not None:
                stamp = self.stamp(job)
                age = now - int(stamp) if stamp.isdigit() else None
                if age is None or not 0 <= age < job.ttl:
                    found.append(f"{job.name}: made at {stamp}, which is {age} s ago")
            found += self._compared(job, model.made[job.name].files)
        for name, text in self.sources.inputs.items():
            path = self.path / "in" / name
            if path.is_symlink() or (path.is_dir() if text is None else path.read_text() != text):
                found += [] if text is None and path.is_dir() else [f"in/{name} was changed"]
        return found

    def _compared(self, job: Job, expected: Mapping[str, str | None]) -> list[str]:
        found: list[str] = []
        for name, text in expected.items():
            path = self.path / name
            if text is None and not path.is_dir():
                found.append(f"{name}: no directory")
            elif text is not None and not path.is_file():
                found.append(f"{name}: no file, should be {text!r}")
            elif text is not None and path.read_text() != text:
                found.append(f"{name}: {path.read_text()!r}, should be {text!r}")
        if job.folder:
            names = {f"{job.folder}/{name}" for name in self.left(job.folder)}
            found += [f"{name}: should not be there" for name in names - expected.keys()]
        return found


def needless(
    checkout: Checkout, model: Model, outcome: Outcome, before: set[str], everything: bool
) -> list[str]:
    """Return the tasks that ran though nothing has changed for them.

    :param before: tasks with a TTL that were too old
    """
    if everything:
        return []
    return [
        job.name
        for job in model.jobs
        if job.name in outcome.executed
        and job.can_be_up_to_date
        and job.name not in before
        and job.name in model.made
        and checkout.clean.get(job.name) == model.made[job.name].key
    ]
