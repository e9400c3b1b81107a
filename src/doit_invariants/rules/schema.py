"""The keys and the schema version of records.

This is a separate module so that code which only finds records in the DB does not import the code
that reads them.
"""

from __future__ import annotations

from typing import Literal, get_args

#: The key of our record among doit's own (``deps:``, ``result:``, ...). Stored: never change it.
KEY = "invariants:"

#: Project directory in which the values of a task were saved, if the values mention it.
VALUES_ROOT = "invariants:root"

#: Version of the record layout. Records with a newer one are not read: the task runs.
SCHEMA = 1

Origin = Literal["run", "accept", "adopt", "restore"]
ORIGINS = frozenset(get_args(Origin))
