"""Find out whether code starts processes, and collect its strings.

It takes a run of the code to see which string becomes part of a command. Therefore all strings are
collected: constants, globals, closures, defaults, arguments, of the code itself and of everything
it calls.
"""

from __future__ import annotations

import functools
import inspect
import os
import sys
from collections.abc import Iterable, Iterator
from types import BuiltinFunctionType, CodeType, FunctionType, MethodType, ModuleType
from typing import Any, TypeGuard

from doit_invariants.code.loaded.access_paths import Steps
from doit_invariants.code.loaded.bytecode import structure
from doit_invariants.code.loaded.operations import closure_of
from doit_invariants.core.project import Project

#: Modules whose functions start programs or run files.
_MODULES = frozenset(
    (
        *("asyncio.subprocess", "delegator", "fabric", "invoke", "nbclient", "nbconvert"),
        *("papermill", "pexpect", "plumbum", "pty", "pytest", "runpy", "sh", "subprocess"),
    )
)
_CLASSES = frozenset({"CmdAction", "Interactive", "LongRunning", "PythonInteractiveAction"})
_FUNCTIONS = frozenset(
    (
        *("system", "popen", "startfile", "posix_spawn", "posix_spawnp", "exec", "execfile"),
        *(f"exec{end}" for end in ("l", "le", "lp", "lpe", "v", "ve", "vp", "vpe")),
        *(f"spawn{end}" for end in ("l", "le", "lp", "lpe", "v", "ve", "vp", "vpe")),
        *("create_subprocess_exec", "create_subprocess_shell", "run_path", "run_module"),
    )
)
#: In these modules only the functions above start anything.
_HOLD_OTHERS = frozenset({"os", "posix", "nt", "builtins", "asyncio"})
_SEQUENCES = (list, tuple, set, frozenset)
_LEAVES = (type(None), int, float, complex, bytes, str, os.PathLike)
_MOST_OBJECTS = 3_000
_MOST_ITEMS = 500
#: Longer strings are data.
LONGEST = 10_000
_HAS_DOCSTRING = 0x4000000


class CodeStrings:
    """The strings and names in code.

    :ivar starts: whether the code starts processes at all
    :ivar texts, lists: its strings, and its lists of strings
    :ivar names: the names that it uses, such as ``executable`` of ``sys``, or ``chdir``
    :ivar files: the files that contain the code
    """

    # No dataclass: defining one costs each run half a millisecond.
    def __init__(self, starts: bool = False, files: Iterable[str] = ()) -> None:
        self.starts, self.files = starts, dict.fromkeys(files)
        self.texts: dict[str, None] = {}
        self.lists: dict[tuple[str, ...], None] = {}
        self.names: set[str] = set()

    def add(self, other: CodeStrings) -> None:
        """Add the strings and names of other code."""
        self.starts = self.starts or other.starts
        self.texts.update(other.texts)
        self.lists.update(other.lists)
        self.names.update(other.names)
        self.files.update(other.files)


class SubprocessFinder:
    """Inspects callables, each once a run."""

    def __init__(self, project: Project) -> None:
        self._project = project
        # The keys are id()s: keep the objects alive so that an id is never reused.
        self._codes: dict[tuple[int, int], tuple[Any, CodeStrings]] = {}
        self._objects: dict[int, tuple[Any, CodeStrings]] = {}

    def strings(
        self, callables: Iterable[Any], given: Iterable[Any], *, certain: bool = False
    ) -> CodeStrings | None:
        """Return the strings of callables and their arguments, None if they start nothing.

        :param given: arguments, which are inspected only if they matter
        :param certain: whether the result of the callables is certainly run as a command
        """
        found = CodeStrings(certain)
        for one in callables:
            found.add(self._object(one))
        values = list(given)
        if not found.starts and not _may_start(values):
            return None
        self._walk([*values, tuple(values)], found)
        return found if found.starts else None

    def _object(self, obj: Any) -> CodeStrings:
        known = self._objects.get(id(obj))
        if known is None:
            found = CodeStrings()
            self._walk([obj], found)
            known = self._objects[id(obj)] = (obj, found)
        return known[1]

    def _walk(self, objects: list[Any], found: CodeStrings) -> None:
        seen: set[int] = set()
        kept: list[Any] = []  # keeps bound methods alive, which are created on demand
        waiting = list(objects)
        while waiting and len(seen) < _MOST_OBJECTS:
            obj = waiting.pop()
            if type(obj) is str:
                if len(obj) <= LONGEST:
                    found.texts[obj] = None
            elif id(obj) not in seen:
                seen.add(id(obj))
                kept.append(obj)
                try:
                    waiting += self._parts(obj, found)
                except Exception:
                    continue  # its class raises when it is inspected: then it starts nothing

    def _parts(self, obj: Any, found: CodeStrings) -> list[Any]:
        """Return the objects that one object leads to, and collect what it holds."""
        # No isinstance: it makes a lazy proxy create the object that it stands for.
        kind = type(obj)
        if issubclass(kind, _LEAVES):
            return _texts(obj)
        if issubclass(kind, _SEQUENCES):
            return self._items(obj, found)
        if issubclass(kind, dict):
            return [*list(obj)[:_MOST_ITEMS], *list(obj.values())[:_MOST_ITEMS]]
        if issubclass(kind, functools.partial):
            return [obj.func, *obj.args, list(obj.args), obj.keywords]
        if issubclass(kind, MethodType):
            return [obj.__func__, obj.__self__]
        if kind is FunctionType:
            return self._function(obj, found)
        if _is_module(obj):  # imported when the function runs
            return list(self._module(obj, found.names, found))
        if kind is type or kind is BuiltinFunctionType:  # certainly no proxy
            return self._other(obj, found)
        from doit_invariants.code.loaded.beyond_pickle import is_proxy
        from doit_invariants.code.loaded.object_parts import references

        return [held for _, held in references(obj)] if is_proxy(obj) else self._other(obj, found)

    @staticmethod
    def _items(obj: Any, found: CodeStrings) -> list[Any]:
        items = list(obj)[:_MOST_ITEMS]
        if issubclass(type(obj), (list, tuple)) and len(items) > 1:
            words = [_word(item) for item in items]
            if all(word is not None for word in words):
                found.lists[tuple(map(str, words))] = None
        return items

    def _function(self, func: FunctionType, found: CodeStrings) -> list[Any]:
        wrapped = vars(func).get("__wrapped__")
        if not self._project.contains(func.__code__.co_filename):
            found.starts = found.starts or _starts(func)
            return [wrapped]
        found.add(self._code(func.__code__, func.__globals__))
        cells = closure_of(func).values()
        return [*cells, *(func.__defaults__ or ()), func.__kwdefaults__, wrapped]

    def _other(self, obj: Any, found: CodeStrings) -> list[Any]:
        """Inspect a project class or an instance of one; other objects are only classified."""
        if issubclass(type(obj), (staticmethod, classmethod)):
            return [obj.__func__]
        cls = obj if issubclass(type(obj), type) else type(obj)
        if not self._is_ours(cls):
            found.starts = found.starts or _starts(obj)
            return []
        from doit_invariants.code.loaded.beyond_pickle import own_attributes

        parts = [] if cls is obj else [one for _, one in own_attributes(obj)]
        for base in cls.__mro__:
            if self._is_ours(base):
                parts += [one for name, one in vars(base).items() if not name.startswith("__")]
                parts += [vars(base).get("__call__"), vars(base).get("__init__")]
            else:
                found.starts = found.starts or base.__name__ in _CLASSES
        return parts

    def _is_ours(self, cls: type) -> bool:
        module = sys.modules.get(cls.__module__)
        if cls.__module__ in {"builtins", "__main__"} or module is None:
            # A dodo.py can't be found as a module by its name.
            return cls.__module__ != "builtins" and not cls.__module__.startswith("doit")
        return self._is_module_of_ours(cls.__module__)

    def _code(self, code: CodeType, namespace: dict[str, Any]) -> CodeStrings:
        """Return the strings of code, and of the globals that it uses."""
        key = (id(code), id(namespace))
        known = self._codes.get(key)
        if known is not None:
            return known[1]
        found = CodeStrings()
        self._codes[key] = ((code, namespace), found)  # before it is complete: code may call itself
        found.files[code.co_filename] = None
        self._walk([*_constants(code), *self._globals(code, namespace, found)], found)
        return found

    def _globals(
        self, code: CodeType, namespace: dict[str, Any], found: CodeStrings
    ) -> Iterator[Any]:
        names = set(_names(code))
        found.names |= names
        # A module that is imported in a function appears only among the names.
        found.starts = found.starts or starts_by_names(names)
        yield from (sys.modules[one] for one in sorted(names) if self._is_module_of_ours(one))
        shape = structure(code)
        for chain, places in zip(shape.reads, shape.places, strict=True):
            value = namespace.get(chain[0])
            if _is_module(value):
                yield from self._module(value, names, found)
            elif callable(value):
                yield value
            else:
                yield from (_at(value, steps) if steps else value for steps in places)

    def _module(self, module: ModuleType, names: set[str], found: CodeStrings) -> Iterator[Any]:
        """Yield the objects of a module that code may use by these names."""
        if module.__name__ in _HOLD_OTHERS:
            found.starts = found.starts or not names.isdisjoint(_FUNCTIONS)
        elif module.__name__.partition(".")[0] in _MODULES:
            found.starts = True
        elif self._is_module_of_ours(module.__name__):
            for name in sorted(names):
                value = vars(module).get(name)
                if not _is_module(value):
                    yield value
                elif self._is_module_of_ours(value.__name__):
                    yield from self._module(value, names - {name}, found)
                else:
                    found.starts = found.starts or _starts(value)

    def _is_module_of_ours(self, name: str) -> bool:
        path = getattr(sys.modules.get(name), "__file__", None)
        return isinstance(path, str) and self._project.contains(path)


def starts_by_names(names: set[str]) -> bool:
    """Return whether code that uses these names of modules and functions starts processes."""
    if not names.isdisjoint(_MODULES) or "exec" in names:
        return True
    return not names.isdisjoint(_HOLD_OTHERS) and not names.isdisjoint(_FUNCTIONS)


def _at(value: Any, steps: Steps) -> Any:
    """Return what code reads of a value by constants; the whole value if that is unknown."""
    from doit_invariants.code.loaded.places import found_at

    try:
        inside = found_at(value, steps)
    except Exception:  # a key or a class raises
        return value
    return value if inside is None else inside


def _names(code: CodeType) -> Iterator[str]:
    for name in code.co_names:
        yield name
        yield from [name.partition(".")[0]] if "." in name else []
    imports = not {"__import__", "import_module"}.isdisjoint(code.co_names)
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _names(constant)
        elif imports and isinstance(constant, str):
            yield constant


def _constants(code: CodeType) -> Iterator[Any]:
    """Yield the constants of code except its docstring, which may describe how to run others."""
    constants = code.co_consts
    if sys.version_info >= (3, 14):
        has_docstring = bool(code.co_flags & _HAS_DOCSTRING)
    else:
        has_docstring = bool(code.co_flags & inspect.CO_NEWLOCALS) and code.co_name[0] != "<"
    for constant in constants[1:] if has_docstring else constants:
        if isinstance(constant, CodeType):
            yield from _constants(constant)
        else:
            yield constant


def _is_module(value: Any) -> TypeGuard[ModuleType]:
    return issubclass(type(value), ModuleType)


def _texts(leaf: Any) -> list[Any]:
    """Return the string that a value is, or becomes in a command."""
    if isinstance(leaf, str):
        return [str.__str__(leaf)]
    if isinstance(leaf, os.PathLike):
        return [str(os.fspath(leaf))]
    return [str(leaf)] if isinstance(leaf, int) and not isinstance(leaf, bool) else []


def _word(item: Any) -> str | None:
    if issubclass(type(item), (str, os.PathLike)):
        return str(os.fspath(item))
    return str(item) if type(item) in (int, float) else None


def _starts(obj: Any) -> bool:
    """Return whether an object of an installed module starts processes."""
    if _is_module(obj):
        return obj.__name__ in _MODULES
    module = getattr(obj, "__module__", None)
    name = getattr(obj, "__name__", None)
    if not isinstance(module, str) or not isinstance(name, str):
        return False
    if module.partition(".")[0] in _MODULES or module in _MODULES:
        return True
    return name in (_FUNCTIONS | _CLASSES) and module.partition(".")[0] in {*_HOLD_OTHERS, "doit"}


def _may_start(values: Iterable[Any]) -> bool:
    """Return whether arguments may start processes themselves: a function, an object, a list.

    A shared object is inspected only once, and of many items only some are inspected.
    """
    seen: set[int] = set()
    waiting = list(values)
    while waiting:
        value = waiting.pop()
        kind = type(value)
        if value is None or issubclass(kind, (str, bytes, int, float, os.PathLike)):
            continue
        is_dict = issubclass(kind, dict)
        if len(seen) >= _MOST_OBJECTS or not (is_dict or issubclass(kind, _SEQUENCES)):
            return True
        if id(value) not in seen:
            seen.add(id(value))
            try:
                waiting += list(value.values() if is_dict else value)[:20]
            except Exception:  # its class raises when it is inspected
                return True
    return False
