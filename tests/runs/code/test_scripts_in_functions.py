"""Stories about scripts that function actions start."""

from __future__ import annotations

import json
import stat

from doit_invariants.testing import Project
from tests.support import Make

STARTS = '''
import asyncio, functools, os, runpy, shlex, subprocess, sys
import subprocess as sp
from pathlib import Path
from subprocess import check_call, run as execute
from helpers import launch, SETTINGS

HERE = Path(__file__).parent
COMMAND = [sys.executable, "tools/gen.py"]
TOOLS = Path("tools")
NAME = "gen"


def by_list():
    subprocess.run([sys.executable, "tools/gen.py", "--out", "x"], check=False)
def by_check_call():
    check_call(["python", "-u", "tools/gen.py"])
def by_popen():
    with sp.Popen(["python3", "tools/gen.py"]) as process:
        process.wait()
def by_output():
    words = [sys.executable, "-W", "ignore", "tools/gen.py"]
    return {"output": subprocess.check_output(words, text=True)}
def by_shell():
    execute("cd tools && python gen.py > /dev/null", shell=True)
def by_system():
    os.system("python tools/gen.py")
def by_os_popen():
    os.popen("python tools/gen.py").read()
def by_text(command):
    subprocess.run(command, shell=True)
def by_words(*words):
    subprocess.call(words)
def by_name(name):
    subprocess.call([sys.executable, f"tools/{name}.py"])
def by_stem(name="gen"):
    subprocess.call([sys.executable, "tools/%s.py" % name])
def by_format():
    os.system("python {}/gen.py".format("tools"))
def by_global():
    subprocess.run(COMMAND)
def by_joined():
    subprocess.run([sys.executable, os.path.join("tools", "gen.py")])
def by_path():
    subprocess.run([sys.executable, str(TOOLS / "gen.py")])
def by_file():
    subprocess.run([sys.executable, HERE / "tools" / f"{NAME}.py"])
def by_own_file():
    script = os.path.join(os.path.dirname(__file__), "tools/gen.py")
    subprocess.run([sys.executable, script])
def by_split():
    subprocess.run(shlex.split("python tools/gen.py"))
def by_cwd():
    subprocess.run([sys.executable, "gen.py"], cwd="tools")
def by_chdir():
    os.chdir("tools"); os.system("python gen.py"); os.chdir("..")
def by_exec():
    if os.fork() == 0:
        os.execvp("python", ["python", "tools/gen.py"])
    os.wait()
def by_spawn():
    os.spawnlp(os.P_WAIT, "python", "python", "tools/gen.py")
def by_asyncio():
    async def main():
        process = await asyncio.create_subprocess_exec(sys.executable, "tools/gen.py")
        await process.wait()
    asyncio.run(main())
def by_runpy():
    runpy.run_path("tools/gen.py")
def by_run_module():
    runpy.run_module("tools.gen")
def by_module():
    subprocess.run([sys.executable, "-m", "tools.gen"])
def by_inline():
    subprocess.run([sys.executable, "-c", "from tools import gen"])
def by_executed():
    exec(open("tools/gen.py").read(), {})
def by_helper():
    launch("gen")
def by_imported():
    import subprocess as hidden
    hidden.run([sys.executable, "tools/gen.py"])
def by_name_of_module():
    __import__("subprocess").run([sys.executable, "tools/gen.py"])
async def hidden():
    import asyncio as a
    process = await a.create_subprocess_shell("python tools/gen.py")
    await process.wait()
def by_coroutine():
    import asyncio
    asyncio.run(hidden())
def by_driver():
    subprocess.run([sys.executable, "driver.py"])
def by_settings():
    subprocess.run([sys.executable, SETTINGS["script"]])
def by_shell_script():
    subprocess.run(["sh", "tools/gen.sh"])
def by_executable():
    subprocess.run(["tools/gen"])
class Job:
    def __init__(self, script):
        self.script = script
    def command(self):
        return [sys.executable, self.script]
    def __call__(self):
        subprocess.run(self.command())
    def work(self):
        subprocess.run(self.command())
def closed(command):
    def action():
        return subprocess.call(command, shell=True) == 0
    return action
def wrapped(function):
    @functools.wraps(function)
    def inner(*args):
        return function(*args)
    return inner
@wrapped
def by_decorated():
    subprocess.run([sys.executable, "tools/gen.py"])


# these start nothing else than what they read
def only_a():
    subprocess.run([sys.executable, SETTINGS["script"]])
def only_b():
    def main():
        from helpers import launch as hidden
        hidden("gen")
    main()
# these start nothing of tools/gen
def not_docs():
    """Afterwards call python tools/gen.py by hand."""
    subprocess.run([sys.executable, "other.py"])
def not_started():
    print("python tools/gen.py")
def not_data():
    subprocess.run(["cp", "data/in.csv", "data/out.csv"])
def not_run():
    subprocess.run(["git", "--version", "tools/gen.py"])

def task_t():
    actions = {
        name: [function] for name, function in sorted(globals().items())
        if name.startswith(("by_", "not_", "only_"))
        and name not in {"by_text", "by_words", "by_name"}
    }
    actions.update({
        "with_text": [(by_text, ["python tools/gen.py"])],
        "with_keyword": [(by_text, [], {"command": "true && python tools/gen.py"})],
        "with_words": [(by_words, [sys.executable, "tools/gen.py"])],
        "with_name": [(by_name, ["gen"])],
        "with_object": [Job("tools/gen.py")],
        "with_method": [Job("tools/gen.py").work],
        "with_closure": [closed("python tools/gen.py")],
        "with_lambda": [lambda: subprocess.call(COMMAND) == 0],
        "with_partial": [functools.partial(subprocess.call, ["python", "tools/gen.py"])],
        "with_partial_text": [functools.partial(by_text, "python tools/gen.py")],
    })
    for name, given in actions.items():
        yield {"name": name, "actions": given, "cache": True}
'''

HELPERS = """
import subprocess, sys
SETTINGS = {"script": "tools/gen.py", "data": "data/in.csv", "other": "other.py"}
def launch(name):
    subprocess.run([sys.executable, "tools/" + name + ".py"])
"""

FILES = {
    "dodo.py": STARTS,
    "helpers.py": HELPERS,
    "tools/gen.py": "import used\n",
    "tools/used.py": "",
    "tools/gen.sh": "python tools/gen.py\n",
    "tools/gen": "#!/bin/sh\nsh tools/gen.sh\n",
    "used.py": "",
    "driver.py": "import os\nos.system('python tools/gen.py')\n",
    "other.py": "",
    "data/in.csv": "1,2\n",
}


def tracked(project: Project) -> dict[str, list[str]]:
    """Return what is tracked by the scripts of each task."""
    found = json.loads(project.run("invariants", "show", "t", "--json").stdout)
    return {
        name.removeprefix("t:"): [
            label
            for _, _, label, _, source in (record or {"entries": {}})["entries"].values()
            if source == "track-scripts"
        ]
        for name, record in found.items()
    }


def test_scripts_that_functions_start(doit_project: Make) -> None:
    """However a function names a script that it starts, its edit and its imports' count."""
    project = doit_project(FILES)
    (project.path / "tools/gen").chmod(stat.S_IRWXU)
    project.run("invariants", "accept", "t").assert_success()
    found = tracked(project)
    starts = {name for name in found if not name.startswith("not_")}
    assert len(starts) > 40
    gen = ("Script(tools/gen.py", "Module(tools.gen")
    assert {n for n in starts if not any(one.startswith(gen) for one in found[n])} == set()
    assert found["only_a"] == found["only_b"] == ["Script(tools/gen.py)"]
    assert found["not_docs"] == ["Script(other.py)"]
    assert [found[f"not_{name}"] for name in ("data", "run", "started")] == [[], [], []]
    assert not any("csv" in label for labels in found.values() for label in labels)
    assert project.run("invariants", "why", "t").returncode == 0
    project.write({"tools/used.py": "a = 1\n", "used.py": "a = 1\n"})
    outcome = project.run("invariants", "why", "t", "--json")
    reasons = json.loads(outcome.stdout)
    run = {one["task"].removeprefix("t:") for one in reasons if one["status"] == "run"}
    assert run == starts


SEVERAL = """
import subprocess, sys
def make(targets):
    with open("made.py", "w") as out:
        out.write("print(1)")
    subprocess.run([sys.executable, "made.py"], check=True)
def command(dependencies):
    return f"python x.py {' '.join(dependencies)}"
from doit.action import CmdAction
def task_t():
    yield {"name": "own", "actions": [make], "targets": ["made.py"], "file_dep": ["in.txt"]}
    yield {"name": "other", "actions": [make], "targets": ["x.py"], "cache": True}
    yield {"name": "late", "actions": [CmdAction(command)], "file_dep": ["in.txt"]}
"""


def test_what_a_task_writes_itself_is_no_input(doit_project: Make) -> None:
    """A script that a function writes and starts is its own; a command written late is read."""
    project = doit_project({"dodo.py": SEVERAL, "in.txt": "", "x.py": "", "made.py": "print(2)"})
    project.run("t:own", "t:late").assert_executed("t:own", "t:late")
    project.run("t:own", "t:late").assert_up_to_date("t:own", "t:late")
    project.write({"x.py": "a = 1\n"})
    project.run("t:own", "t:late").assert_executed("t:late")
    project.run("invariants", "accept", "t:other").assert_success()
    assert tracked(project)["other"] == ["Script(made.py)"]
    assert tracked(project)["own"] == []


def test_what_is_not_known(doit_project: Make) -> None:
    """A script whose name is made when the function runs is listed as not looked into."""
    dodo = """
import subprocess, sys
def work(name="x"):
    subprocess.run([sys.executable, open("name.txt").read()])
def compiles():
    subprocess.run(["gcc", "--version"])
def task_t():
    yield {"name": "a", "actions": [work]}
    yield {"name": "b", "actions": [compiles]}
"""
    project = doit_project({"dodo.py": dodo, "name.txt": "x.py"})
    outcome = project.run("invariants", "show", "t").stdout
    assert outcome.count("not looked into") == 1
    assert "not looked into: a script that a function starts: can't tell its name" in outcome


def test_upgrading_reruns_nothing(doit_project: Make) -> None:
    """Scripts that functions start are adopted in records from before they were found."""
    dodo = """
import subprocess, sys
def work():
    subprocess.run([sys.executable, "x.py"])
def task_a():
    return {"actions": [work], "cache": True}
"""
    project = doit_project({"dodo.py": dodo, "x.py": ""}, backend="json")
    project.run().assert_executed("a")
    data = json.loads(project.read(".doit.db"))
    record = data["a"]["invariants:"]
    record["entries"] = {k: e for k, e in record["entries"].items() if e[4] == "track-code"}
    record["sources"] = ["track-code", "track-actions", "track-order", "track-scripts"]
    project.write({".doit.db": json.dumps(data)})
    project.run().assert_up_to_date("a")
    project.write({"x.py": "a = 1\n"})
    project.run().assert_executed("a")
