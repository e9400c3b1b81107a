"""Replace a string in a file, as you would in your editor: ``python edit.py FILE OLD NEW``."""

import sys
from pathlib import Path

path, old, new = Path(sys.argv[1]), sys.argv[2], sys.argv[3]
before = path.read_text(encoding="utf-8")
if before.count(old) != 1:
    sys.exit(f"{path}: {old!r} occurs {before.count(old)} times, expected once")
path.write_text(before.replace(old, new), encoding="utf-8")
