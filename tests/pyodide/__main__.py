"""``python -m tests.pyodide``: the conformance table on CPython 3.14, under Node.

Fetches Pyodide from npm and the packages from PyPI into a temporary directory; takes some
minutes. A project that this Python has run is handed to 3.14, and taken back.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from pathlib import Path

from tests.conformance.lands import make_landscape, run

_HERE = Path(__file__).parent
_CHECKOUT = _HERE.parents[1]
#: The first number is the version of Python that it is.
_PYODIDE = "pyodide@314"
_PLATFORM = ("--python-version", "3.14", "--platform", "pyemscripten_2026_0_wasm32")


def main() -> int:
    """Run the tests; return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tests.pyodide", description=__doc__)
    parser.add_argument("--only", metavar="TEXT", default="", help="cases with this in their ids")
    parser.add_argument(
        "--tools", metavar="DIR", type=Path, help="keep what was fetched here, for the next time"
    )
    options = parser.parse_args()
    node = shutil.which("node")
    if node is None or shutil.which("npm") is None:
        print("tests.pyodide needs node and npm on the PATH", file=sys.stderr)
        return 3
    with tempfile.TemporaryDirectory() as directory:
        tools = (options.tools or Path(directory, "tools")).resolve()
        pyodide, packages, xxhash = _fetch(tools)
        project = make_landscape(Path(directory).resolve() / "project")
        run(project)
        stdlib = sysconfig.get_path("stdlib")
        paths = [pyodide, _CHECKOUT, packages, xxhash, stdlib, project.path]
        command = [node, str(_HERE / "run.mjs"), *map(str, paths), options.only]
        code = subprocess.run(command).returncode
        if not code and not options.only:
            run(project).assert_executed()
        return code


def _fetch(tools: Path) -> tuple[Path, Path, Path]:
    """Fetch what is missing; return the places of Pyodide, of the packages, of xxhash's wheel."""
    tools.mkdir(parents=True, exist_ok=True)
    pyodide, packages = tools / "node_modules" / "pyodide", tools / "packages"
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--quiet"]
    if not pyodide.exists():
        npm = ["npm", "install", "--no-save", "--no-audit", "--no-fund", "--prefix", str(tools)]
        subprocess.run([*npm, _PYODIDE], check=True, stdout=subprocess.DEVNULL)
    if not packages.exists():
        target = [*pip, "install", "--target", str(packages)]
        subprocess.run([*target, "doit[toml]>=0.37", "pluggy", "pytest"], check=True)
    if not list(tools.glob("xxhash-*.whl")):
        wheel = [*pip, "download", "--no-deps", "--only-binary=:all:", *_PLATFORM]
        subprocess.run([*wheel, "--dest", str(tools), "xxhash"], check=True)
    # The package under test, each time: with its entry points, not only its source.
    for old in packages.glob("doit_invariants*"):
        shutil.rmtree(old)
    ours = [*pip, "install", "--no-deps", "--target", str(packages), str(_CHECKOUT)]
    subprocess.run(ours, check=True)
    (xxhash,) = tools.glob("xxhash-*.whl")
    return pyodide, packages, xxhash


if __name__ == "__main__":
    sys.exit(main())
