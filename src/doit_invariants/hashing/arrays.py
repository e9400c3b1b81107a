"""Encodes numpy arrays and pandas frames by type, shape and content.

The module is small because it is imported only for objects of these packages.
"""

from __future__ import annotations

import sys
from typing import Any


def parts(value: Any) -> list[Any] | None:
    """Return the values that define an array or a frame; None for any other object.

    The packages are looked up in ``sys.modules``, because importing them is slow. If a package is
    not imported, no object of it exists.
    """
    numpy: Any = sys.modules.get("numpy")
    # Subclasses hold more than the buffer (such as a mask), so they are encoded like any object.
    if numpy is not None and (type(value) is numpy.ndarray or isinstance(value, numpy.generic)):
        plain = not value.dtype.hasobject
        items = numpy.ascontiguousarray(value).tobytes() if plain else value.ravel().tolist()
        return [repr(value.dtype.descr), list(value.shape), items]
    pandas: Any = sys.modules.get("pandas")
    if pandas is not None and isinstance(value, pandas.DataFrame):
        columns = [value.iloc[:, number] for number in range(value.shape[1])]
        flags = [] if value.flags.allows_duplicate_labels else ["no duplicate labels"]
        return [value.columns, value.index, dict(value.attrs), *columns, *flags]
    if pandas is not None and isinstance(value, (pandas.Series, pandas.Index)):
        index = value.index if isinstance(value, pandas.Series) else None
        # Numbers and times are read from memory: objects take a hundred times as long.
        plain = isinstance(value.dtype, numpy.dtype) and value.dtype.kind in "biufcmM"
        items = value.to_numpy() if plain else value.to_numpy(dtype=object).tolist()
        categories = getattr(value.dtype, "categories", None)
        ordered = getattr(value.dtype, "ordered", None)
        named = [*getattr(value, "names", ()), value.name]
        kinds = None if categories is None else list(categories)
        more = [] if index is None or not value.attrs else [dict(value.attrs)]
        return [str(value.dtype), kinds, ordered, named, index, items, *more]
    return None
