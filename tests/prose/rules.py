"""Our rules of style, as checks of proselint.

The rules hold what translated prose has too much of, and the words of the glossary.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from proselint.registry.checks import Check, CheckResult, Padding, types
from proselint.registry.checks.engine import Fancy, RegexOptions

#: Where a sentence begins: at the start of a passage, or after what ends a sentence.
_START = r"(?:\A\s*|[.:;!?]\s+)"
#: The words in the longest sentence that is not flagged.
LONGEST = 45

#: A phrase, and the plain one.
PREFERRED = {
    "anew": "again",
    "as against": "unlike",
    "as opposed to": "unlike",
    "be it": "whether",
    "by itself": "automatically",
    "goes on with": "continues with",
    "go on with": "continue with",
    "in the place of": "instead of",
    "is another one": "changed",
    "is no longer the same": "changed",
    "is not the same any more": "changed",
    "for ever": "forever",
    "go on": "continue",
    "goes on": "continues",
    "inside of": "inside",
    "is of no use": "is useless",
    "is told": "is informed",
    "meanwhile": "in the meantime, or the event",
    "of use": "useful",
    "otherwise than": "unlike",
    "that of which": "whose",
    "and the like": "and similar ones",
    "or the like": "or a similar one",
    "the very same": "the same",
    "thereof": "of it",
    "whatsoever": "at all",
}


class Rule(NamedTuple):
    """A pattern to avoid, the message of a finding, and a sentence that must be found."""

    pattern: str
    message: str
    example: str


#: Without regard to case.
WORDS = {
    "people": Rule(
        r"\b(?:he|him|his|himself|she|hers|herself)\b",
        "Nobody is '{}': name the user, the process, the task.",
        "The author of an edit loses his edit.",
    ),
    "string": Rule(
        r"\b(?:a|as|each|the same|one|short) texts?\b(?! (?:file|editor|of|cell))",
        "'{}': say string, message, source or output.",
        "The option takes a text.",
    ),
    "is_no": Rule(
        r"(?<!there )(?<!there\n)\b(?:is|are|was|were) no "
        r"(?!longer|more|less|different|better|worse|one|need|way|such|others?|faster)\w+",
        "'{}': say 'is not a', or 'there is no'.",
        "A pipe is no file.",
    ),
    "lies": Rule(
        r"\b(?:lies?|lying) (?:in|below|beside|inside|under|at|there|where)\b",
        "'{}': say is.",
        "The file lies in a directory.",
    ),
    "said": Rule(
        r"\b(?:is|are|was|be|being|and) said\b|\bsaid so\b",
        "'{}': say what prints or reports it.",
        "A damaged file is said in one line.",
    ),
    "looked_at": Rule(
        r"\b(?:is|are|was|were|been|be|being|not|can't be) looked at\b",
        "'{}': say checked, read or inspected.",
        "The task is looked at before it runs.",
    ),
    "as": Rule(
        r", as (?:it|they|there|nobody|nothing|most|few|one)\b"
        r"(?! (?:is|are|was|were)(?: now)?(?:[.,;:)]|\Z))",  # "accepted, as they are"
        "'{}': say because.",
        "It runs, as it has no record.",
    ),
    "of_which": Rule(
        r"\bof (?:which|whom)\b|, (?:by|from|to|with|in|for) (?:which|whom)\b",
        "'{}': begin a second sentence instead.",
        "A file, the digest of which is known.",
    ),
}
SENTENCES = {
    "fronted_of": Rule(
        _START + r"Of (?!course)",
        "'{}': begin with the subject.",
        "Of a link the target counts.",
    ),
    "relative_subject": Rule(
        _START + r"(?:Who|Whoever|What|Whatever|Whichever)\b(?! to )[^?:]{0,400}?[.;](?:\s|\Z)",
        "'{:.40}...': begin with a noun, not with a relative clause.",
        "It ends. What has ended is recorded.",
    ),
    "else": Rule(_START + r"Else\b", "'{}': say otherwise.", "Else the task runs."),
    "neither": Rule(
        _START + r"(?:Neither|Nor|No more) (?:do|does|is|are|can|has|have|will)\b",
        "'{}': subject first, then the verb.",
        "It stays. Neither does the target change.",
    ),
    "same": Rule(
        _START + r"The same (?:for|as|goes|holds|with|when|where|is)\b",
        "'{}': say what is the same, in a sentence with a verb.",
        "Files are hashed. The same for links.",
    ),
    "double_negation": Rule(
        r"\b(?:no|never|nothing|nobody|none)\b[^.,;:]{0,25}\bwithout\b",
        "'{}': say it without the second negation.",
        "There is no task without a name.",
    ),
}


def _long_sentences(text: str, check: Check) -> Iterator[CheckResult]:
    for sentence in re.finditer(r"[^.;:?!|]+(?:[.;:?!](?!\s)[^.;:?!|]+)*", text):
        count = len(re.findall(r"\b(?!X[a-z]\b)[A-Za-z]\w*", sentence[0]))  # no code
        if count > LONGEST:
            yield CheckResult(check.path, check.message.format(count), sentence.span(), None)


def _check(name: str, rule: Rule, *, case_insensitive: bool) -> Check:
    engine = Fancy(RegexOptions(case_insensitive=case_insensitive))
    return Check(types.ExistenceSimple(rule.pattern), engine, f"ours.{name}", rule.message)


CHECKS = (
    Check(
        types.PreferredForms(PREFERRED, Padding.STRICT_WORDS_IN_TEXT),
        Fancy(),
        "ours.plain",
        "'{1}': say '{0}'.",
    ),
    *(_check(name, rule, case_insensitive=True) for name, rule in WORDS.items()),
    *(_check(name, rule, case_insensitive=False) for name, rule in SENTENCES.items()),
    Check(_long_sentences, path="ours.long", message="A sentence of {} words: make it two."),
)

#: A sentence that each rule must find.
EXAMPLES = {
    "plain": "The file is read anew.",
    "long": "word " * (LONGEST + 1) + ".",
    **{name: rule.example for name, rule in {**WORDS, **SENTENCES}.items()},
}
NOT_IN_HEADINGS = {"relative_subject"}

#: proselint's configuration: our checks, and those of its own that suit a reference.
CONFIG = {
    "max_errors": 1000,
    "checks": {
        "ours": True,
        "archaism": True,
        "cliches": True,
        "hedging": True,
        "lexical_illusions": True,
        "malapropisms": True,
        "needless_variants": True,
        "nonwords": True,
        "oxymorons": True,
        "redundancy": True,
        "uncomparables": True,
    },
}
