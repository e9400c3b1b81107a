// Runs inside.py in CPython 3.14 compiled to WebAssembly, under Node.
//
//     node run.mjs PYODIDE CHECKOUT PACKAGES XXHASH STDLIB PROJECT [TEXT]
//
// PYODIDE:  the directory of the npm package `pyodide`
// CHECKOUT: this project
// PACKAGES: a directory with what the tests import, pure Python, made by `pip install --target`
// XXHASH:   the wheel of xxhash for this platform
// STDLIB:   the standard library of another Python; `dbm`, which doit imports, is missing here
// PROJECT:  a project of doit that another Python has run; it has the same path in here
// TEXT:     run only the cases with this in their ids
import { pathToFileURL } from "node:url";
import { join, resolve } from "node:path";

const paths = process.argv.slice(2, 8).map((one) => resolve(one));
const [pyodide, checkout, packages, xxhash, stdlib, project] = paths;
const { loadPyodide } = await import(pathToFileURL(join(pyodide, "pyodide.mjs")).href);
const python = await loadPyodide({ env: { HOME: "/home/pyodide", LC_ALL: "C.UTF-8" } });
await python.loadPackage(pathToFileURL(xxhash).href, { messageCallback: () => {} });

const mounted = {
  "/checkout": checkout,
  "/packages": packages,
  "/stdlib/dbm": join(stdlib, "dbm"),
  [project]: project,
};
for (const [place, directory] of Object.entries(mounted)) {
  python.FS.mkdirTree(place);
  python.FS.mount(python.FS.filesystems.NODEFS, { root: directory }, place);
}
python.globals.set("arguments", python.toPy([project, process.argv[8] ?? ""]));
process.exitCode = python.runPython(`
import sys
sys.path[:0] = ["/checkout", "/packages"]
sys.path.append("/stdlib")
sys.dont_write_bytecode = True
from tests.pyodide.inside import main
main(*arguments)
`);
