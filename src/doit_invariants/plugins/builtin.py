"""The built-in kinds, policies and stores, as plugins like any other: each can be blocked.

Their methods are named as the hooks. They are not marked as such here: that would import pluggy.
"""

from __future__ import annotations

from doit_invariants.plugins.registry import LazyClass


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
