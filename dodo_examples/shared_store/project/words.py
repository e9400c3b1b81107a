"""Counts the words in the names that Python programs use."""

import io
import json
import keyword
import re
import tokenize
from collections import Counter
from pathlib import Path


def names(source):
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type == tokenize.NAME and not keyword.iskeyword(token.string):
            yield token.string


def words(name):
    return [word.lower() for word in re.findall(r"[A-Za-z][a-z]*", name)]


def count(dependencies, targets):
    source = Path(dependencies[0]).read_text(encoding="utf-8")
    counts = Counter(word for name in names(source) for word in words(name))
    Path(targets[0]).parent.mkdir(parents=True, exist_ok=True)
    Path(targets[0]).write_text(json.dumps(counts, sort_keys=True))
    return {"words": counts.total()}


def report(least, dependencies, targets, numbers):
    total = Counter()
    for path in dependencies:
        total.update(json.loads(Path(path).read_text()))
    long = [(-times, word) for word, times in total.items() if len(word) >= least]
    lines = [f"{-times:6} {word}" for times, word in sorted(long)[:100]]
    Path(targets[0]).write_text("\n".join(lines) + "\n")
    print(f"{sum(numbers.values())} words in {len(numbers)} packages")
