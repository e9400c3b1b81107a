"""Each picture of the terminal shows what its story prints today, on the page of the story."""

from __future__ import annotations

import os
import re
from collections import Counter

import pytest

from .blocks import Block
from .pictures import PICTURES, picture_of, pictured, shown, without_spaces

BLOCKS = list(pictured())


@pytest.mark.parametrize("block", BLOCKS, ids=lambda block: block.marks["picture"])
def test_a_picture_shows_its_story(block: Block) -> None:
    """The text of the picture is that of the block; `doit pictures` draws it after an edit."""
    lines = [without_spaces(line) for line in block.text.splitlines()]
    assert shown(picture_of(block).read_text(encoding="utf-8")) == [line for line in lines if line]
    assert "story" in block.marks


@pytest.mark.parametrize("block", BLOCKS, ids=lambda block: block.marks["picture"])
def test_a_picture_is_on_its_page(block: Block) -> None:
    """The page shows the picture, with a description for those who can't see it."""
    target = os.path.relpath(picture_of(block), block.page.parent).replace(os.sep, "/")
    assert re.search(rf"!\[\w.*?\]\({re.escape(target)}\)", block.page.read_text(encoding="utf-8"))


def test_each_picture_has_one_story() -> None:
    """No picture is left behind, and no two stories are drawn into one file."""
    drawn = Counter(picture_of(block) for block in BLOCKS)
    assert drawn == Counter(PICTURES.glob("*.svg"))


@pytest.mark.parametrize("block", BLOCKS, ids=lambda block: block.marks["picture"])
def test_a_picture_asks_nobody_for_anything(block: Block) -> None:
    """It names no font, style or image of a server; the name of the format does not count."""
    text = picture_of(block).read_text(encoding="utf-8")
    assert re.findall(r"https?://[^\"']+|@import|@font-face", text) == [
        "http://www.w3.org/2000/svg"
    ]
