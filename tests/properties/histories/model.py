"""The result of a full rebuild of a pipeline, without doit and without files."""

from __future__ import annotations

import functools
import types
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from .pipeline import Job, Sources, jobs_of
from .writing import BASE, constants, function, helpers, task, texts

Tree = Mapping[str, "str | None"]


@dataclass
class Made:
    """The output of a task.

    :ivar text: what it returns as its value
    :ivar files: contents by path, None for a directory
    :ivar key: all that it depends on; while that is equal it need not run
    """

    text: str = ""
    files: dict[str, str | None] = field(default_factory=dict)
    key: Any = None


@functools.cache
def _base() -> dict[str, Any]:
    found: dict[str, Any] = {}
    exec(BASE, found)
    return found


@functools.lru_cache(maxsize=256)
def _names(source_of_helpers: str, source_of_constants: str) -> dict[str, Any]:
    module = types.ModuleType("helpers")
    exec(source_of_helpers, module.__dict__)
    found = {"helpers": module}
    exec(source_of_constants, found)
    return found


class Model:
    """The pipeline of a checkout.

    :param sources: what the user has written
    :param stamp: when the files of a task with a TTL say that they were made
    :param left: the former targets in a directory of the project
    """

    def __init__(
        self, sources: Sources, stamp: Callable[[Job], str], left: Callable[[str], Tree]
    ) -> None:
        self.sources = sources
        self.jobs = jobs_of(sources)
        self.stamp = stamp
        self.left = left
        self.files: dict[str, str | None] = {
            f"in/{name}": text for name, text in sources.inputs.items()
        }
        self.made: dict[str, Made] = {}
        self.failing: set[str] = set()
        self._texts = texts(sources)
        for job in self.jobs:
            self._make(job)

    def _make(self, job: Job) -> None:
        if job.above & self.failing:
            self.failing.add(job.name)
            return
        python = job.sort in ("python", "tool")
        text = self._read(job) if python else self._concatenated(job)
        if python and "!" in text:
            self.failing.add(job.name)
            return
        base = _base()
        made = Made(key=self._key(job, text))
        if python:
            names = _names(helpers(self.sources), constants(self.sources))
            turned = eval(job.code(), {**names, "text": text})
            made.text = base["short"](turned + job.word)
            written = made.text + ("" if job.ttl is None else "@" + self.stamp(job))
            for number, path in enumerate(job.file_targets):
                made.files[path] = f"{number}{written}"
            if job.folder:
                for name, inner in base["contents"](written).items():
                    made.files[f"{job.folder}/{name}"] = inner
        else:
            text = (text + job.word)[:80]
            made.files = dict.fromkeys(job.file_targets, text)
            if job.folder:
                made.files[f"{job.folder}/x"] = text
        self.made[job.name] = made
        self.files.update(made.files)

    def _key(self, job: Job, text: str) -> Any:
        """Simulate a task: what is written for it, and what it reads."""
        code: list[Any] = [task(job).replace(f"'cache': {job.policy!r}", ""), job.code(), job.word]
        if job.sort == "python":
            code.append(function(job))
        if job.sort in ("python", "tool"):
            code += [self.sources.helpers, self.sources.constant, self.sources.words]
        inputs = [(path, self._content(path)) for path in job.reads]
        return (*map(str, code), inputs, text)

    def below(self, top: str) -> dict[str, str | None]:
        """Return what is in a directory, by names relative to it."""
        start = top + "/"
        found = {
            name[len(start) :]: text for name, text in self.files.items() if name.startswith(start)
        }
        for name in list(found):
            while "/" in name:
                name = name.rpartition("/")[0]
                found[name] = None
        return found

    def _content(self, path: str) -> str:
        if path.endswith(".txt"):
            return self.files[path] or ""
        rendered: str = _base()["render"](self.below(path))
        return rendered

    def _read(self, job: Job) -> str:
        text = "".join(map(self._content, job.reads)) + self._seen(job)
        if job.gets == "result_dep":
            return text + self._content(job.giver_file)
        return text + (self.made[job.giver].text if job.gets else "")

    def _concatenated(self, job: Job) -> str:
        parts = []
        for path in job.reads:
            if path.endswith(".txt"):
                parts.append(self._content(path))
            else:
                found = self.below(path)
                parts += [found[name] or "" for name in sorted(found)]
        if job.sees == "files":
            parts += [self.files[name] or "" for name in self._matching()]
        else:
            parts.append(self._seen(job))
        return "".join(parts)

    def _matching(self) -> list[str]:
        return sorted(name for name in self.files if name.startswith("in/g"))

    def _seen(self, job: Job) -> str:
        render = _base()["render"]
        if job.sees == "tree":
            return self._content("in/d")
        if job.sees == "part":
            tree = {n: c for n, c in self.below("in/d").items() if c is None or n.endswith(".txt")}
            return str(render(tree))
        if job.sees == "files":
            return str(render({name: self.files[name] for name in self._matching()}))
        if job.sees == "neighbour":
            top = f"out/{job.neighbour}"
            own = next(one for one in self.jobs if one.name == job.neighbour)
            stale = {
                name: text
                for name, text in self.left(top).items()
                if not any(f"{top}/{name}/".startswith(f"{t.rstrip('/')}/") for t in own.targets)
            }
            return str(
                render({**stale, **self.below(top)} | ({"tree": None} if own.folder else {}))
            )
        plain = {
            "env": self.sources.env or "unset",
            "value": self._texts["side.json"],
            "output": self.files["in/c.txt"],
        }
        return plain.get(job.sees) or ""
