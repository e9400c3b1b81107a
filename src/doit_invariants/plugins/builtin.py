"""The built-in kinds, policies and stores, as plugins like any other: each can be blocked.

Their methods are named as the hooks. They are not marked as such here: that would import pluggy.
"""

from __future__ import annotations

from doit_invariants.plugins.registry import Later


class BuiltinKinds:
    """The kinds that come with the package."""

    name = "builtin-kinds"

    def invariants_register_kinds(self) -> list[Later]:
        """Return the built-in kinds."""
        return [
            Later("kinds.action:Action"),
            Later("kinds.command:Command"),
            Later("kinds.distribution:Distribution"),
            Later("kinds.env:Env"),
            Later("kinds.files:Files"),
            Later("kinds.function:Function"),
            Later("kinds.git:Git"),
            Later("kinds.module:Module"),
            Later("kinds.script:Script"),
            Later("kinds.ttl:TTL"),
            Later("kinds.task:Task"),
            Later("kinds.tree:Tree"),
            Later("kinds.value:Value"),
        ]


class BuiltinPolicies:
    """The policies that come with the package."""

    name = "builtin-policies"

    def invariants_register_policies(self) -> list[Later]:
        """Return the built-in policies."""
        return [
            Later("policies.changed:Changed", "True"),
            Later("policies.always:Always", "False"),
            Later("policies.export:Export", "export"),
            Later("policies.force:Force", "force"),
            Later("policies.once:Once", "once"),
            Later("policies.shared:Shared", "shared"),
        ]


class BuiltinStores:
    """The stores that come with the package."""

    name = "builtin-stores"

    def invariants_register_stores(self) -> list[Later]:
        """Return the built-in stores."""
        return [Later("stores.local.store:DirectoryStore", "directory")]
