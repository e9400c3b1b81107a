"""A package that re-exports."""

from .sub import reexported as reexported
