"""Rules for objects of known packages that neither pickle nor the general rules cover."""

from __future__ import annotations

import gc
import sys
import types
from collections.abc import Iterator
from typing import Any

from doit_invariants.code.loaded import object_parts as parts
from doit_invariants.code.loaded.object_parts import Part, Split


def _of_array(array: Any) -> Iterator[Part]:
    """Yield the array and the attributes that a project class adds, which pickle omits."""
    numpy: Any = sys.modules["numpy"]
    yield "array", numpy.asarray(array)
    yield "attributes", vars(array)


def _of_index(index: Any) -> Iterator[Part]:
    yield "name", list(index.names)
    yield "type", str(index.dtype)
    yield "frequency", index.freqstr
    yield "values", index.asi8


def _of_ufunc(ufunc: Any) -> Iterator[Part]:
    yield from parts.attributes("__name__ nin nout signature identity types")(ufunc)
    for one in gc.get_referents(ufunc):
        if isinstance(one, types.FunctionType):
            yield "function", one


def _of_dispatcher(dispatcher: Any) -> Iterator[Part]:
    yield from parts.attributes("py_func targetoptions locals")(dispatcher)
    # If it can still compile, its overloads depend on the calls so far.
    if not getattr(dispatcher, "_can_compile", True):
        yield "signatures", [str(one) for one in dispatcher.overloads]


def _of_dufunc(dufunc: Any) -> Iterator[Part]:
    names = "identity signature _identity _is_dynamic gufunc_builder.targetoptions"
    yield from parts.attributes(names)(dufunc)
    if getattr(dufunc, "_frozen", False):
        yield "types", list(dufunc.types)
    dispatcher = getattr(dufunc, "_dispatcher", None)
    if dispatcher is not None:
        yield from parts.attributes("py_func targetoptions locals")(dispatcher)


def _of_schema(validator: Any) -> Iterator[Part]:
    """Yield the schema of a compiled validator; names in it contain addresses."""
    _, arguments, *_ = validator.__reduce__()
    yield "schema", [_without_addresses(one) for one in arguments]


def _without_addresses(schema: Any) -> Any:
    if type(schema) is dict:
        return {name: _without_addresses(one) for name, one in schema.items()}
    if type(schema) in (list, tuple):
        return [_without_addresses(one) for one in schema]
    if type(schema) is str:
        return ":".join(word for word in schema.split(":") if not word.isdigit())
    return schema


_CODERS = "enc_hook decimal_format uuid_format order"
_DECODERS = "type strict dec_hook float_hook ext_hook"
_CONSTRAINTS = (
    "gt ge lt le multiple_of pattern min_length max_length tz title description examples "
    "extra_json_schema extra"
)
_STRUCT = (
    "frozen eq order array_like omit_defaults forbid_unknown_fields tag tag_field "
    "repr_omit_defaults dict weakref gc cache_hash"
)

#: Splits by the name of the class; other parts of the object do not count.
OF_PACKAGES: dict[str, Split] = {
    "joblib.parallel.Parallel": parts.attributes(
        "n_jobs verbose timeout pre_dispatch batch_size return_as"
    ),
    "numpy.ndarray": _of_array,
    "pandas.DatetimeIndex": _of_index,
    "pandas.core.indexes.datetimes.DatetimeIndex": _of_index,
    "pandas.TimedeltaIndex": _of_index,
    "pandas.core.indexes.timedeltas.TimedeltaIndex": _of_index,
    "numpy.ufunc": _of_ufunc,
    "numpy.flatiter": parts.attributes("base index"),
    "numpy.busdaycalendar": parts.attributes("weekmask holidays"),
    "msgspec.Meta": parts.attributes(_CONSTRAINTS),
    "msgspec.json.Encoder": parts.attributes(_CODERS),
    "msgspec.json.Decoder": parts.attributes(_DECODERS),
    "msgspec.msgpack.Encoder": parts.attributes(_CODERS),
    "msgspec.msgpack.Decoder": parts.attributes(_DECODERS),
    "msgspec._core.Field": parts.attributes("default default_factory name"),
    "msgspec._core.Factory": parts.attributes("factory"),
    "msgspec.structs.StructConfig": parts.attributes(_STRUCT),
    "numba.core.dispatcher.Dispatcher": _of_dispatcher,
    "numba.np.ufunc.dufunc.DUFunc": _of_dufunc,
    "numba.np.ufunc.gufunc.GUFunc": _of_dufunc,
    # Its name contains an address.
    "numba.core.types.misc.ClassType": parts.attributes(
        "jit_methods jit_props jit_static_methods struct"
    ),
    "numba.stencils.stencil.StencilFunc": parts.attributes(
        "kernel_ir.func_id.func mode options kws"
    ),
    "numba.core.ccallback.CFunc": parts.attributes("_pyfunc _sig locals options"),
    "joblib.memory.MemorizedFunc": parts.attributes(
        "func ignore mmap_mode compress cache_validation_callback"
    ),
    "pydantic.type_adapter.TypeAdapter": parts.attributes("_type _config"),
    "pydantic._internal._validate_call.ValidateCallWrapper": parts.attributes(
        "function validate_return config_wrapper.config_dict"
    ),
    "pydantic_core._pydantic_core.SchemaValidator": _of_schema,
    "pydantic_core._pydantic_core.SchemaSerializer": _of_schema,
}
