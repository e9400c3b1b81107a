"""The files of a pipeline: ``dodo.py``, modules, scripts, inputs."""

from __future__ import annotations

import json

from .pipeline import HELPERS, Job, Sources, jobs_of, pick

#: The part that every project has; the model runs the first three functions as well.
BASE = """
import glob, hashlib, os, shutil

def render(tree):
    return "".join(f"<{n}{'/' if c is None else '=' + c}>" for n, c in sorted(tree.items()))

def short(text):
    text = text.replace("\\n", "")
    return text if len(text) <= 40 else text[:8] + hashlib.md5(text.encode()).hexdigest()

def contents(text):
    return {"a.txt": text, "empty": None, "sub": None, f"sub/{len(text)}.txt": text[:2]}

def content(path):
    with open(path) as stream:
        return stream.read()

def look(top):
    found = {}
    for where, directories, files in os.walk(top):
        for name in directories + files:
            path = os.path.join(where, name)
            name = os.path.relpath(path, top).replace(os.sep, "/")
            found[name] = None if os.path.isdir(path) else "link"
            if os.path.isfile(path):
                found[name] = content(path)
    return found

def read(*paths):
    return "".join(render(look(p)) if os.path.isdir(p) else content(p) for p in paths)

def part(top):
    return render({n: c for n, c in look(top).items() if c is None or n.endswith(".txt")})

def matching(pattern):
    return render({path: content(path) for path in glob.glob(pattern)})

def begin(targets, text):
    for target in targets:
        target = target.rstrip("/")
        if os.path.islink(target) or os.path.isfile(target):
            os.remove(target)
        elif os.path.isdir(target):
            shutil.rmtree(target)
        os.makedirs(os.path.dirname(target), exist_ok=True)
    for target in targets:
        if target.endswith(".txt"):
            write(target, "begun")
    if "!" in text:
        raise ValueError("an input says so")

def write(path, text):
    with open(path, "w") as stream:
        stream.write(text)

def finish(targets, text):
    for number, target in enumerate(targets):
        if target.endswith(".txt"):
            write(target, f"{number}{text}")
            continue
        os.mkdir(target)
        for name, inner in sorted(contents(text).items()):
            path = os.path.join(target, name)
            os.mkdir(path) if inner is None else write(path, inner)
"""
HEAD = """
import json, os, sys
from doit.tools import result_dep
from doit_invariants import TTL, Command, Env, Files, Function, Module, Tree, Value
from doit_invariants.hosts.doit.loader import LoaderMixin
import helpers
from base import begin, content, finish, look, matching, part, read, render, short

LoaderMixin.clock = staticmethod(lambda: float(os.environ["HX_NOW"]))
with open("side.json") as stream:
    VALUE = json.load(stream)

class Maker:
    def __init__(self, word):
        self.word = word
"""
SEEN = {
    "": ('""', ""),
    "env": ('os.environ.get("HX_ENV", "unset")', 'Env("HX_ENV")'),
    "value": ('content("side.json")', 'Value(VALUE, name="side")'),
    "tree": ('read("in/d")', 'Tree("in/d")'),
    "part": ('part("in/d")', 'Tree("in/d", include=["*.txt"])'),
    "files": ('matching("in/g*.txt")', 'Files("in/g*.txt")'),
    "output": ('content("in/c.txt")', 'Command("cat in/c.txt")'),
    "neighbour": ('read("out/NEIGHBOUR")', 'Tree("out/NEIGHBOUR")'),
}


def texts(sources: Sources) -> dict[str, str | None]:
    """Return all files of a project by their names, None for a directory."""
    jobs = jobs_of(sources)
    files: dict[str, str | None] = {
        "base.py": BASE,
        "helpers.py": helpers(sources),
        "side.json": json.dumps({"v": sources.value}),
        "in": None,
        **{f"in/{name}": text for name, text in sources.inputs.items()},
    }
    parts = [HEAD + constants(sources)]
    for job in jobs:
        if job.sort == "script":
            files[f"{job.name}.sh"] = shell(job) + "\n"
        elif job.sort == "tool":
            files[f"{job.name}.py"] = tool(job, sources)
        elif job.sort == "python":
            parts.append(function(job))
        parts.append(task(job))
    files["dodo.py"] = "\n".join(["# a remark\n" * (sources.remark % 4), *parts])
    return files


def constants(sources: Sources) -> str:
    words = {str(n): f"{n}{sources.words % 3}" for n in range(3)}
    return f"CONSTANT = 'c{sources.constant % 3}'\nWORDS = {words}\n"


def helpers(sources: Sources) -> str:
    """Return the source of the module ``helpers``."""
    lines = ["# as it is\n" * (sources.remark % 3), "SIZE = 9", "def other(text):"]
    lines += ["    return text + 'o'"]
    for number, which in enumerate(sources.helpers):
        lines += [f"def h{number}(text):"]
        lines += [f'    """Say {sources.remark}."""'] if sources.remark % 2 else []
        lines += [f"    return {pick(HELPERS, which)}"]
    lines += [
        "class Style:",
        "    def __init__(self, name):",
        "        self.name = name",
        "    def apply(self, text):",
        "        return h0(text) + self.name",
    ]
    return "\n".join(lines) + "\n"


def steps(job: Job, word: str, targets: str) -> list[str]:
    """Return the lines of a function: the text is read, turned and written."""
    seen = SEEN[job.sees][0].replace("NEIGHBOUR", job.neighbour)
    got = {"": '""', "result_dep": f"content({job.giver_file!r})"}.get(job.gets, "got")
    stamp = "" if job.ttl is None else ' + "@" + os.environ["HX_NOW"]'
    return [
        f"text = read({', '.join(map(repr, job.reads))}) + {seen} + {got}",
        f"begin({targets}, text)",
        f"text = short({job.code()} + {word})",
        f"finish({targets}, text{stamp})",
        "return {'v': text}",
    ]


def function(job: Job) -> str:
    """Return the source of the function of a task."""
    name, word = job.name, repr(job.word)
    got = ", got" if job.gets.startswith("getargs") else ""
    if job.way == "method":
        head, used, indent = f"    def make(self, targets{got}):", "self.word", "        "
        head = f"class Maker_{name}(Maker):\n{head}"
    elif job.way == "closure":
        head, used, indent = f"    def make(targets{got}):", "word", "        "
        head = f"def bind_{name}(word):\n{head}"
    else:
        used = {"global": f"WORD_{name}", "literal": word}.get(job.way, "word")
        more = {"argument": ", word", "default": f", word={word}"}.get(job.way, "")
        head, indent = f"def make_{name}(targets{got}{more}):", "    "
    if job.way == "global":
        head = f"WORD_{name} = {word}\n{head}"
    body = "\n".join(indent + line for line in steps(job, used, "targets"))
    return f"{head}\n{body}\n" + ("    return make\n" if job.way == "closure" else "")


def tool(job: Job, sources: Sources) -> str:
    """Return the source of a script."""
    lines = ["import json, os, sys", "import helpers", "from base import *", constants(sources)]
    lines += [
        "def main(targets):",
        *("    " + line for line in steps(job, repr(job.word), "targets")),
    ]
    return "\n".join([*lines, "main(sys.argv[1:])\n"])


def shell(job: Job) -> str:
    """Return the commands of a task that has no Python."""
    reads = []
    for path in job.reads:
        within = f"(cd {path} && find . -type f | LC_ALL=C sort | xargs -r cat)"
        reads.append(f"cat {path}" if path.endswith(".txt") else within)
    reads.append(
        {
            "env": 'printf "${HX_ENV-unset}"',
            "value": "cat side.json",
            "files": "(cat in/g*.txt 2>/dev/null || true)",
        }.get(job.sees, "true")
    )
    names = " ".join(one.rstrip("/") for one in job.targets)
    first = job.targets[0]
    lines = [f"rm -rf {names}", f"mkdir -p out/{job.name}"]
    lines += [f"{{ {'; '.join(reads)}; printf {job.word}; }} | head -c 80 > {first}"]
    lines += [f"cp {first} {other}" for other in job.file_targets[1:]]
    lines += [f"mkdir {job.folder}", f"cp {first} {job.folder}/x"] if job.folder else []
    return " && ".join(lines)


def task(job: Job) -> str:
    """Return the source of a task-creator."""
    name = job.name
    listed = [SEEN[job.sees][1].replace("NEIGHBOUR", job.neighbour)] if job.sees else []
    if job.sort == "python":
        plain = {
            "closure": f"bind_{name}({job.word!r})",
            "method": f"Maker_{name}({job.word!r}).make",
        }
        action = plain.get(job.way, f"make_{name}")
        if job.shape.lists % 4 == 1:
            listed.append(f"Function({action})")
        elif job.shape.lists % 4 == 2:
            listed.append("Module(helpers)")
        if job.way == "argument":
            action = f"(make_{name}, [], {{'word': {job.word!r}}})"
    else:
        text = {"command": shell(job), "script": f"sh {name}.sh"}.get(job.sort)
        action = (
            repr(text) if text else f'f"{{sys.executable}} -S {name}.py {" ".join(job.targets)}"'
        )
    entries = [f"'actions': [{action}]", f"'file_dep': {list(job.reads)}"]
    entries += [f"'targets': {list(job.targets)}"] if job.targets else []
    entries += [f"'invariants': [{', '.join(listed)}]"] if listed else []
    entries += [f"'cache': {job.policy!r}"] if job.policy is not True or job.shape.lists % 2 else []
    entries += [f"'ttl': {job.ttl}"] if job.ttl is not None else []
    before = [job.neighbour] if job.neighbour else []
    if job.gets == "result_dep":
        entries.append(f"'uptodate': [result_dep({job.giver!r})]")
    elif job.gets:
        entries.append(f"'getargs': {{'got': ({job.giver!r}, 'v')}}")
        before += [job.giver] if job.gets != "getargs" else []
    entries += [f"'task_dep': {before}"] if before else []
    return f"def task_{name}():\n    return {{{', '.join(entries)}}}\n"
