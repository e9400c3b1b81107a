"""Count the words of all names: ``count.py NAMES``."""

import sys
from collections import Counter

from names import words

with open(sys.argv[1], encoding="utf-8") as file:
    counts = Counter(word for name in file.read().split() for word in words(name))
for word, number in sorted(counts.items(), key=lambda item: (-item[1], item[0])):
    print(f"{word},{number}")
