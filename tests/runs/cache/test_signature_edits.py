"""Edits that change a result change its signature under ``cache: "shared"``.

Each case is edited after its result was stored. It then runs with nothing but the store, and with
its record. If the edit were not part of the signature, the old result would be restored.
"""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from tests.support import Make
from tests.support.results import STORE, wipe

TASK = '"file_dep": ["in"], "targets": ["out"], "cache": "shared"'
PYTHON = f"""
def f():
    open("out", "a").write("f")
def g():
    open("out", "a").write("g")
def h(x="d"):
    open("out", "a").write(x)
def task_t():
    return {{"actions": ["rm -f out", #], {TASK}}}
"""
VALUE = f"""
from doit.action import CmdAction
KEY = "a"
def use(value):
    open("used", "w").write(KEY + " " + ascii(value))
def task_t():
    return {{"actions": [CmdAction(#)], {TASK.replace('["out"]', "[]")}}}
def task_u():
    return {{"actions": [use], "getargs": {{"value": ("t", KEY)}}, "targets": ["used"]}}
"""
CMD = f"""
import os
from doit.action import CmdAction
class Box(CmdAction):
    def __init__(self, action, image, **more):
        super().__init__(action, **more)
        self.image = image
    def execute(self, out=None, err=None):
        os.environ["IMAGE"] = self.image
        return super().execute(out, err)
def task_t():
    return {{"actions": [#], {TASK}}}
"""
OWN = f"""
import os
from doit.action import PythonAction
class Own(PythonAction):
    def __init__(self, action, word):
        super().__init__(action)
        self.word = word
    def execute(self, out=None, err=None):
        os.environ["WORD"] = self.word
        return super().execute(out, err)
def f():
    open("out", "w").write(os.environ["WORD"])
def task_t():
    return {{"actions": [Own(f, "one")], {TASK}}}
"""
OLD = f"""
DOIT_CONFIG = {{"action_string_formatting": "old"}}
def task_t():
    return {{"actions": ["echo {{targets}} > out"], {TASK}}}
"""
SUBCLASS = f"""
from doit.tools import config_changed, result_dep
def looks(base):
    class Own(base):
        def __call__(self, task, values):
            now = open("v").read()
            task.value_savers.append(lambda: {{"v": now}})
            return super().__call__(task, values) and values.get("v") == now
    return Own
def p():
    return {{"n": 1}}
def task_p():
    return {{"actions": [p]}}
def task_t():
    return {{"actions": ["cat v > out"], "uptodate": [looks(#)], {TASK}}}
"""
LATE = f"""
from doit import create_after
N = 0
def val():
    return N
def early():
    open("early", "w").write(str(val()))
def late():
    open("out", "w").write(str(val()))
def task_early():
    return {{"actions": [early], {TASK.replace("out", "early")}}}
@create_after(executed="early")
def task_late():
    global N
    N = open("v").read().strip()
    return {{"actions": [late], {TASK}}}
"""


@dataclass(frozen=True)
class Case:
    """A project, an edit (file, old, new), and what a target holds before and after."""

    dodo: str
    edit: tuple[str, str, str]
    before: str
    after: str
    out: str = "out"


def changed(dodo: str, old: str, new: str, before: str, after: str, out: str = "out") -> Case:
    """Return a case in which the text for the ``#`` changes."""
    return Case(dodo.replace("#", old), ("dodo.py", old, new), before, after, out)


PRINTF = r"""r"printf '\351'", save_out="a", """
CASES = {
    "A1 functions swapped": changed(PYTHON, "f, g", "g, f", "fg", "gf"),
    "A1 b function and command swapped": changed(
        PYTHON, 'f, "printf c >> out"', '"printf c >> out", f', "fc", "cf"
    ),
    "A1 c one function twice": changed(PYTHON, '(h, ["1"]), h', 'h, (h, ["1"])', "1d", "d1"),
    "A4 a save_out": Case(
        VALUE.replace("#", '"printf hi", save_out=KEY'),
        ("dodo.py", 'KEY = "a"', 'KEY = "b"'),
        "a 'hi'",
        "b 'hi'",
        "used",
    ),
    "A4 b encoding": changed(
        VALUE,
        PRINTF + 'encoding="utf-8"',
        PRINTF + 'encoding="latin-1"',
        r"a '\ufffd'",
        r"a '\xe9'",
        "used",
    ),
    "A4 b decode_error": changed(
        VALUE,
        PRINTF + 'decode_error="replace"',
        PRINTF + 'decode_error="backslashreplace"',
        r"a '\ufffd'",
        r"a '\\xe9'",
        "used",
    ),
    "A4 c env, taken away": changed(
        CMD,
        'CmdAction("echo $WHO > out", env={"PATH": os.environ["PATH"]})',
        'CmdAction("echo $WHO > out", env=dict(os.environ))',
        "\n",
        "me\n",
    ),
    "A4 d attribute of a subclass of CmdAction": changed(
        CMD,
        'Box("echo $IMAGE > out", "deb11")',
        'Box("echo $IMAGE > out", "deb12")',
        "deb11\n",
        "deb12\n",
    ),
    "A4 d code of a subclass of CmdAction": Case(
        CMD.replace("#", 'Box("echo $IMAGE > out", "deb")'),
        ("dodo.py", "= self.image\n        return", '= self.image + "!"\n        return'),
        "deb\n",
        "deb!\n",
    ),
    "A4 e attribute of a subclass of PythonAction": Case(
        OWN, ("dodo.py", 'Own(f, "one")', 'Own(f, "two")'), "one", "two"
    ),
    "A4 e code of a subclass of PythonAction": Case(
        OWN, ("dodo.py", '["WORD"] = self.word', '["WORD"] = self.word + "!"'), "one", "one!"
    ),
    "A5 action_string_formatting": Case(OLD, ("dodo.py", '"old"', '"new"'), "{targets}\n", "out\n"),
    "A24 a global that a delayed creator sets": Case(LATE, ("v", "1", "2"), "1", "2"),
    "A28 subclass of config_changed": Case(
        SUBCLASS.replace("looks(#)", 'looks(config_changed)("x")'), ("v", "1", "2"), "1", "2"
    ),
    "A28 subclass of result_dep": Case(
        SUBCLASS.replace("looks(#)", 'looks(result_dep)("p")'), ("v", "1", "2"), "1", "2"
    ),
}


@pytest.mark.parametrize("how", ["store only", "record too", "target gone", "no store"])
@pytest.mark.parametrize("name", CASES)
def test_edit_that_has_no_digest(doit_project: Make, name: str, how: str) -> None:
    """After an edit, the task never gets its earlier output, whatever was removed."""
    case = CASES[name]
    project = doit_project({"dodo.py": case.dodo, "in": "in", "v": "1"}, settings=STORE)
    if how == "no store":
        project.edit("dodo.py", '"shared"', "True")
    project.run(env={"WHO": "me"}).assert_success()
    assert project.read(case.out) == case.before
    project.edit(*case.edit)
    if how == "store only":
        wipe(project, case.out)
    elif how == "target gone":
        project.remove(case.out)
    outcome = project.run(env={"WHO": "me"}).assert_success()
    assert project.read(case.out) == case.after, repr(outcome)
