"""Registries: the classes that plugins registered, by name, with the plugin of each."""

from __future__ import annotations

from importlib import import_module
from typing import Any, NamedTuple

from doit_invariants.core.errors import InvalidOption

#: The project name in pluggy's markers, and the entry-point group of plugins.
PROJECT = "doit_invariants"


class LazyClass:
    """A class of this package that is imported on first use: few commands need all of them.

    :param place: its module and name, like ``kinds.ttl:TTL``
    :param name: the name that it is registered under; by default the name of the class
    """

    __slots__ = ("_module", "_qualname", "name")

    def __init__(self, place: str, name: str = "") -> None:
        self._module, _, self._qualname = place.partition(":")
        self.name = name or self._qualname

    def load(self) -> type[Any]:
        """Return the class."""
        found: type[Any] = getattr(import_module(f"doit_invariants.{self._module}"), self._qualname)
        return found


class Category(NamedTuple):
    """A category of things that plugins register: kinds, policies, stores or programs.

    :ivar noun: the word for one of them in messages
    :ivar hook: the hook that returns a list of them
    :ivar base: their base class; a category with an ``example`` holds instances of it, the others
        hold subclasses
    :ivar attribute: the class attribute with the name that one is registered under
    :ivar example: a valid result of the hook, for messages
    """

    noun: str
    hook: str
    base: LazyClass
    attribute: str
    example: str = ""

    def check(self, given: Any, plugin: str) -> None:
        """Check one item of the list that a plugin returned from the hook.

        :raises InvalidOption: if it does not belong to this category
        """
        base = self.base.load()
        if isinstance(given, base) if self.example else _is_subclass(given, base):
            return
        wanted = f"a {self.noun} is a subclass of doit_invariants.{self.base.name}"
        if self.example:
            wanted = f"return a list like {self.example}"
        raise InvalidOption(f"plugin {plugin!r}: {given!r:.80} is not a {self.noun}: {wanted}")


def _is_subclass(given: Any, base: type[Any]) -> bool:
    return isinstance(given, type) and issubclass(given, base)


KINDS = Category(
    "kind", "invariants_register_kinds", LazyClass("rules.invariant:Invariant"), "kind"
)
POLICIES = Category(
    "policy", "invariants_register_policies", LazyClass("policies.base:Policy"), "name"
)
STORES = Category("store", "invariants_register_stores", LazyClass("stores.base:Store"), "name")
PROGRAMS = Category(
    "program",
    "invariants_register_programs",
    LazyClass("code.programs.table:Program"),
    "names",
    example="[Program('tool', script=1, follow='python')]",
)


class Registered:
    """A registered class and the name of the plugin that registered it."""

    __slots__ = ("_given", "plugin")

    def __init__(self, given: type[Any] | LazyClass, plugin: str) -> None:
        self._given = given
        self.plugin = plugin

    @property
    def cls(self) -> type[Any]:
        """The class."""
        if isinstance(self._given, LazyClass):
            self._given = self._given.load()
        return self._given


class Registry:
    """The registered classes of one category.

    :ivar category: the category
    :ivar entries: the classes by their names
    :ivar checked: pairs of class and name that were already found to be registered: a cache
    """

    def __init__(self, category: Category) -> None:
        self.category = category
        self.entries: dict[str, Registered] = {}
        self.checked: set[tuple[type[Any], str]] = set()

    def add(self, cls: Any, plugin: str) -> None:
        """Register a class, or a built-in class that is imported later.

        :raises InvalidOption: if it does not belong to this category, has no name, or has a name
            that is taken
        """
        if isinstance(cls, LazyClass):
            self.entries[cls.name] = Registered(cls, plugin)
            return
        self.category.check(cls, plugin)
        noun, attribute = self.category.noun, self.category.attribute
        name = getattr(cls, attribute, None)
        if not isinstance(name, str) or not name:
            raise InvalidOption(
                f"plugin {plugin!r}: the {noun} {cls.__qualname__} has no name; give it the "
                f"class attribute {attribute!r}"
            )
        taken = self.entries.get(name)
        if taken is not None:
            raise InvalidOption(
                f"plugin {plugin!r}: the {noun} {cls.__module__}.{cls.__qualname__} is called "
                f"{name!r}, but that name is already used by {taken.cls.__module__}."
                f"{taken.cls.__qualname__} of plugin {taken.plugin!r}; rename it, or block that "
                "plugin with the setting `block`"
            )
        self.entries[name] = Registered(cls, plugin)

    def names(self) -> list[str]:
        """Return the registered names, sorted."""
        return sorted(self.entries)


# ---------------------------------------------------------------------- built-in plugins
#
# They are plugins like any other and can be blocked by name. Their methods have the names of hooks,
# but no @hookimpl: that would import pluggy.


class BuiltinKinds:
    """The kinds that come with the package."""

    name = "builtin-kinds"

    def invariants_register_kinds(self) -> list[LazyClass]:
        """Return the built-in kinds."""
        return [
            LazyClass("kinds.action:Action"),
            LazyClass("kinds.command:Command"),
            LazyClass("kinds.distribution:Distribution"),
            LazyClass("kinds.env:Env"),
            LazyClass("kinds.files:Files"),
            LazyClass("kinds.function:Function"),
            LazyClass("kinds.git:Git"),
            LazyClass("kinds.module:Module"),
            LazyClass("kinds.script:Script"),
            LazyClass("kinds.ttl:TTL"),
            LazyClass("kinds.task:Task"),
            LazyClass("kinds.tree:Tree"),
            LazyClass("kinds.value:Value"),
        ]


class BuiltinPolicies:
    """The policies that come with the package."""

    name = "builtin-policies"

    def invariants_register_policies(self) -> list[LazyClass]:
        """Return the built-in policies."""
        return [
            LazyClass("policies.base:Changed", "True"),
            LazyClass("policies.builtin:Always", "False"),
            LazyClass("policies.builtin:Export", "export"),
            LazyClass("policies.builtin:Force", "force"),
            LazyClass("policies.builtin:Once", "once"),
            LazyClass("policies.builtin:Shared", "shared"),
        ]


class BuiltinStores:
    """The stores that come with the package."""

    name = "builtin-stores"

    def invariants_register_stores(self) -> list[LazyClass]:
        """Return the built-in stores."""
        return [LazyClass("stores.local.store:DirectoryStore", "directory")]
