"""After any edits, reverts, deletions and restores, a run leaves what a full rebuild would make."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given
from hypothesis import strategies as st

from doit_invariants.testing import Project, settings_toml
from tests.support.choices import examples

DODO = """
import os
from doit_invariants import Value
CONSTANT = 1
P = {policies!r}

def step(dependencies, targets):
    if os.path.lexists(targets[0]):
        os.remove(targets[0])  # a link, perhaps
    with open(targets[0], "w") as stream:
        stream.write(open(dependencies[0]).read() + str(CONSTANT))

def tree(n, targets):
    import shutil
    shutil.rmtree(targets[0], ignore_errors=True)
    os.makedirs(targets[0] + "/sub")
    for name in n:
        with open(f"{{targets[0]}}/{{name}}", "w") as stream:
            stream.write(name)

def names():
    text = open("in/c").read()
    return {{"n": [text, "sub/" + text[:1]]}}

def task_step():
    for name in "ab":
        yield {{"name": name, "actions": [step], "file_dep": [f"in/{{name}}"],
                "targets": [f"{{name}}.txt"], "cache": P["step"]}}

def task_names():
    return {{"actions": [names], "file_dep": ["in/c"], "cache": P["names"]}}

def task_tree():
    # With getargs alone doit asks task names only if this one runs.
    return {{"actions": [tree], "getargs": {{"n": ("names", "n")}}, "targets": ["tree"],
             "task_dep": ["names"], "cache": P["tree"]}}

def task_join():
    return {{"actions": ["rm -f join.txt; cat a.txt b.txt > join.txt; echo {flag} >> join.txt"],
             "file_dep": ["a.txt", "b.txt"], "targets": ["join.txt"],
             "cache": P["join"]}}

def task_last():
    return {{"actions": ["rm -f last.txt; ls -R tree > last.txt; cat join.txt >> last.txt"],
             "file_dep": ["tree", "join.txt"], "targets": ["last.txt"], "cache": P["last"]}}
"""
TASKS = ("step", "names", "tree", "join", "last")
FILES = ("a.txt", "b.txt", "join.txt", "last.txt")

checkouts = st.integers(0, 1)
steps = st.one_of(
    st.tuples(st.just("input"), checkouts, st.sampled_from("abc"), st.sampled_from("xyz")),
    st.tuples(st.just("constant"), checkouts, st.integers(1, 3)),
    st.tuples(st.just("flag"), checkouts, st.integers(1, 2)),
    st.tuples(st.just("policy"), checkouts, st.sampled_from(TASKS), st.booleans()),
    st.tuples(
        st.just("damage"),
        checkouts,
        st.sampled_from([*FILES, "tree"]),
        st.sampled_from(["deleted", "edited", "emptied", "other sort"]),
    ),
    st.tuples(st.just("forget"), checkouts, st.sampled_from(TASKS)),
    st.tuples(st.just("store"), st.sampled_from(["blob", "entry", "gone"])),
    st.tuples(
        st.just("run"),
        checkouts,
        st.sampled_from([(), ("-a",), ("--cache", "shared"), ("--cache", "True"), ("last",)]),
    ),
    st.tuples(st.just("run"), checkouts, st.just(())),
)


class Checkout:
    """A checkout, and what its inputs are."""

    def __init__(self, directory: Path, number: int) -> None:
        self.project = Project(directory / f"checkout-{number}")
        self.project.path.mkdir()
        config = settings_toml(backend="json", settings={"store": str(directory / "store")})
        self.project.write({"pyproject.toml": config})
        self.inputs = dict.fromkeys("abc", "x")
        self.constant = self.flag = 1
        self.policies: dict[str, bool | str] = dict.fromkeys(TASKS, "shared")
        self.write()

    def write(self) -> None:
        """Write the inputs, those that differ."""
        text = DODO.format(policies=self.policies, flag=self.flag)
        text = text.replace("CONSTANT = 1", f"CONSTANT = {self.constant}")
        files = {"dodo.py": text, **{f"in/{name}": one * 2 for name, one in self.inputs.items()}}
        for name, content in files.items():
            path = self.project.path / name
            if not path.exists() or path.read_text() != content:
                self.project.write({name: content})

    def damage(self, name: str, how: str) -> None:
        """Do something to a target."""
        path = self.project.path / name
        if how == "edited" and path.is_dir():
            (path / "new").write_text("")
            return
        if how == "edited" and path.exists():
            path.write_text("?" + path.read_text()[1:])
            return
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)
        if how == "emptied":
            path.mkdir() if name == "tree" else path.write_text("")
        elif how == "other sort" and name != "tree":
            path.symlink_to(f"elsewhere-{name}")  # what runs writes through it

    def check(self, *arguments: str) -> None:
        """Run, and check that each target is what a full rebuild makes."""
        outcome = self.project.run(*arguments).assert_success()
        assert "Traceback" not in outcome.stderr, repr(outcome)
        c = self.inputs["c"] * 2
        names = [c, "sub/" + c[:1]]
        made = {name + ".txt": f"{self.inputs[name] * 2}{self.constant}" for name in "ab"}
        made["join.txt"] = made["a.txt"] + made["b.txt"] + f"{self.flag}\n"
        listed = f"tree:\nsub\n{c}\n\ntree/sub:\n{c[:1]}\n"
        made["last.txt"] = listed + made["join.txt"]
        for name, content in made.items():
            assert self.project.read(name) == content, (name, repr(outcome))
        top = self.project.path / "tree"
        found = {str(p.relative_to(top)): p for p in top.rglob("*")}
        assert set(found) == {"sub", *names}, repr(outcome)
        assert all(found[name].read_text() == name for name in names), repr(outcome)
        for name, one in self.inputs.items():  # nothing was written through a link
            assert self.project.read(f"in/{name}") == one * 2


def hurt(store: Path, how: str) -> None:
    """Do something to the store."""
    if how == "gone":
        shutil.rmtree(store, ignore_errors=True)
        return
    kind = "blobs" if how == "blob" else "entries"
    for path in sorted(p for p in (store / kind).rglob("*") if p.is_file())[:2]:
        path.chmod(0o644)
        path.write_bytes(path.read_bytes()[:-1] + b"~")


def apply(one: Checkout, what: str, *arguments: Any) -> None:
    """Do one step in one checkout."""
    if what == "input":
        one.inputs[arguments[0]] = arguments[1]
    elif what in ("constant", "flag"):
        setattr(one, what, arguments[0])
    elif what == "policy":
        one.policies[arguments[0]] = "shared" if arguments[1] else True
    elif what == "damage":
        one.damage(*arguments)
    elif what == "forget":
        one.project.run("forget", arguments[0]).assert_success()
    one.write()
    if what == "run":
        one.check(*arguments[0])


def play(todo: list[tuple[Any, ...]]) -> None:
    """Play a story, and check after each run."""
    with tempfile.TemporaryDirectory() as name:
        directory = Path(name)
        both = [Checkout(directory, number) for number in range(2)]
        for what, where, *rest in todo:
            if what == "store":
                hurt(directory / "store", where)
            else:
                apply(both[where], what, *rest)
        for one in both:
            one.check()


@given(st.lists(steps, min_size=3, max_size=14))
@examples(40, suppress_health_check=[HealthCheck.too_slow])
def test_run_is_a_full_rebuild(todo: list[tuple[Any, ...]]) -> None:
    """In two checkouts that share a store, with the policies True and shared."""
    play(todo)


@pytest.mark.long
@pytest.mark.timeout(3600)
@given(st.lists(steps, min_size=3, max_size=25))
@examples(1000, suppress_health_check=[HealthCheck.too_slow])
def test_run_is_a_full_rebuild_at_length(todo: list[tuple[Any, ...]]) -> None:
    """The same, for longer."""
    play(todo)
