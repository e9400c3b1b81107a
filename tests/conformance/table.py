"""All cases."""

from __future__ import annotations

from . import (
    cases_actions,
    cases_body,
    cases_classes,
    cases_commands,
    cases_decorators,
    cases_explicit,
    cases_helpers,
    cases_layout,
    cases_objects,
    cases_programs,
    cases_python314,
    cases_renames,
    cases_traps,
    cases_values,
)
from .model import Case, Group

GROUPS: tuple[Group, ...] = (
    *cases_body.GROUPS,
    *cases_values.GROUPS,
    *cases_helpers.GROUPS,
    *cases_classes.GROUPS,
    *cases_decorators.GROUPS,
    *cases_actions.GROUPS,
    *cases_objects.GROUPS,
    *cases_traps.GROUPS,
    *cases_commands.GROUPS,
    *cases_programs.GROUPS,
    *cases_explicit.GROUPS,
    *cases_layout.GROUPS,
    *cases_renames.GROUPS,
    *cases_python314.GROUPS,
)
CASES: tuple[Case, ...] = tuple(case for group in GROUPS for case in group.cases)
