"""Stories about values that are read by constants: the places that are read count, no others."""

from __future__ import annotations

from tests.support import Make

VALUES = """
import argparse, collections, dataclasses, enum, types, typing

PARAMS = {"clean": {"x": 1, "y": [2, 20], "z": 3}, "rows": (4, 5), "name": "abc", 7: {None: 6}}
LAYERS = collections.OrderedDict(first=[{"size": 30}, {"size": 31}], last={"size": 32})
COUNTS = collections.defaultdict(int, present=40)
FROZEN = types.MappingProxyType({"open": 50, "closed": 51})
CFG = types.SimpleNamespace(model=types.SimpleNamespace(alpha=60, beta=61), plot={"color": 62})
ARGS = argparse.Namespace(depth=70, width=71)

@dataclasses.dataclass
class Model:
    alpha: int = 80
    beta: int = 81
    kind = 82
    @property
    def both(self):
        return self.alpha + self.beta
    def twice(self):
        return 2 * self.alpha

MODEL = Model(alpha=83)

class Point(typing.NamedTuple):
    x: int
    y: int

POINT = Point(90, y=91)

class Slotted:
    __slots__ = ("a", "b")
    def __init__(self, a, b):
        self.a, self.b = a, b

SLOTTED = Slotted(100, b=101)

class Paths:
    SRC = 110
    OUT = 111
    class Deep:
        ONE = 112
        TWO = 113
    @staticmethod
    def plain():
        return 114
    @classmethod
    def of_class(cls):
        return cls.SRC

class Below(Paths):
    OUT = 115

class Color(enum.Enum):
    RED = 120
    BLUE = 121

class Lazy:
    def __init__(self):
        self.given = 130
    def __getattr__(self, name):
        if name == "made":
            return 131
        raise AttributeError(name)

class Counted(dict):
    def __getitem__(self, key):
        return len(self)

LAZY = Lazy()
COUNTED = Counted(a=140)
"""

READS = {
    "key": 'PARAMS["clean"]["x"]',
    "deep": 'PARAMS["clean"]["y"][-1]',
    "of_tuple": 'PARAMS["rows"][0]',
    "letter": 'PARAMS["name"][1]',
    "odd_keys": "PARAMS[7][None]",
    "part": 'PARAMS["clean"]["y"][:1]',
    "loop": 'sorted(PARAMS["clean"])',
    "got": 'PARAMS["clean"].get("z", 0)',
    "got_none": 'PARAMS["clean"].get("zz", 0)',
    "caught": 'caught(lambda: PARAMS["clean"]["zz"])',
    "ordered": 'LAYERS["first"][1]["size"]',
    "default": 'COUNTS["present"]',
    "absent": 'COUNTS["absent"]',
    "proxy": 'FROZEN["open"]',
    "names": "CFG.model.alpha",
    "mixed": 'CFG.plot["color"]',
    "as_whole": "vars(CFG.model)",
    "arguments": "ARGS.depth",
    "field": "MODEL.alpha",
    "of_class": "MODEL.kind",
    "property": "MODEL.both",
    "method": "MODEL.twice()",
    "point": "POINT.x",
    "point_item": "POINT[1]",
    "slot": "SLOTTED.a",
    "path": "Paths.SRC",
    "nested": "Paths.Deep.ONE",
    "static": "Paths.plain()",
    "class_method": "Paths.of_class()",
    "inherited": "Below.SRC",
    "member": "Color.RED.value",
    "members": "[one.value for one in Color]",
    "given": "LAZY.given",
    "lazy": "LAZY.made",
    "overridden": 'COUNTED["a"]',
    "inner": "[(lambda: PARAMS['clean']['x'])() for _ in [1]]",
    "text": "f\"{PARAMS['clean']['x']:>3}\"",
    "aliased": 'via(PARAMS["clean"])',
    "walrus": '(got := PARAMS["clean"])["x"]',
    "written": 'write(PARAMS["clean"])',
}

DODO = """
def caught(read):
    try:
        return read()
    except KeyError:
        return None
def via(params):
    return params["x"]
def write(params):
    params["w"] = 1
    return params["x"]
"""
TASK = """
def act_{0}(targets):
    open(targets[0], "w").write(repr({1}))
def task_{0}():
    return {{"actions": [act_{0}], "targets": ["{0}.txt"], "uptodate": [True]}}
"""

CLEAN = {"loop", "aliased", "walrus", "written"}
#: Each edit of a value, and the tasks whose output it changes, or that read all around it.
EDITS = [
    ('"x": 1,', '"x": 10,', {"key", "inner", "text"} | CLEAN),
    ("20]", "21]", {"deep", "part"} | CLEAN),
    ("[2,", "[0,", {"part"} | CLEAN),
    ('"z": 3}', '"z": 33}', {"got"} | CLEAN),
    ('"z": 33}', '"z": 33, "new": 1}', CLEAN),
    ('"new": 1}', '"zz": 1}', {"got_none", "caught"} | CLEAN),
    ("7: {", '"new": 0, 7: {', set()),
    ("(4, 5)", "(4, 55)", set()),
    ("(4, 55)", "[4, 55]", set()),
    ("[4, 55]", "[44]", {"of_tuple"}),
    ('"abc"', '"abd"', set()),
    ('"abd"', '"Abd"', set()),
    ('"Abd"', '"xyz"', {"letter"}),
    ("{None: 6}", "{None: 66}", {"odd_keys"}),
    ('{"size": 30}', '{"size": 0}', set()),
    ("31", "0", {"ordered"}),
    ("last=", "least=", set()),
    ("40", "0", {"default", "absent"}),
    ("50", "0", {"proxy"}),
    ("51", "0", set()),
    ("60", "0", {"names", "as_whole"}),
    ("61", "0", {"as_whole"}),
    ("62", "0", {"mixed"}),
    ("71", "0", set()),
    ("70", "0", {"arguments"}),
    ("83", "0", {"field", "property", "method"}),
    ("81", "0", {"property", "method"}),
    ("82", "0", {"of_class", "property", "method"}),
    ("2 * self", "3 * self", {"property", "method"}),
    ("90", "0", {"point"}),
    ("91", "0", {"point_item"}),
    ("100", "0", {"slot"}),
    ("101", "0", set()),
    ("110", "0", {"path", "class_method", "inherited"}),
    ("111", "0", {"class_method"}),
    ("112", "0", {"nested", "class_method"}),
    ("113", "0", {"class_method"}),
    ("114", "0", {"static", "class_method"}),
    ("115", "0", set()),
    ("120", "0", {"member", "members"}),
    ("121", "1", {"members"}),
    ("130", "0", {"given", "lazy"}),
    ("131", "0", {"lazy"}),
    ("a=140", "a=0", {"overridden"}),
    ("SRC = 0", "SRC = property(lambda self: 1)", {"path", "class_method", "inherited"}),
    ("class Below(Paths):", "class Below(Paths):\n    SRC = 0", {"inherited"}),
]


def _dodo(values: str) -> str:
    return values + DODO + "".join(TASK.format(name, read) for name, read in READS.items())


def test_the_places_that_are_read_count_and_no_others(doit_project: Make) -> None:
    """An edit runs the tasks that read the changed place, or the whole variable."""
    values = VALUES
    project = doit_project({"dodo.py": _dodo(values)})
    project.run().assert_success()
    project.run().assert_up_to_date(*READS)
    for old, new, expected in EDITS:
        assert old in values
        values = values.replace(old, new, 1)
        project.write({"dodo.py": _dodo(values)})
        assert (old, new, set(project.run().assert_success().executed)) == (old, new, expected)
    assert project.run().executed == []


REASONS = """
import types
CFG = types.SimpleNamespace(
    model=types.SimpleNamespace(alpha=1), plot=types.SimpleNamespace(color=2), db={"host": 3}
)
class Cfg:
    def __init__(self):
        self.alpha, self.color = 4, 5
    def all(self):
        return vars(self)
OWN = Cfg()
def by_name():
    return print(CFG.model.alpha, CFG.db["host"], CFG.db.get("port"))
def by_method():
    return print(OWN.all())
def make(params):
    def inner():
        return print(params["rows"][0])
    return inner
def task_a():
    for name, action in (("n", by_name), ("m", by_method), ("c", make({"rows": [6], "b": 7}))):
        yield {"name": name, "actions": [action], "uptodate": [True]}
"""


def test_the_reason_names_the_place_that_changed(doit_project: Make) -> None:
    """The reason names an existing place, even for a whole variable, and for closures."""
    project = doit_project({"dodo.py": REASONS})
    project.run("-a").assert_success()
    for old, new, name, reason in (
        ("alpha=1", "alpha=11", "n", "by_name() global CFG.model.alpha: 1 -> 11"),
        ('"host": 3', '"host": 33', "n", "by_name() global CFG.db.host: 3 -> 33"),
        ("db={", 'db={"port": 8, ', "n", "by_name() global CFG.db.port: missing -> 8"),
        ("4, 5", "4, 55", "m", "by_method() global OWN.color: 5 -> 55"),
        ("[6]", "[66]", "c", "inner() closure params.rows[0]: 6 -> 66"),
    ):
        project.edit("dodo.py", old, new)
        assert reason in project.run("invariants", "why").stdout
        assert project.run().assert_success().executed == [f"a:{name}"]
    project.edit("dodo.py", '"b": 7', '"b": 77')
    project.edit("dodo.py", "color=2", "color=22")
    assert project.run().executed == []
