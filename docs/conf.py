"""The site of the documentation, for Sphinx; ``doit site`` builds it into ``build/site``."""

from __future__ import annotations

import re
from importlib.metadata import version as version_of
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from sphinx.application import Sphinx

project = "doit-invariants"
author = "The doit-invariants maintainers"
release = version = version_of("doit-invariants")

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx_copybutton"]
root_doc = "index"
source_suffix = {".md": "markdown"}

html_theme = "furo"
html_title = f"{project} {version}"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_copy_source = False

# The anchors of headings are those of GitHub, where the same pages are read.
myst_heading_anchors = 4
copybutton_prompt_text = "$ "
copybutton_only_copy_prompt_lines = True

autodoc_member_order = "bysource"
autodoc_typehints = "signature"
autodoc_typehints_format = "short"
python_maximum_signature_line_length = 88

_LINK = re.compile(r"\[([^]]+)\]\((?!https?:|#)([^)\s]+)\)")
_PAGE = "../../docs/"


def _without_links_to_files(_app: Sphinx, _path: Path, _page: str, content: list[str]) -> None:
    """Adapt the README of an example: its files are beside it, but not in the site."""

    def adapted(link: re.Match[str]) -> str:
        text, target = link.groups()
        if target.startswith(_PAGE):
            return f"[{text}](../{target.removeprefix(_PAGE)})"
        return text if "`" in text else f"`{text}`"

    content[0] = _LINK.sub(adapted, content[0])


def _is_field_of_tuple(
    _app: Sphinx, _what: str, _name: str, member: object, _skip: bool, _options: object
) -> bool | None:
    """Leave out the fields of named tuples: the docstring of the class describes them."""
    documented = str(getattr(member, "__doc__", ""))
    return True if documented.startswith("Alias for field number") else None


def setup(app: Sphinx) -> None:
    """Connect the events; Sphinx calls this."""
    app.connect("include-read", _without_links_to_files)
    app.connect("autodoc-skip-member", _is_field_of_tuple)
