"""Which places of its globals a function reads: the same in every version of Python."""

from __future__ import annotations

import types

import pytest

from doit_invariants.code.loaded.access_paths import written
from doit_invariants.code.loaded.bytecode import structure

CASES = {
    "P['a']": ["P.a"],
    "P['a']['b'][0]": ["P.a.b[0]"],
    "P['a'], P['b']": ["P.a", "P.b"],
    "P['a'], P['a']['b']": ["P.a"],
    "P['a'], P": ["P"],
    "P[-1], P[300], P[True], P[None]": ["P[-1]", "P[300]", "P[True]", "P[None]"],
    "P['a', 1], P['a' + 'b']": ["P.ab", "P[('a', 1)]"],
    "P[1:2], P[:]": ["P"],
    "P['a'][1:]": ["P.a"],
    "P[x]": ["P"],
    "P['a'][x]['b']": ["P.a"],
    "P['a'] + x['b']": ["P.a"],
    "P.model.alpha": ["P.model.alpha"],
    "P.model['a'].b": ["P.model.a.b"],
    "P.model.fit(x)": ["P.model.fit"],
    "P.get('a')": ["P.a"],
    "P.get('a', 0)": ["P.a"],
    "P.get('a', None), P.get('b', x), P.get('c', []), P.get('d', {})": ["P.a", "P.b", "P.c", "P.d"],
    "P['a'].get('b', {}).get('c')": ["P.a.b.c"],
    "P.get(x)": ["P.get"],
    "P.get('a' + x)": ["P.get"],
    "P.get('a', x + 1)": ["P.get"],
    "P.get('a', x or 1)": ["P.get"],
    "P.get(*x)": ["P.get"],
    "P.get": ["P.get"],
    "'a' in P": ["P"],
    "len(P), sorted(P['a'])": ["P", "len", "sorted"],
    "P['a' if x else 'b']": ["P"],
    "P[x or 'b']": ["P"],
    "(P if x else {})['a']['b'] + 1": ["P"],
    "[P['a'] for _ in x]": ["P.a"],
    "[one for one in P['a']]": ["P.a"],
    "lambda: P['a']['b']": ["P.a.b"],
    "f'{P[\"a\"]:{P.width}}'": ["P.a", "P.width"],
    "(y := P)['a']": ["P"],
    "P['a'](P['b'])": ["P.a", "P.b"],
    "0 < P['a'] < 3": ["P.a"],
    "[*P['a'], {**P['b']}]": ["P.a", "P.b"],
}
STATEMENTS = {
    "P['a'] = 1": ["P"],
    "P['a']['b'] = 1": ["P.a"],
    "P['a']['b'] += 1": ["P.a"],
    "P.model.alpha = 1": ["P.model"],
    "P.alpha += 1": ["P"],
    "del P['a']['b']": ["P.a"],
    "y = P; y['a']": ["P"],
    "y = P['a']; y['b']": ["P.a"],
    "with P.lock as y: y['a']": ["P.lock"],
    "for y in P['a']: pass": ["P.a"],
    "global P; P = 1; P['a']": ["P"],
    "global P; P['a']; P = 1": ["P"],
    "eval(x); P['a']": ["P", "eval"],
    "class C:\n  y = P['a']": ["P.a", "__name__"],
    "assert P['a'], P['b']": ["P.a", "P.b"],
    "return P['a'] if x else P['b']": ["P.a", "P.b"],
    "try: P['a']\n except KeyError: P['b']": ["KeyError", "P.a", "P.b"],
}


def _reads(body: str) -> list[str]:
    found = compile(f"def f(x):\n {body}", "<test>", "exec")
    (code,) = (one for one in found.co_consts if isinstance(one, types.CodeType))
    read = structure(code)
    return sorted(
        chain[0] + "".join(map(written, steps))
        for chain, places in zip(read.reads, read.places, strict=True)
        for steps in places
    )


@pytest.mark.parametrize("expression", CASES)
def test_the_places_that_an_expression_reads(expression: str) -> None:
    """Constant keys and names one after the other, and the whole where there is anything else."""
    assert _reads(f"return {expression}") == sorted(CASES[expression])


@pytest.mark.parametrize("statement", STATEMENTS)
def test_the_places_that_a_statement_reads(statement: str) -> None:
    """Code that writes to a place may read everything around it."""
    assert _reads(statement) == sorted(STATEMENTS[statement])
