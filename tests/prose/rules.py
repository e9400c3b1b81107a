"""Our rules of style, as checks of proselint.

The rules hold what translated prose has too much of, and the words of the glossary.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

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
WORDS = {
    "people": r"\b(?:he|him|his|himself|she|hers|herself)\b",
    "string": r"\b(?:a|as|each|the same|one|short) texts?\b(?! (?:file|editor|of))",
    "is_no": r"\b(?:is|are|was|were) no (?!longer|more|less|different|better|worse|one|need|way)\w+",
    "as": r", as (?:it|they|there|nobody|nothing|most|few|one)\b",
    "of_which": r"\bof (?:which|whom)\b|, (?:by|from|to|with|in|for) (?:which|whom)\b",
}
SENTENCES = {
    "fronted_of": _START + r"Of (?!course)",
    "relative_subject": _START
    + r"(?:Who|Whoever|What|Whatever|Whichever)\b(?! to )[^?:]{0,400}?[.;](?:\s|\Z)",
    "else": _START + r"Else\b",
    "neither": _START + r"(?:Neither|Nor|No more) (?:do|does|is|are|can|has|have|will)\b",
    "same": _START + r"The same (?:for|as|goes|holds|with|when|where|is)\b",
    "double_negation": r"\b(?:no|not|never|nothing|nobody|none)\b[^.,;:]{0,25}\bwithout\b",
}
MESSAGES = {
    "people": "Nobody is '{}': name the user, the process, the task.",
    "string": "'{}': say string, message, source or output.",
    "is_no": r"\b(?:is|are|was|were) no (?!longer|more|less|different|better|worse|one|need|way)\w+",
    "as": r", as (?:it|they|there|nobody|nothing|most|few|one)\b",
    "is_no": "'{}': say 'is not a'.",
    "as": "'{}': say because.",
    "of_which": "'{}': begin a second sentence instead.",
    "fronted_of": "'{}': begin with the subject.",
    "relative_subject": "'{:.40}...': begin with a noun, not with a relative clause.",
    "else": "'{}': say otherwise.",
    "neither": "'{}': subject first, then the verb.",
    "same": "'{}': say what is the same, in a sentence with a verb.",
    "double_negation": "'{}': say it without the second negation.",
}


def _long_sentences(text: str, check: Check) -> Iterator[CheckResult]:
    for sentence in re.finditer(r"[^.;:?!|]+(?:[.;:?!](?!\s)[^.;:?!|]+)*", text):
        count = len(re.findall(r"\b(?!X[a-z]\b)[A-Za-z]\w*", sentence[0]))  # no code
        if count > LONGEST:
            yield CheckResult(check.path, check.message.format(count), sentence.span(), None)


def _pattern(name: str, pattern: str, *, case_insensitive: bool) -> Check:
    return Check(
        types.ExistenceSimple(pattern),
        Fancy(RegexOptions(case_insensitive=case_insensitive)),
        f"ours.{name}",
        MESSAGES[name],
    )


CHECKS = (
    Check(
        types.PreferredForms(PREFERRED, Padding.STRICT_WORDS_IN_TEXT),
        Fancy(),
        "ours.plain",
        "'{1}': say '{0}'.",
    ),
    *(_pattern(name, pattern, case_insensitive=True) for name, pattern in WORDS.items()),
    *(_pattern(name, pattern, case_insensitive=False) for name, pattern in SENTENCES.items()),
    Check(_long_sentences, path="ours.long", message="A sentence of {} words: make it two."),
)

#: A sentence that each rule must find.
EXAMPLES = {
    "plain": "The file is read anew.",
    "people": "Who edits it loses his edit.",
    "string": "The option takes a text.",
    "is_no": r"\b(?:is|are|was|were) no (?!longer|more|less|different|better|worse|one|need|way)\w+",
    "as": r", as (?:it|they|there|nobody|nothing|most|few|one)\b",
    "is_no": "A pipe is no file.",
    "as": "It runs, as it has no record.",
    "of_which": "A file, the digest of which is known.",
    "fronted_of": "Of a link the target counts.",
    "relative_subject": "It ends. What has ended is recorded.",
    "else": "Else the task runs.",
    "neither": "It stays. Neither does the target change.",
    "same": "Files are hashed. The same for links.",
    "double_negation": "There is no task without a name.",
    "long": "word " * (LONGEST + 1) + ".",
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
