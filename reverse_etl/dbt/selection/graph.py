"""Dependencies between nodes, and how far `+` and `@` reach."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from reverse_etl.dbt.nodes import Model


class Graph:
    """The edges between the nodes of one manifest."""

    def __init__(self, nodes: Mapping[str, Model]) -> None:
        """Dependencies on nodes that are not in `nodes`, such as disabled ones, are ignored."""
        self._parents: dict[str, set[str]] = {
            unique_id: {parent for parent in node.depends_on if parent in nodes} for unique_id, node in nodes.items()
        }
        self._children: dict[str, set[str]] = {unique_id: set() for unique_id in nodes}
        for unique_id, parents in self._parents.items():
            for parent in parents:
                self._children[parent].add(unique_id)

    def parents(self, start: Iterable[str], depth: int | None = None) -> set[str]:
        """Return the nodes that `start` depends on, at most `depth` steps away (None: no limit)."""
        return _reached(self._parents, set(start), depth)

    def children(self, start: Iterable[str], depth: int | None = None) -> set[str]:
        """Return the nodes that depend on `start`, at most `depth` steps away (None: no limit)."""
        return _reached(self._children, set(start), depth)

    def around(self, start: Iterable[str]) -> set[str]:
        """Return the nodes that depend on `start`, and everything that they depend on (`@`)."""
        children = set(start) | self.children(start)
        return children | self.parents(children)


def _reached(edges: Mapping[str, set[str]], start: set[str], depth: int | None) -> set[str]:
    found: set[str] = set()
    layer = start
    while layer and (depth is None or depth > 0):
        layer = {following for node in layer for following in edges[node]} - found
        found |= layer
        depth = None if depth is None else depth - 1
    return found
