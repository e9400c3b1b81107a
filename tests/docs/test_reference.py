"""The documentation is complete: what exists is documented, with the signature that it has."""

from __future__ import annotations

import ast
import dataclasses
import importlib
import inspect
import re
import sys
from collections.abc import Callable
from pathlib import Path
from types import FunctionType
from typing import Any

import pytest

import doit_invariants
from doit_invariants import (
    Change,
    Facts,
    Invariant,
    Policy,
    Reason,
    Record,
    ResultEntry,
    ResultKey,
    Settings,
    Sink,
    Source,
    Store,
    Verdict,
)
from doit_invariants.code.loaded import graph
from doit_invariants.code.programs.arguments import SPECIAL
from doit_invariants.code.programs.table import FOLLOWS, PROGRAMS, Program
from doit_invariants.engine.options import OPTIONS
from doit_invariants.hosts.doit.command import VERBS
from doit_invariants.plugins import hookspecs
from doit_invariants.plugins.registry import KINDS as KIND
from doit_invariants.plugins.registry import POLICIES, STORES, BuiltinKinds
from doit_invariants.plugins.registry import PROGRAMS as PROGRAM
from doit_invariants.rules import record as records
from doit_invariants.rules.invariant import Context
from doit_invariants.testing import Outcome, Project

from .blocks import DOCS, PAGES, headings, page_name, read_blocks, rows, section

_LOADED = [kind.load() for kind in BuiltinKinds().invariants_register_kinds()]
KINDS = {kind.kind: kind for kind in _LOADED}
CATEGORIES = (KIND, POLICIES, STORES, PROGRAM)
HOOKS = {name: hook for name, hook in vars(hookspecs).items() if name.startswith("invariants_")}
SOURCE = Path(doit_invariants.__file__).parent


def page(name: str) -> Path:
    """Return the page of the documentation that has this name, in whichever folder."""
    (found,) = [path for path in PAGES if path.stem == name]
    return found


def call(name: str, function: Callable[..., Any]) -> str:
    """Return how a function is shown in a heading: with its parameters, without annotations."""
    signature = inspect.signature(function)
    parameters = [
        parameter.replace(annotation=inspect.Parameter.empty)
        for parameter in signature.parameters.values()
        if parameter.name not in ("self", "cls")
    ]
    bare = signature.replace(parameters=parameters, return_annotation=inspect.Signature.empty)
    return f"{name}{bare}"


def table(text: str, marker: str) -> dict[str, list[str]]:
    """Return the first table after a line that begins with a marker."""
    start = re.search(rf"^{re.escape(marker)}", text, re.MULTILINE)
    assert start is not None, f"no line begins with {marker}"
    found = re.search(r"(?:^\|.*\n?)+", text[start.start() :], re.MULTILINE)
    assert found is not None, f"no table after {marker}"
    return rows(found[0])


def members(cls: type, *, skip: frozenset[str] = frozenset()) -> set[str]:
    """Return the public methods of a class, with their arguments."""
    return {
        call(name, method.__func__ if isinstance(method, classmethod) else method)
        for name, method in vars(cls).items()
        if isinstance(method, (FunctionType, classmethod))
        and not name.startswith("_")
        and name not in skip
    }


def fields(cls: Any) -> set[str]:
    """Return the names of the fields of a dataclass or a named tuple."""
    return set(getattr(cls, "_fields", None) or (one.name for one in dataclasses.fields(cls)))


@pytest.mark.parametrize("name", doit_invariants.__all__)
def test_every_public_name_is_explained(name: str) -> None:
    """Each name that can be imported from the package is written as code somewhere."""
    after = r"\(" if inspect.isfunction(getattr(doit_invariants, name)) else r"[`(]"
    pattern = re.compile(rf"`@?(?:doit_invariants\.)?{name}{after}")
    prose = [re.sub(r"(?ms)^```.*?^```$", "", p.read_text(encoding="utf-8")) for p in PAGES]
    assert any(pattern.search(text) for text in prose)


@pytest.mark.parametrize("name", doit_invariants.__all__)
def test_a_field_of_a_public_docstring_has_one_name(name: str) -> None:
    """Sphinx takes ``:ivar old, new:`` for a field ``new`` of the type ``old``."""
    docstring = inspect.getdoc(getattr(doit_invariants, name)) or ""
    assert not re.findall(r"^ *:(?:ivar|param) \w+, .*", docstring, re.MULTILINE)


def test_the_api_lists_every_public_name_once() -> None:
    """The page of the API has a directive for each name that can be imported from the package."""
    text = page("api").read_text(encoding="utf-8")
    found = re.findall(r"^\.\. (?:auto\w+|data|py:decorator):: (\w+)", text, re.MULTILINE)
    assert sorted(found) == sorted(doit_invariants.__all__)


def test_every_kind_has_a_section_with_its_signature() -> None:
    """The headings of the kinds are the constructors of the built-in kinds, no more, no less."""
    expected = {f"`{call(name, kind)}`" for name, kind in KINDS.items()}
    assert {title for title in headings(page("kinds")) if title.startswith("`")} == expected


@pytest.mark.parametrize("name", KINDS)
def test_a_section_of_a_kind_has_the_fixed_shape(name: str) -> None:
    """Purpose, options, example, limits; every parameter with its default."""
    text = section(page("kinds"), f"`{call(name, KINDS[name])}`")
    parts = ["**Unchanged while**", "| option | type | default | meaning |", "```python"]
    parts += [f"{name}(", "**It cannot see**"]
    places = [text.find(part) for part in parts]
    assert -1 not in places
    assert places == sorted(places)
    parameters = inspect.signature(KINDS[name]).parameters
    options = table(text, "| option")
    assert list(options) == list(parameters)
    for option, parameter in parameters.items():
        given = parameter.default
        one = parameter.kind is inspect.Parameter.VAR_POSITIONAL
        required = "at least one" if one else "required"
        default = required if given is inspect.Parameter.empty else f"`{given!r}`"
        assert options[option][2] == default
    assert f"[`{name}`](#" in page("kinds").read_text(encoding="utf-8")


def documented_default(cell: str) -> Any:
    """Return the value of a default, which is written as Python."""
    return ast.literal_eval(cell.strip("`"))


def test_every_task_option_has_a_row() -> None:
    """The table of the task options is that of the code, with the defaults of the settings."""
    options = table(section(page("options"), "Task options"), "| option")
    assert tuple(options) == OPTIONS
    for name, cells in options.items():
        assert documented_default(cells[2]) == getattr(Settings(), name)


def test_every_setting_has_a_row() -> None:
    """The table of the settings is that of the code, with the defaults."""
    settings = table(section(page("options"), "Settings"), "| setting")
    assert tuple(settings) == Settings._fields
    for name, cells in settings.items():
        assert documented_default(cells[2]) == getattr(Settings(), name)


def test_every_hook_has_a_heading_with_its_arguments() -> None:
    """The headings of the hooks are the hook specifications, in their order."""
    expected = [call(name, hook) for name, hook in HOOKS.items()]
    found = [title for title in headings(page("hooks")) if title.startswith("`invariants_")]
    assert found == [f"`{one}`" for one in expected]


def test_every_verb_has_a_heading() -> None:
    """The headings of the verbs are those of the command, in their order."""
    expected = [
        f"`doit invariants {verb} {takes}".strip() + "`" for verb, (takes, _) in VERBS.items()
    ]
    found = [title for title in headings(page("commands")) if title.startswith("`doit invariants")]
    assert found == expected


def test_every_code_of_a_reason_is_explained() -> None:
    """The codes in the sources and in the tables of `why --json` are the same."""
    text = "\n".join(path.read_text(encoding="utf-8") for path in SOURCE.rglob("*.py"))
    codes = set(re.findall(r'Reason\(\s*"(\w+)"', text)) | set(re.findall(r'\bcode="(\w+)"', text))
    codes.add(inspect.signature(doit_invariants.Difference).parameters["code"].default)
    verb = section(page("commands"), "`doit invariants why [TASK ...]`")
    assert set(rows(verb)) == codes


@pytest.mark.parametrize(
    "cls", [Verdict, Reason, Change, Record, ResultEntry], ids=lambda cls: cls.__name__
)
def test_what_hooks_are_given_is_explained(cls: type) -> None:
    """Each attribute of what a hook is given has a row."""
    text = section(page("hooks"), "What hooks are given")
    assert set(table(text, f"`{cls.__name__}`:")) == fields(cls)


def test_the_contract_of_a_kind_is_explained() -> None:
    """Each member of Invariant has a row, each of Context too."""
    text = section(page("plugin-classes"), "Invariant")
    assert set(table(text, "| member")) == members(Invariant) | {"kind", "version", "name"}
    attributes = set(inspect.get_annotations(Context))
    context = section(page("plugin-classes"), "Context")
    assert set(table(context, "`context` is")) - {"context.files.state(path).digest"} == (
        members(Context) | attributes
    )
    assert members(Policy) == {"reasons()", "answer(facts)", "source(key)", "sink(key)"}
    policy = page("write-a-policy").read_text(encoding="utf-8")
    for method in ("reasons(self)", "answer(self, facts)", "source(self, key)", "sink(self, key)"):
        assert f"def {method}" in policy
    difference = section(page("plugin-classes"), "Difference")
    assert f"`{call('Difference', doit_invariants.Difference)}`" in difference


def test_the_contracts_of_policies_and_stores_are_explained() -> None:
    """Each member of Policy and Store has a row, and all that a policy is given."""
    policy = section(page("plugin-classes"), "Policy")
    assert set(table(policy, "| member")) == members(Policy) | {"name", "runs", "keeps"}
    assert set(rows(section(page("plugin-classes"), "Facts"))) == fields(Facts)
    own = section(page("plugin-classes"), "ResultKey, Source and Sink")
    assert set(table(own, "| `key` has")) - {"key"} == fields(ResultKey)
    assert set(table(own, "| `Source`")) - {"Source"} == members(Source) | {"where"}
    assert set(table(own, "| `Sink`")) - {"Sink"} == members(Sink) | {"where"}
    store = section(page("plugin-classes"), "Store")
    assert set(table(store, "| method")) == {one.replace("*, ", "") for one in members(Store)}


def test_the_recipe_covers_every_hook() -> None:
    """The table of plugins has each hook once, and says what the registries ask for."""
    text = page("plugins").read_text(encoding="utf-8")
    lines = [
        line.split("|")
        for line in text.splitlines()
        if "](../reference/hooks.md#invariants_" in line
    ]
    by_hook = {hook: cells for cells in lines for hook in re.findall(r"`(\w+)`\]", cells[4])}
    assert sorted(by_hook) == sorted(HOOKS)
    for category in CATEGORIES:
        cells = by_hook[category.hook]
        assert f"`{category.base.name}`" in cells[2]
        assert f"`{category.attribute}`" in cells[3]
        assert category.base.name in doit_invariants.__all__


def test_the_fixture_is_explained(doit_project: Callable[..., Project]) -> None:
    """The fixture, its project and its outcome are documented, parameter by parameter."""
    text = page("testing").read_text(encoding="utf-8")
    assert f"`{call('doit_project', doit_project)}`" in headings(page("testing"))
    assert list(table(text, "| parameter")) == list(inspect.signature(doit_project).parameters)
    run = inspect.signature(Project.run).parameters
    options = table(text, "| option")
    assert ["self", "arguments", *options] == list(run)
    for name, cells in options.items():
        default = "sys.executable" if name == "python" else repr(run[name].default)
        assert cells[1] == f"`{default}`"
    listed = set(table(text, "## Project"))
    assert listed == members(Project, skip=frozenset({"run"})) | {"path", "run(*arguments, ...)"}
    assert set(table(text, "## Outcome")) == fields(Outcome) | members(Outcome)


def test_every_field_of_a_record_is_explained() -> None:
    """The fields of a stored record have a row each, the kinds a row for their fingerprint."""
    record = Record(executed_at=None, origin="run", root="", whole="plain", kept="store")
    stored = records.to_json(record)
    text = section(page("record-format"), "The key `invariants:`")
    assert records.KEY == "invariants:"
    assert list(table(text, "| field")) == list(stored)
    assert f"schema {records.SCHEMA}" in text
    prints = section(page("record-format"), "Fingerprints of the built-in kinds")
    assert list(rows(prints)) == list(KINDS)
    assert {name for name, kind in KINDS.items() if kind.version != 1} == {"Function"}
    assert KINDS["Function"].version == 2


def test_every_known_program_is_named() -> None:
    """The programs whose scripts are found are listed, no more and no less."""
    text = section(page("programs"), "Programs")
    text += section(page("programs"), "Programs that run another command")
    text += section(page("programs"), "Not looked into").rpartition("these programs run:")[2]
    known = {name for program in PROGRAMS for name in program.names.split()} | set(SPECIAL)
    listed = set(re.findall(r"`([^`]+)`", text))
    names = {one.partition(" ")[0] for one in listed if re.match(r"[\w.]", one)}
    assert {one for one in known - names if "stata" not in one} == set()
    parts = {"CMD", "Makefile", "PATH", "conftest.py", "echo", "mytool", "python_files"}
    parts |= {"pythonpath", "testpaths", "__main__", "run", ".do", ".py"}
    parts |= {"invariants_register_programs", "make.sh", "tools/gen", "./make.sh"}
    assert names - known - parts == set()


def test_every_argument_of_a_program_is_explained() -> None:
    """Each argument of Program has a row, each way to follow too."""
    text = section(page("plugin-classes"), "Program")
    assert set(table(text, "| argument of")) == fields(Program)
    assert set(re.findall(r'"(\w+)"', text.partition("| `follow` | the")[2])) >= set(FOLLOWS)


def test_how_much_source_is_kept_is_said() -> None:
    """The limit is that of the code."""
    assert f"{graph.MOST_SOURCE:,} characters" in section(page("record-format"), "Details")


_REFERENCE = re.compile(r":(?:mod|class|func|meth|data|attr):`~?([\w.]+)`")


def test_references_in_docstrings_lead_somewhere() -> None:
    """What a docstring refers to exists: by its full name, by that of a neighbour, or in it."""
    dangling = [
        f"{path.relative_to(SOURCE)}: {name}"
        for path, text in ((one, one.read_text(encoding="utf-8")) for one in SOURCE.rglob("*.py"))
        for name in _REFERENCE.findall(text)
        if not leads_somewhere(name, path, text)
    ]
    assert not dangling


def leads_somewhere(name: str, path: Path, text: str) -> bool:
    """Return whether a module mentions what a reference in it names, or that is a full name."""
    if name.startswith("."):
        name = ".".join([*path.relative_to(SOURCE.parent).parent.parts, name[1:]])
    if not name.startswith(f"{SOURCE.name}."):
        first = name.partition(".")[0]
        code = re.sub(r":\w+:`[^`]*`", "", text)
        return first in sys.stdlib_module_names or re.search(rf"\b{first}\b", code) is not None
    parts = name.split(".")
    modules = [".".join(parts[:end]) for end in range(len(parts), 0, -1)]
    module = next(one for one in modules if is_module(one))
    return exists_in(importlib.import_module(module), parts[module.count(".") + 1 :])


def is_module(name: str) -> bool:
    """Return whether there is a module of this name in the package."""
    place = SOURCE.parent.joinpath(*name.split("."))
    return place.is_dir() or place.with_suffix(".py").exists()


def exists_in(found: Any, names: list[str]) -> bool:
    """Return whether an object has an attribute of an attribute; a protocol only declares them."""
    for name in names:
        if name in inspect.get_annotations(found):
            return True
        if not hasattr(found, name):
            return False
        found = getattr(found, name)
    return True


def test_every_page_has_a_place_in_the_site() -> None:
    """Each page is in the table of contents of one other page."""
    listed = []
    for path in PAGES:
        for block in read_blocks(path):
            if block.language == "{toctree}":
                names = [line for line in block.text.splitlines() if line and line[0] != ":"]
                listed += [path.parent / f"{name}.md" for name in names]
    assert sorted(listed) == sorted({*DOCS.rglob("*.md")} - {DOCS / "index.md"})


def anchor(title: str) -> str:
    """Return the anchor that GitHub gives a heading."""
    return re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-")


@pytest.mark.parametrize("path", PAGES, ids=page_name)
def test_links_lead_somewhere(path: Path) -> None:
    """Links inside the project name a file that exists, and a heading in it."""
    prose = re.sub(r"(?ms)^```.*?^```$", "", path.read_text(encoding="utf-8"))
    for target in re.findall(r"\]\((?!https?:)([^)\s]+)\)", prose):
        name, _, fragment = target.partition("#")
        file = (path.parent / name) if name else path
        assert file.exists(), target
        if fragment:
            assert fragment in map(anchor, headings(file)), target


@pytest.mark.parametrize("path", PAGES, ids=page_name)
def test_nothing_of_a_machine_is_in_the_docs(path: Path) -> None:
    """No page shows where it was written, and every block says its language."""
    text = path.read_text(encoding="utf-8")
    assert re.findall(r"(?<![\w.])/(?:work|tmp|home|root|Users)/", text) == []
    languages = {block.language for block in read_blocks(path)}
    assert {one for one in languages if not one.startswith("{")} <= {
        *("python", "console", "sh"),
        *("toml", "ini", "json", "yaml", "c", "awk", "text"),
    }
