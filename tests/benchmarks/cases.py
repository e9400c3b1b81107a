"""The cases, each with its goals; all sizes are divided by ``shrink``."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from tests.benchmarks import projects
from tests.benchmarks.case import DOIT, Case, Figure, Side, Step
from tests.benchmarks.peers import peers

COLD = Step("cold", projects.forget)
FIRST = Step("cold", once=True)
# Separate: files that were recorded right after they were written are read once more.
SECOND = Step("first no-op", once=True)
NO_OP = Step("no-op")
THEN = Step("then")
LIST = (*DOIT, "list", "--all", "--quiet")
IMPORTS = (sys.executable, "-X", "importtime", "-m", "doit", "list")

_READ = """
import os, sys
view = memoryview(bytearray(1 << 20))
if os.path.exists("touched"):
    file = os.open("large", os.O_RDONLY)
    while os.readv(file, [view]):
        pass
"""
_WALK = """
import os, sys
todo = ["tree"] if os.path.exists("tree") else []
while todo:
    with os.scandir(todo.pop()) as entries:
        for entry in entries:
            if entry.is_dir():
                todo.append(entry.path)
            else:
                entry.stat()
"""
FOUR = 'di.Value(n), di.Env("HOME"), di.TTL("30d"), di.Function(shared)'
KINDS = {
    "Value": "di.Value(n)",
    "Env": 'di.Env("HOME")',
    "TTL": 'di.TTL("30d")',
    "Function": "di.Function(shared)",
    "Module": 'di.Module("helpers")',
    "Script": 'di.Script("helpers.py")',
    "Files": 'di.Files("tree/1", "tree/2")',
    "Tree": 'di.Tree("tree")',
    "Command": 'di.Command("true")',
    "Distribution": 'di.Distribution("doit")',
    "Git": "di.Git()",
    "Task": 'di.Task("base")',
}


@dataclass(frozen=True, slots=True)
class Sizes:
    """How large the cases are.

    :ivar shrink: what all sizes are divided by
    :ivar most: the most tasks of the curve
    """

    shrink: int = 1
    most: int = 100_000

    def of(self, number: int) -> int:
        """Return a number of tasks or files."""
        return max(2, number // self.shrink)

    def in_bytes(self, number: int) -> int:
        """Return the size of a large file: whole MiB."""
        return max(1, number // self.shrink >> 20) << 20


def all_cases(sizes: Sizes) -> dict[str, Callable[[], Case]]:
    """Return the cases by name; each is made when it is wanted."""
    found: dict[str, Callable[[], Case]] = {}
    for backend in ("sqlite3", "json", "dbm"):
        found[backend] = lambda backend=backend: _backend(sizes, backend)  # type: ignore[misc]
    for make in (_small, _ten, _kinds, _each_kind, _shared, _large, _sparse, _tree):
        found[make.__name__[1:].replace("_", "-")] = lambda make=make: make(sizes)  # type: ignore[misc]
    found["chain"] = lambda: _shape(sizes, "chain", projects.chain, 5_000)
    found["fan"] = lambda: _shape(sizes, "fan", projects.fan, 10_000)
    for make in (_scaling, _imports, _peers, _pytask):
        found[make.__name__[1:]] = lambda make=make: make(sizes)  # type: ignore[misc]
    return found


def _both(
    make: Callable[..., Callable[..., None]], *args: object, **kwargs: object
) -> dict[str, Side]:
    listing = {"list": LIST}
    return {
        "plain": Side(make(*args, loader=False, **kwargs), commands=listing),
        "ours": Side(make(*args, loader=True, **kwargs), commands=listing),
    }


def _steps() -> list[Step]:
    touched = Step("touched", projects.touch)
    return [COLD, SECOND, NO_OP, Step("one changed", projects.edit), touched, THEN, Step("list")]


def _figures(*steps: tuple[str, float | None]) -> Iterator[Figure]:
    for step, goal in steps:
        yield Figure(f"{step}, of plain doit", ("ours", step), ("plain", step), goal)


def _backend(sizes: Sizes, backend: str) -> Case:
    count = sizes.of(10_000)
    own = [
        Figure(f"{step}, of our own no-op", ("ours", step), ("ours", "no-op"), 1.1)
        for step in ("touched", "then")
    ]
    plain = _figures(
        ("no-op", 1.0), ("first no-op", None), ("cold", 1.0), ("one changed", None), ("list", None)
    )
    return Case(
        f"{backend}",
        f"{count} tasks, each with an input, a target and a Python action; backend {backend}",
        _both(projects.many, count, backend),
        _steps(),
        [*plain, *own],
    )


def _small(_: Sizes) -> Case:
    """Return the case of a project as most are: there the start is all that a run costs."""
    steps = [FIRST, SECOND, Step("no-op", times=5), Step("list", times=5)]
    text = "7 tasks in one group, each with an input, a target and a Python action; sqlite3"
    figures = [*_figures(("no-op", 1.1), ("list", 1.1))]
    return Case("small", text, _both(projects.many, 7, "sqlite3"), steps, figures)


def _ten(sizes: Sizes) -> Case:
    count = sizes.of(10_000)
    return Case(
        "ten",
        f"{count} tasks with ten inputs each; sqlite3",
        _both(projects.many, count, "sqlite3", deps=10),
        [
            FIRST,
            SECOND,
            NO_OP,
            Step("one changed", projects.edit),
            Step("touched", projects.touch),
            THEN,
        ],
        [*_figures(("no-op", None), ("cold", None), ("touched", None), ("then", None))],
    )


def _kinds(sizes: Sizes) -> Case:
    count = sizes.of(10_000)
    sides = _both(projects.many, count, "sqlite3")
    sides["ours"] = Side(projects.many(count, "sqlite3", loader=True, kinds=FOUR))
    return Case(
        "kinds",
        f"{count} tasks with Value, Env, TTL and a shared Function each; plain doit without them",
        sides,
        [COLD, SECOND, NO_OP],
        [*_figures(("no-op", 1.3), ("cold", None))],
    )


def _each_kind(sizes: Sizes) -> Case:
    count = sizes.of(2_000)
    sides = {"none": Side(projects.many(count, "sqlite3", loader=True))}
    for name, kind in {**KINDS, "all of them": ", ".join(KINDS.values())}.items():
        sides[name] = Side(projects.many(count, "sqlite3", loader=True, kinds=kind))
    text = "no-op with {}, of that without"
    figures = [
        Figure(text.format(name), (name, "no-op"), ("none", "no-op"))
        for name in sides
        if name != "none"
    ]
    text = f"{count} tasks with one invariant each, a kind at a time, and with all; sqlite3"
    return Case("each-kind", text, sides, [FIRST, SECOND, NO_OP], figures)


def _touch_large(path: object) -> None:
    for name in ("large", "touched"):
        (path / name).touch()  # type: ignore[operator]


def _shared(sizes: Sizes) -> Case:
    size = sizes.in_bytes(20 << 20)

    def make(*, loader: bool) -> Callable[..., None]:
        return projects.with_file(projects.one_input("large", 100, loader=loader), "large", size)

    goals = [
        Figure(f"plain doit's {step}, of ours", ("plain", step), ("ours", step), 20, least=True)
        for step in ("cold", "touched")
    ]
    text = f"100 tasks with one file of {size >> 20} MiB as their input"
    return Case(
        "shared", text, _both(make), [COLD, SECOND, NO_OP, Step("touched", _touch_large)], goals
    )


def _large_case(name: str, text: str, make: Callable[..., Callable[..., None]]) -> Case:
    sides = _both(make)
    sides["read"] = Side(make(loader=False), (sys.executable, "-c", _READ))
    sides["read"] = Side(sides["read"].make, sides["read"].command, {"cold": ()})
    less = {side: (side, "no-op") for side in sides}
    touched = {side: (side, "touched") for side in sides}
    figures = [
        Figure(
            "rate of the check, of a bare read",
            touched["read"],
            touched["ours"],
            0.75,
            least=True,
            less=(less["read"], less["ours"]),
        ),
        Figure(
            "plain doit's check, of ours",
            touched["plain"],
            touched["ours"],
            20,
            least=True,
            less=(less["plain"], less["ours"]),
        ),
    ]
    return Case(name, text, sides, [FIRST, SECOND, NO_OP, Step("touched", _touch_large)], figures)


def _large(sizes: Sizes) -> Case:
    size = sizes.in_bytes(1 << 30)

    def make(*, loader: bool) -> Callable[..., None]:
        return projects.with_file(projects.one_input("large", 1, loader=loader), "large", size)

    return _large_case("large", f"one task with a file of {size >> 20} MiB", make)


def _sparse(sizes: Sizes) -> Case:
    size = sizes.in_bytes(4 << 30)

    def make(*, loader: bool) -> Callable[..., None]:
        one = projects.one_input("large", 1, loader=loader)
        return projects.with_sparse_file(one, "large", size)

    return _large_case("sparse", f"one task with a sparse file of {size >> 20} MiB", make)


def _tree(sizes: Sizes) -> Case:
    count = sizes.of(100_000)
    one = projects.one_input("tree", 1, loader=True)
    walk = (sys.executable, "-c", _WALK)
    sides = {
        "ours": Side(projects.with_tree(one, "tree", count)),
        "ours, empty": Side(projects.with_tree(one, "tree", 0)),
        "walk": Side(
            projects.with_tree(lambda path: None, "tree", count),
            walk,
            {"cold": (), "first no-op": ()},
        ),
        "walk, empty": Side(lambda path: None, walk, {"cold": (), "first no-op": ()}),
    }
    less = (("ours, empty", "no-op"), ("walk, empty", "no-op"))
    figures = [
        Figure("unchanged, of a bare walk", ("ours", "no-op"), ("walk", "no-op"), 1.3, less=less),
        Figure(
            "one file changed, of unchanged",
            ("ours", "one changed"),
            ("ours", "no-op"),
            1.5,
            less=(less[0], less[0]),
        ),
    ]
    steps = [FIRST, SECOND, NO_OP, Step("one changed", projects.edit_in_tree)]
    return Case("tree", f"one task with a directory of {count} files", sides, steps, figures)


def _shape(sizes: Sizes, name: str, make: Callable[..., Callable[..., None]], number: int) -> Case:
    count, half = sizes.of(number), sizes.of(number // 2)
    sides = _both(make, count)
    sides["ours, half"] = Side(make(half, loader=True))
    figures = [*_figures(("no-op", None), ("cold", None))]
    for step in ("cold", "no-op"):
        text = f"{step} of {count}, of {half}"
        figures.append(Figure(text, ("ours", step), ("ours, half", step), 2.3))
    return Case(name, f"a {name} of {count} tasks; sqlite3", sides, [COLD, SECOND, NO_OP], figures)


def _scaling(sizes: Sizes) -> Case:
    most = sizes.of(sizes.most)
    counts = [n for n in (sizes.of(m) for m in (100, 1_000, 10_000, 100_000)) if n <= most]
    sides: dict[str, Side] = {}
    for count in dict.fromkeys(counts):
        for name, side in _both(projects.many, count, "sqlite3").items():
            sides[f"{name} {count}"] = side
    a, b = counts[-1], counts[-2]
    figures = [
        Figure(f"no-op of {a}, of {b}", (f"ours {a}", "no-op"), (f"ours {b}", "no-op"), 10.5),
        Figure("the same of plain doit", (f"plain {a}", "no-op"), (f"plain {b}", "no-op")),
        Figure(
            f"memory of {a}, of plain doit",
            (f"ours {a}", "no-op"),
            (f"plain {a}", "no-op"),
            1.2,
            by="peak",
        ),
    ]
    text = "a growing number of tasks with one input and one target each; sqlite3"
    return Case("scaling", text, sides, [FIRST, SECOND, NO_OP], figures)


def _imports(sizes: Sizes) -> Case:
    sides = _both(projects.many, 1, "sqlite3")
    sides = {name: Side(side.make, commands={"list": IMPORTS}) for name, side in sides.items()}
    place = (("ours", "list"), ("plain", "list"))
    figures = [
        Figure("ms more than plain doit", *place, 15, by="imports", difference=True),
    ]
    text = "what is imported for `doit list`, in ms, by -X importtime"
    return Case("imports", text, sides, [Step("list", once=False)], figures)


def _peers(sizes: Sizes) -> Case:
    return _against(sizes.of(10_000), "peers", ("pypipegraph2", "joblib", "ninja"))


def _pytask(sizes: Sizes) -> Case:
    return _against(sizes.of(1_000), "pytask", ("pytask",))


def _against(count: int, name: str, tools: tuple[str, ...]) -> Case:
    found = {tool: side for tool, side in peers(count) if tool in tools}
    sides = {**_both(projects.many, count, "sqlite3"), **found}
    figures = [
        Figure(
            f"{step} of {tool}, of ours",
            (tool, step),
            ("ours", step),
            8 if tool == "pypipegraph2" else None,
            least=True,
        )
        for tool in found
        for step in ("cold", "no-op")
    ]
    return Case(
        name, f"{count} tasks by {', '.join(tools)}", sides, [FIRST, SECOND, NO_OP], figures
    )
