"""Where the exports of one task go, and how they are made."""

from __future__ import annotations

import os
from dataclasses import dataclass

from doit_invariants.core.errors import InvalidOption
from doit_invariants.core.paths import overlap
from doit_invariants.exports.manifest import Row
from doit_invariants.exports.placing import project_path


@dataclass(frozen=True, slots=True)
class Destination:
    """The directory to which one task exports its targets, and how it exports them.

    :ivar root: absolute path of the project directory
    :ivar directory: absolute path of the export directory
    :ivar how: one of :data:`~doit_invariants.core.model.HOWS`
    :ivar overwrite: whether to overwrite files that this task did not export
    :ivar task: name of the task
    """

    root: str
    directory: str
    how: str
    overwrite: bool
    task: str

    def place(self, target: str) -> str:
        """Return the absolute path of a target's export, without the suffix of a packed one.

        :raises InvalidOption: if the target is outside the project, or if its export would be the
            target itself, in it or around it
        """
        relative = project_path(self.root, target)
        place = os.path.join(os.path.normpath(self.directory), *relative.split("/"))
        real, real_place = (
            os.path.join(os.path.realpath(base), *relative.split("/"))
            for base in (self.root, self.directory)
        )
        if overlap(real, real_place):
            raise InvalidOption(
                f"the export of {target} would be {place}, which overlaps with the target; "
                "choose another export_dir"
            )
        return place

    def place_of(self, row: Row) -> str:
        """Return the absolute path of an export that a manifest names."""
        return os.path.join(os.path.normpath(self.directory), *row.export.split("/"))
