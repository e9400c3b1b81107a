"""Stories about each kind: what makes a task run, what does not, and the reasons."""

from __future__ import annotations

import os
import subprocess

from tests.support import Make

from .one_task import dodo, why


def test_files(doit_project: Make) -> None:
    """Contents, additions and removals count, looked up at each check; own targets do not."""
    project = doit_project(
        {"dodo.py": dodo("Files('*.csv', 'one.txt')"), "a.csv": "a", "one.txt": "1"}
    )
    project.run().assert_executed("a")
    project.run().assert_up_to_date("a")
    project.write({"b.csv": "b", "one.txt": "2"})
    assert why(project) == ["Files(*.csv, one.txt): 1 changed (one.txt), 1 added (b.csv)"]
    project.run().assert_executed("a")
    project.remove("a.csv")
    assert why(project) == ["Files(*.csv, one.txt): 1 removed (a.csv)"]


def test_tree(doit_project: Make) -> None:
    """Names and contents count, as far as include and exclude let them; empty directories too."""
    tree = "Tree('data', include=['*.csv'], exclude=['tmp', 'raw/**/x.csv'])"
    files = {"data/a.csv": "a", "data/raw/deep/b.csv": "b", "data/notes.md": ""}
    project = doit_project({"dodo.py": dodo(tree), **files})
    project.run().assert_executed("a")
    ignored = {"data/notes.md": "x", "data/tmp/c.csv": "c", "data/raw/deep/x.csv": "x"}
    project.write(ignored)
    project.run().assert_up_to_date("a")
    project.write({"data/raw/deep/b.csv": "bb", "data/new/": ""})
    (reason,) = why(project)
    assert reason.endswith(": 1 changed (data/raw/deep/b.csv), 1 added (data/new)")


def test_tree_deep_false(doit_project: Make) -> None:
    """With deep=False only the directory's own entries count, by their times."""
    project = doit_project(
        {"dodo.py": dodo("Tree('data', deep=False)"), "data/sub/b": "b", "data/a": "a"}
    )
    project.run().assert_executed("a")
    project.write({"data/sub/b": "changed below"})
    project.run().assert_up_to_date("a")
    os.utime(project.path / "data/a", ns=(10**18, 10**18))
    assert why(project) == ["Tree(data, deep=False): 1 differ (data/a)"]
    project.run().assert_executed("a")


def test_value_says_what_changed_inside(doit_project: Make) -> None:
    """A value is compared with its types, and the explanation names the place."""
    project = doit_project({"dodo.py": dodo("Value({'k': [1, {'x': 'red'}], 'gone': 0})")})
    project.run().assert_executed("a")
    project.write({"dodo.py": dodo("Value({'k': [1.0, {'x': 'blue'}], 'new': None}, )")})
    assert why(project) == [
        "Value: $.k[0]: 1 -> 1.0, $.k[1].x: 'red' -> 'blue', $.gone removed (0), $.new added (None)"
    ]
    project.run().assert_executed("a")
    project.write({"dodo.py": dodo("Value({'new': None, 'k': [1.0, {'x': 'blue'}]})")})
    project.run().assert_up_to_date("a")


def test_value_with_a_name(doit_project: Make) -> None:
    """A named value is another invariant than an unnamed one, and its order does not matter."""
    project = doit_project({"dodo.py": dodo("Value(1, name='x'), Value(2, name='y')")})
    project.run().assert_executed("a")
    project.write({"dodo.py": dodo("Value(2, name='y'), Value(1, name='x')")})
    project.run().assert_up_to_date("a")
    project.write({"dodo.py": dodo("Value(2, name='y'), Value(3, name='x')")})
    assert why(project) == ["Value(x): $: 1 -> 3".replace("$: ", "")]


def test_env_is_never_stored_nor_shown(doit_project: Make, backend: str) -> None:
    """Changes are seen, unset differs from empty, and the value appears nowhere."""
    project = doit_project({"dodo.py": dodo("Env('TOKEN', 'OTHER')")}, backend=backend)
    secret = "s3cret-value"
    outputs = []
    project.run(env={"TOKEN": secret, "OTHER": ""}).assert_executed("a")
    project.run(env={"TOKEN": secret, "OTHER": ""}).assert_up_to_date("a")
    assert why(project, env={"TOKEN": secret}) == ["Env(OTHER, TOKEN): OTHER was unset"]
    assert why(project, env={"OTHER": ""}) == ["Env(OTHER, TOKEN): TOKEN was unset"]
    assert why(project, env={"OTHER": "", "TOKEN": "n3w-value"}) == [
        "Env(OTHER, TOKEN): TOKEN changed"
    ]
    for arguments in (
        ["info", "a"],
        ["invariants", "why", "--json"],
        ["invariants", "show", "a"],
        ["invariants", "show", "a", "--json"],
    ):
        outcome = project.run(*arguments, env={"OTHER": "", "TOKEN": "n3w-value"})
        outputs.append(outcome.stdout + outcome.stderr)
    project.run(env={"OTHER": "", "TOKEN": "n3w-value"}).assert_executed("a")
    assert "TOKEN changed" in outputs[0]
    for text in outputs:
        assert secret not in text
        assert "n3w-value" not in text
    for file in project.path.rglob("*"):
        if file.is_file():
            assert secret.encode() not in file.read_bytes()
            assert b"n3w-value" not in file.read_bytes()


def test_env_salts_differ_between_projects(doit_project: Make) -> None:
    """The same value has another digest in another project: no table of digests helps."""
    digests = set()
    for name in "pq":
        project = doit_project({"dodo.py": dodo("Env('TOKEN')")}, name=name)
        project.run(env={"TOKEN": "x"})
        record = project.run("invariants", "show", "a", "--json").json()["a"]
        digests.add(record["entries"]["Env(TOKEN)"][3]["values"]["TOKEN"])
    assert len(digests) == 2


def test_command(doit_project: Make) -> None:
    """The output counts; it is asked for once a run, and a failure is an error."""
    count = "Command('cat version; echo x >> asked'), Command(['cat', 'version'])"
    project = doit_project(
        {"dodo.py": dodo(count) + dodo(count).replace("task_a", "task_b"), "version": "1.0\n"}
    )
    project.run().assert_executed("a", "b")
    assert project.read("asked") == "x\n"
    project.run().assert_up_to_date("a", "b")
    project.write({"version": "1.1\n"})
    assert why(project)[0].endswith("output: '1.0' -> '1.1'")
    project.remove("version")
    project.run().assert_error("failed with exit code 1", returncode=2)


def test_distribution(doit_project: Make) -> None:
    """A version that differs is named; what is not installed is a state like any other."""
    project = doit_project({"dodo.py": dodo("Distribution('some-dist', 'doit')")})
    project.run(process=True).assert_executed("a")
    project.run(process=True).assert_up_to_date("a")
    meta = "Metadata-Version: 2.1\nName: some-dist\nVersion: 1.2\n"
    project.write({"site/some_dist-1.2.dist-info/METADATA": meta})
    site = {"PYTHONPATH": str(project.path / "site")}
    outcome = project.run("invariants", "why", "a", process=True, env=site)
    assert "Distribution(doit, some-dist): some-dist: not installed -> 1.2" in outcome.stdout


def test_git(doit_project: Make) -> None:
    """A new commit counts; without a repository, or a commit, it is an error."""
    project = doit_project({"dodo.py": dodo("Git()")})
    project.run().assert_error("Git(HEAD): ", returncode=2)

    def git(*arguments: str) -> None:
        identity = ["-c", "user.name=n", "-c", "user.email=e@example.org"]
        subprocess.run(["git", *identity, *arguments], cwd=project.path, check=True, timeout=300)

    git("init", "-q")
    project.run().assert_error("Git(HEAD): no commit is named HEAD", returncode=2)
    git("commit", "-q", "--allow-empty", "-m", "one")
    project.run().assert_executed("a")
    project.run().assert_up_to_date("a")
    git("commit", "-q", "--allow-empty", "-m", "two")
    (reason,) = why(project)
    assert reason.startswith("Git(HEAD): commit: ")
    project.run().assert_executed("a")


SETUP = """
from doit_invariants import Task, Value
def task_server():
    return {"actions": ["echo started >> log"], "invariants": [Value(1)], "file_dep": ["conf"]}
def task_a():
    return {"actions": ["true"], "setup": ["server"], "invariants": [Task("server")]}
def task_b():
    return {"actions": ["true"], "invariants": [Task("server")]}
def task_group():
    for n in "xy":
        yield {"name": n, "actions": ["true"], "invariants": [Value(n)]}
def task_c():
    return {"actions": ["true"], "invariants": [Task("group")]}
"""


def test_task(doit_project: Make) -> None:
    """The dependencies of another task count; a setup task is not run to find out."""
    project = doit_project({"dodo.py": SETUP, "conf": "1"})
    project.run("a").assert_executed("server", "a")
    project.run("a").assert_executed().assert_up_to_date("a")
    first = project.run("b", "c")
    first.assert_executed("b", "group:x", "group:y", "c")
    project.run("b", "c").assert_executed()
    project.write({"conf": "2"})
    assert why(project) == ["Task(server): something that task server depends on changed"]
    project.run("a").assert_executed("server", "a")
    project.run("b").assert_executed("b")
    project.edit("dodo.py", "Value(n)", "Value(n + n)")
    project.run("c").assert_executed("group:x", "group:y", "c")


def test_task_that_does_not_exist_or_refers_back(doit_project: Make) -> None:
    """An unknown task and a circle are one-line errors."""
    project = doit_project({"dodo.py": dodo("Task('nope')")})
    project.run().assert_error("a. Task dependency 'nope' does not exist.")
    circle = """
from doit_invariants import Task
def task_a():
    return {"actions": ["true"], "invariants": [Task("b")], "setup": ["b"]}
def task_b():
    return {"actions": ["true"], "invariants": [Task("a")], "setup": ["a"]}
"""
    project = doit_project({"dodo.py": circle}, name="circle")
    project.run("list", "-s").assert_success()
    project.run("invariants", "why", "a").assert_error(
        "tasks refer to each other in a circle: b -> a -> b", returncode=1
    )


FUNCTION = """
from doit_invariants import Function
import functools

def work(x, y=1):
    '''Docstring.'''
    def inner(z):
        return z in {"a", "b"}
    return inner(x)

def task_a():
    return {"actions": ["true"], "invariants": [Function(work)]}
"""


def test_function(doit_project: Make) -> None:
    """Bytecode with nested code counts; comments, docstrings, annotations and places do not."""
    project = doit_project({"dodo.py": FUNCTION})
    project.run().assert_executed("a")
    for old, new in (
        ("Docstring", "Another docstring"),
        ("        return z", "        # a comment\n\n        return z"),
        ("import functools", "import functools\n\n\n"),
        ("def work(x, y=1)", "def work(x: int, y: 'str' = 1) -> None"),
    ):
        project.edit("dodo.py", old, new)
        project.run().assert_up_to_date("a")
    project.edit("dodo.py", '{"a", "b"}', '{"a", "c"}')
    (reason,) = why(project)
    assert reason.startswith("Function(work): bytecode changed: dodo.py:")
    project.run().assert_executed("a")


def test_code_of_actions_is_tracked_by_itself(doit_project: Make, backend: str) -> None:
    """Functions among the actions are tracked unless track_code says no; first they are adopted."""
    text = """
import functools
def one(): pass
def three(): pass
def two(x): return {"n": 1}
class Call:
    def __call__(self): pass
    def method(self): pass
def task_a():
    return {"actions": [one, (two, [1]), functools.partial(three), Call(), Call().method, "true"],
            "file_dep": ["in.txt"] %s}
"""
    project = doit_project({"dodo.py": text % "", "in.txt": ""}, loader=False, backend=backend)
    project.run().assert_executed("a")
    config = f'[tool.doit]\nloader = "invariants"\nbackend = "{backend}"\n'
    project.write({"pyproject.toml": config})
    project.run().assert_executed().assert_up_to_date("a")
    project.edit("dodo.py", '"n": 1', '"n": 2')
    assert why(project)[0].startswith("Function(two): bytecode changed: dodo.py:5")
    project.run().assert_executed("a")
    project.edit("dodo.py", "def __call__(self): pass", "def __call__(self): return True")
    project.run().assert_executed("a")
    project.edit("dodo.py", "[one, (two", "[(two")
    assert why(project) == ["Function(one): removed"]
    project.run().assert_executed("a")
    project.edit("dodo.py", "Call(), Call().method", "Call().method, Call()")
    assert why(project) == ["track-code: the tracked items are in another order"]
    project.run().assert_executed("a")
    project.write({"dodo.py": project.read("dodo.py").replace("two", "renamed")})
    project.run().assert_up_to_date("a")
    # switched off, what changes is not seen; switched on again, it is adopted as it stands
    project.write({"dodo.py": text.replace('"n": 1', '"n": 3') % ', "track_code": False'})
    project.run().assert_up_to_date("a")
    project.write({"dodo.py": text.replace('"n": 1', '"n": 3') % ""})
    project.write({"pyproject.toml": config + "[tool.doit.invariants]\ntrack_code = false\n"})
    project.run().assert_up_to_date("a")


def test_invariants_added_and_taken_away(doit_project: Make) -> None:
    """Adding or removing a listed invariant makes the task run, like a file_dep."""
    project = doit_project({"dodo.py": dodo("Value(1)"), "x": ""})
    project.run().assert_executed("a")
    project.write({"dodo.py": dodo("Value(1), Files('x')")})
    assert why(project) == ["Files(x): added"]
    project.run().assert_executed("a")
    project.write({"dodo.py": dodo("Files('x')")})
    assert why(project) == ["Value: removed"]
    project.run().assert_executed("a")
    project.run().assert_up_to_date("a")


def test_cache_true_and_false(doit_project: Make) -> None:
    """False runs every time; True makes a task without anything else able to be up-to-date."""
    text = 'def task_a():\n    return {"actions": ["true"], "file_dep": ["x"], "cache": %s}\n'
    project = doit_project({"dodo.py": text % "False", "x": ""})
    project.run().assert_executed("a")
    project.run().assert_executed("a")
    assert why(project) == ["cache: False: the task always runs"]
    project.write({"dodo.py": text.replace('"file_dep": ["x"], ', "") % "True"})
    project.run().assert_executed("a")
    project.run().assert_up_to_date("a")
    project.write({"dodo.py": 'def task_a():\n    return {"actions": ["true"]}\n'})
    project.run().assert_executed("a")
    project.run().assert_executed("a")


def test_signature_covers_items_and_calculated_dependencies(doit_project: Make) -> None:
    """Task(x) sees what x lists in uptodate, and what a calc_dep gives it."""
    dodo = """
from doit_invariants import Task, Value, invariants
def calc():
    return {"file_dep": ["g.txt"]}
def task_calc():
    return {"actions": [calc], "file_dep": ["dodo.py"]}
def task_server():
    return {"actions": ["true"], "calc_dep": ["calc"], "uptodate": [invariants(Value(80))]}
def task_m():
    return {"actions": ["true"], "setup": ["server"], "invariants": [Task("server")]}
"""
    project = doit_project({"dodo.py": dodo, "g.txt": "1"})
    project.run("m")
    project.run("m")
    project.run("m").assert_executed()
    project.edit("dodo.py", "Value(80)", "Value(81)")
    project.run("m").assert_executed("calc", "server", "m")
    project.run("m").assert_executed()
    project.write({"g.txt": "2"})
    assert "m" in project.run("m").executed
    project.run("server", "m")
    project.run("m").assert_executed()
