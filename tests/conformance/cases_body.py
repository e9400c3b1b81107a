"""Edits of a function's body: constants, expressions, control flow, nested code."""

# ruff: noqa: E501 - each case is a row of a table
from __future__ import annotations

from textwrap import indent

from .model import Group, edited, gives, nested

CONSTANTS = Group("constants")
EXPRESSIONS = Group("expressions")
FLOW = Group("control flow")
NESTED = Group("nested code")
GROUPS = (CONSTANTS, EXPRESSIONS, FLOW, NESTED)


def _flow(body: str) -> str:
    return gives(
        "flow(7)",
        "from contextlib import suppress\ncounter = 0\ndef seen():\n    return counter\n",
        inside=f"def flow(x):\n    r = 0\n{indent(body, '    ')}\n    return r\n",
    )


_MANY = ", ".join(str(n) for n in range(400))
_LONG = "x" * 5000

for _name, _says, _old, _new in (
    ("int", "An integer is another.", "3", "4"),
    ("int_to_float", "An integer becomes the equal float.", "1", "1.0"),
    ("int_to_bool", "An integer becomes the equal bool.", "1", "True"),
    ("none_to_false", "None becomes False.", "None", "False"),
    ("str_to_bytes", "A string becomes the equal bytes.", "'a'", "b'a'"),
    ("str_to_int", "A string of a digit becomes the digit.", "'1'", "1"),
    ("spaces", "Spaces are added inside a string.", "'a b'", "'a  b'"),
    ("only_spaces", "A string of one space becomes one of three.", "' '", "'   '"),
    ("tab", "A space in a string becomes a tab.", "'a b'", "'a\\tb'"),
    ("newline", "A line break is added to a string.", "'a'", "'a\\n'"),
    ("case", "A letter becomes a capital.", "'abc'", "'aBc'"),
    ("looks_like_address", "A string that looks like an address is edited.", "'<f at 0x1>'", "'<f at 0x2>'"),
    ("looks_like_code", "A string that looks like a code object is edited.", "'<code object f>'", "'<code object g>'"),
    ("named_as_function", "A string loses the name of the function that is in it.", "'a work b'", "'a  b'"),
    ("end_of_long_text", "The end of a long string is edited.", f"'{_LONG}a'", f"'{_LONG}b'"),
    ("fstring_text", "The text of an f-string is edited.", "f'{1 + 1}-'", "f'{1 + 1}_'"),
    ("fstring_spec", "The format in an f-string is edited.", "f'{1 / 3:.2f}'", "f'{1 / 3:.3f}'"),
    ("fstring_conversion", "The conversion in an f-string is edited.", "f'{str(1)!r}'", "f'{str(1)!s}'"),
    ("tuple_order", "The elements of a tuple swap places.", "(1, 2)", "(2, 1)"),
    ("tuple_to_list", "A tuple becomes a list.", "(1, 2)", "[1, 2]"),
    ("tuple_nesting", "The parentheses inside a tuple move.", "((1, 2), 3)", "(1, (2, 3))"),
    ("tuple_element_type", "An element of a tuple becomes the equal float.", "(1, 2)", "(1, 2.0)"),
    ("big_tuple", "An element in the middle of a big tuple is edited.", f"({_MANY})", f"({_MANY})".replace(" 200,", " -1,")),
    ("big_list", "An element in the middle of a big list is edited.", f"[{_MANY}]", f"[{_MANY}]".replace(" 200,", " -1,")),
    ("frozenset", "An element of a set that is asked is another.", "'q' in {'p', 'q', 's'}", "'q' in {'p', 'r', 's'}"),
    ("dict_value", "A value in a dict is edited.", "{'a': 1, 'b': 2}", "{'a': 1, 'b': 3}"),
    ("dict_display_order", "The items of a dict that is iterated swap places.", "list({'a': 1, 'b': 2})", "list({'b': 2, 'a': 1})"),
    ("negative_zero", "Zero becomes negative zero.", "0.0", "-0.0"),
    ("infinity", "A float grows beyond what a float can be.", "1e308", "1e309"),
    ("complex", "An imaginary number changes its sign.", "2j", "-2j"),
    ("big_int", "A digit of a big integer is edited.", str(10**40), str(10**40 + 1)),
    ("ellipsis", "An ellipsis becomes None.", "...", "None"),
    ("slice", "The end of a slice is edited.", "'abcdef'[1:3]", "'abcdef'[1:4]"),
):  # fmt: skip
    CONSTANTS.run(_name, _says, gives(_old), gives(_new))

for _name, _says, _old, _new in (
    ("operator", "A plus becomes a minus.", "x + y", "x - y"),
    ("division", "A division becomes one without a rest.", "x / y", "x // y"),
    ("comparison", "Less becomes less or equal.", "x < 7", "x <= 7"),
    ("is_and_equal", "Equality becomes identity.", "[x] == [x]", "[x] is [x]"),
    ("membership", "A membership test is negated.", "x in [y]", "x not in [y]"),
    ("boolean", "An and becomes an or.", "x and 0", "x or 0"),
    ("not", "A not is added.", "bool(x)", "not bool(x)"),
    ("unary", "A sign is added.", "x", "-x"),
    ("bits", "A bitwise or becomes an and.", "x | y", "x & y"),
    ("operands", "The operands swap places.", "x - y", "y - x"),
    ("precedence", "Parentheses change what is added first.", "x + y * 3", "(x + y) * 3"),
    ("which_local", "Another local variable is read.", "x", "y"),
    ("ternary", "The branches of a conditional expression swap places.", "x if y else 0", "0 if y else x"),
    ("chained", "A link of a chained comparison is edited.", "1 < y < 3", "1 < y < 2"),
    ("walrus", "An assignment expression binds another value.", "(z := x) + z", "(z := y) + z"),
    ("starred", "A star is taken away from an argument.", "list([*[x, y]])", "list([[x, y]])"),
    ("subscript", "An index is edited.", "[x, y][0]", "[x, y][1]"),
    ("method_name", "Another method is called.", "'aB'.upper()", "'aB'.lower()"),
    ("attribute_name", "Another attribute is read.", "x.real", "x.imag"),
    ("builtin", "Another builtin is called.", "min(x, y)", "max(x, y)"),
    ("keyword_name", "The name of a keyword at a call is edited.", "dict(a=x)", "dict(b=x)"),
    ("keyword_values", "The values of two keywords swap places.", "dict(a=x, b=y)", "dict(a=y, b=x)"),
    ("keyword_value", "The constant given by keyword is edited.", "sorted([x, y], reverse=True)", "sorted([x, y], reverse=False)"),
    ("keyword_to_position", "An argument by keyword becomes one by position.", "print_(sep=x)", "print_(x)"),
    ("argument_order", "Two arguments swap places.", "pow(x, y)", "pow(y, x)"),
    ("argument_added", "An argument is added to a call.", "round(x / 3)", "round(x / 3, 1)"),
    ("double_star", "Another dict is unpacked into a call.", "dict(**{'a': x})", "dict(**{'b': x})"),
):  # fmt: skip
    _above = "def print_(*args, **kwargs):\n    return args, kwargs\n"
    _before = gives(_old, _above, inside="x, y = 7, 2\n")
    EXPRESSIONS.run(_name, _says, _before, gives(_new, _above, inside="x, y = 7, 2\n"))

for _name, _says, _body, _old, _new in (
    ("condition", "The condition of an if is negated.", "if x:\n    r = 1", "if x", "if not x"),
    ("else_added", "An else is added.", "if not x:\n    r = 1", "r = 1", "r = 1\nelse:\n    r = 2"),
    ("elif", "The condition of an elif is edited.", "if x > 9:\n    r = 1\nelif x > 5:\n    r = 2", "> 5", "> 7"),
    ("break", "A break becomes a continue.", "for i in range(x):\n    r = i\n    if i == 2:\n        break", "break", "continue"),
    ("loop_bound", "The bound of a loop is edited.", "for i in range(5):\n    r += i", "range(5)", "range(6)"),
    ("into_loop", "A statement moves into the loop.", "for i in range(3):\n    r += i\nr += 10", "\nr += 10", "\n    r += 10"),
    ("loop_else", "A loop gets an else.", "for i in range(3):\n    r += i", "r += i", "r += i\nelse:\n    r = 'none'"),
    ("while", "The condition of a while is edited.", "while r < 5:\n    r += 2", "r < 5", "r < 7"),
    ("augmented", "An augmented assignment takes another operator.", "r += x", "r += x", "r -= x"),
    ("order", "Two statements swap places.", "r += 1\nr *= 2", "r += 1\nr *= 2", "r *= 2\nr += 1"),
    ("unpacking", "The names of an unpacking swap places.", "r, s = x, 1", "r, s =", "s, r ="),
    ("star_unpacking", "The star of an unpacking moves.", "*r, s = 1, 2, 3", "*r, s", "r, *s"),
    ("except_type", "Another exception is caught.", "try:\n    int('x')\nexcept ValueError:\n    r = 1\nexcept Exception:\n    r = 2", "ValueError", "KeyError"),
    ("except_order", "Two handlers swap places.", "try:\n    int('x')\nexcept ValueError:\n    r = 1\nexcept Exception:\n    r = 2", "except ValueError:\n    r = 1\nexcept Exception:\n    r = 2", "except Exception:\n    r = 2\nexcept ValueError:\n    r = 1"),
    ("finally", "A finally is edited.", "try:\n    r = 1\nfinally:\n    r = r + 1", "r = r + 1", "r = r + 2"),
    ("out_of_try", "A statement moves out of the try.", "try:\n    try:\n        r = 1\n        int('x')\n    except ValueError:\n        r = 2\nexcept Exception:\n    r = 3", "r = 1\n        int('x')\n    except ValueError:\n        r = 2\n", "r = 1\n    except ValueError:\n        r = 2\n    int('x')\n"),
    ("with", "Another context manager is entered.", "with suppress(ValueError):\n    r = 1\n    int('x')\n    r = 2", "int('x')", "int('1')"),
    ("return_early", "A return is added.", "r = 5", "r = 5", "r = 5\nreturn 6"),
    ("match", "A pattern is edited.", "match x:\n    case 7:\n        r = 1\n    case _:\n        r = 2", "case 7", "case 8"),
    ("match_guard", "The guard of a pattern is edited.", "match x:\n    case n if n > 5:\n        r = n", "n > 5", "n > 8"),
    ("delete", "A deletion is added.", "r = {'a': 1, 'b': 2}", "'b': 2}", "'b': 2}\ndel r['a']"),
    ("global_statement", "A variable is declared global.", "counter = x\nr = seen()", "counter = x", "global counter\ncounter = x"),
    ("raise", "Another exception is raised.", "try:\n    raise ValueError\nexcept LookupError:\n    r = 1\nexcept Exception:\n    r = 2", "raise ValueError", "raise KeyError"),
    ("assert_removed", "An assertion is taken away.", "try:\n    assert x < 5\nexcept AssertionError:\n    r = 1", "assert x < 5", "pass"),
):  # fmt: skip
    FLOW.run(_name, _says, _flow(_body), _flow(edited(_body, _old, _new)))

for _name, _says, _definitions, _result, _old, _new in (
    ("comprehension", "The body of a comprehension is edited.", "", "[i + 1 for i in range(3)]", "i + 1", "i + 2"),
    ("comprehension_condition", "The condition of a comprehension is edited.", "", "[i for i in range(9) if i % 2]", "i % 2", "i % 3"),
    ("set_comprehension", "The body of a set comprehension is edited.", "", "sorted({i % 3 for i in range(9)})", "i % 3", "i % 4"),
    ("dict_comprehension", "The value in a dict comprehension is edited.", "", "{i: i for i in range(3)}", "i: i", "i: -i"),
    ("nested_comprehension", "A comprehension inside another one is edited.", "", "[[j for j in range(i)] for i in range(3)]", "range(i)", "range(i + 1)"),
    ("generator_expression", "The body of a generator expression is edited.", "", "sum(i * 2 for i in range(3))", "i * 2", "i * 3"),
    ("generator", "A value that a generator yields is edited.", "def g():\n    yield 1\n    yield 2\n", "list(g())", "yield 2", "yield 3"),
    ("yield_from", "A yield from becomes a yield.", "def g():\n    yield from [1, 2]\n", "list(g())", "yield from", "yield"),
    ("async_function", "The body of an async function is edited.", "import asyncio\nasync def g():\n    await asyncio.sleep(0)\n    return 1\n", "asyncio.run(g())", "return 1", "return 2"),
    ("async_generator", "The body of an async generator is edited.", "import asyncio\nasync def g():\n    yield 1\nasync def collect():\n    return [i async for i in g()]\n", "asyncio.run(collect())", "yield 1", "yield 2"),
    ("lambda", "The body of a lambda is edited.", "add = lambda x: x + 1\n", "add(1)", "x + 1", "x + 2"),
    ("second_lambda", "The second one of two lambdas on a line is edited.", "one, two = (lambda x: x + 1), (lambda x: x + 2)\n", "two(1)", "x + 2", "x + 3"),
    ("lambdas_swapped", "Two lambdas on a line swap places.", "one, two = (lambda x: x + 1), (lambda x: x + 2)\n", "two(1)", "(lambda x: x + 1), (lambda x: x + 2)", "(lambda x: x + 2), (lambda x: x + 1)"),
    ("lambda_in_call", "A lambda that is an argument is edited.", "", "sorted([3, 1, 2], key=lambda x: x)", "lambda x: x", "lambda x: -x"),
    ("nested_function", "A function inside a function is edited.", "def outer():\n    def inner():\n        return 1\n    return inner()\n", "outer()", "return 1", "return 2"),
    ("twice_nested", "A function that is nested twice is edited.", "def outer():\n    def middle():\n        def inner():\n            return 'a'\n        return inner()\n    return middle()\n", "outer()", "'a'", "'b'"),
    ("nested_default", "The default of a nested function is edited.", "def outer():\n    def inner(x=1):\n        return x\n    return inner()\n", "outer()", "x=1", "x=2"),
    ("nested_kwonly_default", "The keyword-only default of a nested function is edited.", "def outer():\n    def inner(*, x=1):\n        return x\n    return inner()\n", "outer()", "x=1", "x=2"),
    ("nested_class", "A class inside a function is edited.", "def outer():\n    class Inner:\n        value = 1\n    return Inner.value\n", "outer()", "value = 1", "value = 2"),
    ("nonlocal", "A nonlocal declaration is taken away.", "def outer():\n    n = 1\n    def inner():\n        nonlocal n\n        n = 2\n    inner()\n    return n\n", "outer()", "nonlocal n", "pass"),
    ("recursion", "The end of a recursion is edited.", "def fact(n):\n    return n * fact(n - 1) if n > 1 else 1\n", "fact(4)", "else 1", "else 2"),
    ("mutual_recursion", "One of two functions that call each other is edited.", "def even(n):\n    return True if n == 0 else odd(n - 1)\ndef odd(n):\n    return False if n == 0 else even(n - 1)\n", "(even(4), odd(4))", "return False if", "return None if"),
    ("variadic", "A parameter takes the rest of the arguments.", "def f(*x):\n    return x\n", "f([])", "*x", "x"),
):  # fmt: skip
    _dodo = gives(_result, _definitions)
    NESTED.run(_name, _says, *nested(_dodo, edited(_dodo, _old, _new)))
