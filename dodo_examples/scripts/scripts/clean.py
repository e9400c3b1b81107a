"""Print each name that has at least N words, once: ``clean.py NAMES --least N``."""

import argparse

from names import words

parser = argparse.ArgumentParser()
parser.add_argument("names")
parser.add_argument("--least", type=int, default=1)
options = parser.parse_args()

with open(options.names, encoding="utf-8") as file:
    for name in sorted(set(file.read().split())):
        if len(words(name)) >= options.least:
            print(name)
