"""What tells records from whatever else is stored, and one layout of them from another.

A module of its own: what only finds records in the DB does not import what reads them.
"""

from __future__ import annotations

from typing import Literal, get_args

#: The key of our record among doit's own (``deps:``, ``result:``, ...). Stored: never change it.
KEY = "invariants:"

#: Where the values of a task were saved: the directory of the project, if they mention it.
VALUES_ROOT = "invariants:root"

#: Version of the layout below. A record of a newer one is not read: the task runs.
SCHEMA = 1

Origin = Literal["run", "accept", "adopt", "restore"]
ORIGINS = frozenset(get_args(Origin))
