"""Sorts the nodes of a graph into classes of equal nodes: Hopcroft's minimization of automata.

Two nodes are equal if they look alike and refer to equal nodes in the same places. Classes are
split until that holds. The largest part of a split class keeps its number. So each node is
renumbered at most log(n) times, and the nodes that refer to it are visited as often.
"""

from __future__ import annotations

from collections.abc import Sequence

#: The places where a node refers to renumbered nodes, each with the class of that node.
_Marks = tuple[tuple[int, int], ...]


def partition(looks: Sequence[bytes], edges: Sequence[Sequence[Sequence[int]]]) -> list[int]:
    """Return the number of the class of each node.

    If no two nodes are equal, the numbers depend on the graph alone, not on the order in which
    its nodes are given.

    :param looks: what each node looks like without its references
    :param edges: for each node its places, and for each place the nodes that it refers to there,
        in any order
    """
    return _Partition(looks, edges).refined()


class _Partition:
    def __init__(self, looks: Sequence[bytes], edges: Sequence[Sequence[Sequence[int]]]) -> None:
        numbers = {look: number for number, look in enumerate(sorted(set(looks)))}
        self.cls = [numbers[look] for look in looks]
        self.members: list[set[int]] = [set() for _ in numbers]
        for node, cls in enumerate(self.cls):
            self.members[cls].add(node)
        self.users: list[list[tuple[int, int]]] = [[] for _ in looks]
        for node, places in enumerate(edges):
            for place, others in enumerate(places):
                for other in others:
                    self.users[other].append((node, place))

    def refined(self) -> list[int]:
        changed = list(range(len(self.cls)))
        while changed:
            affected: dict[int, dict[_Marks, list[int]]] = {}
            for user, marks in self._marks(changed).items():
                groups = affected.setdefault(self.cls[user], {})
                groups.setdefault(tuple(sorted(marks)), []).append(user)
            changed = []
            for cls in sorted(affected):
                changed += self._split(cls, affected[cls])
        return self.cls

    def _marks(self, changed: list[int]) -> dict[int, list[tuple[int, int]]]:
        # Nodes of one class agreed before, so it is enough to compare what changed.
        found: dict[int, list[tuple[int, int]]] = {}
        for node in changed:
            for user, place in self.users[node]:
                found.setdefault(user, []).append((place, self.cls[node]))
        return found

    def _split(self, cls: int, affected: dict[_Marks, list[int]]) -> list[int]:
        """Give each part of a class except the largest a new number; return the nodes of these."""
        members = self.members[cls]
        parts = [nodes for _, nodes in sorted(affected.items())]
        rest = len(members) - sum(map(len, parts))
        largest = max(parts, key=len)
        if rest >= len(largest):
            moved = parts
        else:
            moved = [part for part in parts if part is not largest]
            if rest:
                moved.insert(0, list(members.difference(*parts)))
        for part in moved:
            for node in part:
                self.cls[node] = len(self.members)
            self.members.append(set(part))
            members.difference_update(part)
        return [node for part in moved for node in part]
