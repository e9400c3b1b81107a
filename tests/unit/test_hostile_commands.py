"""Commands that can't be parsed to their end: none hangs or fails its task."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import pytest

from doit_invariants.code.loaded.subprocesses import CodeStrings
from doit_invariants.code.programs.commands import CommandUses, read, read_strings
from doit_invariants.code.programs.environment import Environment

COMMANDS: dict[str, str | list[str]] = {
    "output in output": "echo " + "$(" * 2000 + "python x.py" + ")" * 2000,
    "output that does not end": "echo " + "$(" * 3000,
    "output in quotes": "echo " + '"$(' * 300 + "python x.py" + ')"' * 300,
    "defaults in defaults": "echo " + "${a:-" * 3000 + "}" * 3000,
    "braces": "echo " + "{a,b}" * 30,
    "braces in braces": "echo " + "{a," * 2000 + "}" * 2000,
    "blocks": "if true; then " * 1000,
    "parentheses": "(" * 1000,
    "quotes": "'" * 10_001,
    "a zero byte": "python x\0.py",
    "a zero byte in a word": ["python", "x\0.py"],
    "longer than a shell takes": "python x.py; " * 40_000,
    "loops in loops": "".join(f"for v{n} in a b c d; do " for n in range(9))
    + "python $v0$v1$v2$v3$v4$v5$v6$v7$v8.py; "
    + "done; " * 9,
    "a variable that grows": "A=x; " + 'A="$A$A$A$A$A$A$A$A"; ' * 12 + "python $A",
    "many words": ["python", "x.py", *map(str, range(10_000))],
    "nothing": [],
    "empty": [""],
    "scripts that source each other": "sh a.sh",
    "Makefiles that include and run each other": "make -f 0.mk",
    "variables that hold each other": "make -f variables.mk",
    "scripts that start each other": "python 0.py",
    "a link to itself": "python loop; sh loop; cd loop && python x.py",
}
FILES = {
    "x.py": "import subprocess\nsubprocess.run(['python', 'x.py'])\n",
    "a.sh": ". ./a.sh; . ./b.sh; sh a.sh; sh b.sh\n",
    "b.sh": ". ./a.sh; . ./b.sh; sh a.sh; sh b.sh; python x.py\n",
    **{
        f"{one}.py": "import subprocess\n"
        + "".join(f"subprocess.run(['python', '{other}.py'])\n" for other in range(15))
        + "subprocess.run(['python', 'x.py'])\n"
        for one in range(15)
    },
    "variables.mk": f"A = {'$(B)' * 8}\nB = {'$(A)' * 8}\nall:\n\techo $(A)\n",
    **{
        f"{one}.mk": "".join(f"include {other}.mk\n" for other in range(4))
        + "all:\n"
        + "".join(f"\t$(MAKE) -f {other}.mk\n" for other in range(4))
        + "\tpython x.py\n"
        for one in range(4)
    },
}


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a directory with scripts that have no end."""
    path = tmp_path_factory.mktemp("project")
    for name, text in FILES.items():
        (path / name).write_text(text)
    (path / "loop").symlink_to("loop")
    return path


def _world(place: Path) -> Environment:
    return Environment(lambda path: path.startswith(str(place)) and os.path.isfile(path))


@pytest.mark.parametrize("command", COMMANDS.values(), ids=COMMANDS)
def test_what_has_no_end_is_read_to_some_end(command: str | Sequence[str], place: Path) -> None:
    """Read a command, and the same as a string that a function holds."""
    assert isinstance(read(command, str(place), _world(place)), CommandUses)
    held = CodeStrings(True, files=[str(place / "x.py")])
    held.names |= {"executable", "__file__"}
    texts = [command] if isinstance(command, str) else command
    held.texts.update((text, None) for text in texts if len(text) <= 10_000)
    if command and not isinstance(command, str):
        held.lists[tuple(command)] = None
    assert isinstance(read_strings(held, str(place), _world(place)), CommandUses)


def test_what_is_not_read_is_told(place: Path) -> None:
    """Note it where a command is too long or too deep."""
    deep = read(COMMANDS["output in output"], str(place), _world(place))
    assert any("nested too deep" in text for text in deep.unseen)
    long = read(COMMANDS["longer than a shell takes"], str(place), _world(place))
    assert any("too long" in text for text in long.unseen)


def test_the_end_of_what_has_no_end_is_seen(place: Path) -> None:
    """Find the script that comes last."""
    for command in ("sh a.sh", "make -f 0.mk", "python 0.py"):
        found = read(command, str(place), _world(place))
        assert str(place / "x.py") in {use.path for use in found.uses}


def test_a_file_is_found_that_comes_later(tmp_path: Path) -> None:
    """Read a directory again that was read before."""
    world = _world(tmp_path)
    held = CodeStrings(True)
    held.texts.update(dict.fromkeys(("python", "tools", "gen.py")))
    os.utime(tmp_path, (1, 1))  # long ago, so that what is in it is remembered
    assert not read_strings(held, str(tmp_path), world).uses
    (tmp_path / "tools").mkdir()
    (tmp_path / "tools/gen.py").write_text("")
    assert [use.path for use in read_strings(held, str(tmp_path), world).uses] == [
        str(tmp_path / "tools/gen.py")
    ]
