"""The built-in kinds, policies and stores, as plugins like any other: each can be blocked."""

from __future__ import annotations

from doit_invariants.core.invariant import Invariant
from doit_invariants.plugins.hookspecs import hookimpl
from doit_invariants.policies.base import Policy
from doit_invariants.stores.base import Store


class BuiltinKinds:
    """The kinds that come with the package. Modules are imported when the plugin is asked."""

    name = "builtin-kinds"

    @hookimpl
    def invariants_register_kinds(self) -> list[type[Invariant]]:
        """Return the built-in kinds."""
        from doit_invariants.kinds.action import Action
        from doit_invariants.kinds.command import Command
        from doit_invariants.kinds.distribution import Distribution
        from doit_invariants.kinds.env import Env
        from doit_invariants.kinds.files import Files
        from doit_invariants.kinds.function import Function
        from doit_invariants.kinds.git import Git
        from doit_invariants.kinds.module import Module
        from doit_invariants.kinds.script import Script
        from doit_invariants.kinds.task import Task
        from doit_invariants.kinds.tree import Tree
        from doit_invariants.kinds.ttl import TTL
        from doit_invariants.kinds.value import Value

        return [
            Action,
            Command,
            Distribution,
            Env,
            Files,
            Function,
            Git,
            Module,
            Script,
            TTL,
            Task,
            Tree,
            Value,
        ]


class BuiltinPolicies:
    """The policies that come with the package."""

    name = "builtin-policies"

    @hookimpl
    def invariants_register_policies(self) -> list[type[Policy]]:
        """Return the built-in policies."""
        from doit_invariants.policies.always import Always
        from doit_invariants.policies.changed import Changed
        from doit_invariants.policies.export import Export
        from doit_invariants.policies.force import Force
        from doit_invariants.policies.once import Once
        from doit_invariants.policies.shared import Shared

        return [Changed, Always, Export, Force, Once, Shared]


class BuiltinStores:
    """The stores that come with the package."""

    name = "builtin-stores"

    @hookimpl
    def invariants_register_stores(self) -> list[type[Store]]:
        """Return the built-in stores."""
        from doit_invariants.stores.directory import DirectoryStore

        return [DirectoryStore]
