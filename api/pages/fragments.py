"""What of a page is the same for everybody within the same bounds, drawn once: its title, its main part and its foot.

The frame around them names the visitor and is drawn for each: menu, office, tokens of forms.
"""

from typing import Any, NamedTuple

from markupsafe import Markup

from api.language import Language
from api.pages.glossary import glossary
from api.pages.shell import templates

MARK = "\x00"  # stands in no page


class Fragments(NamedTuple):
    """The parts of a page that `framed.html` puts into the frame."""

    title: Markup
    main: Markup
    foot: Markup


def fragments(language: Language, template: str, context: dict[str, Any]) -> Fragments:
    """The parts of a template that says `extends layout`. It may name nothing of a visitor: `who` is nobody here."""
    drawn = {"layout": "fragments.html", "mark": MARK, "lang": language, "glossary": glossary(language), "who": None}
    parts = templates(language).get_template(template).render(drawn | context).split(MARK)
    title, main, foot = map(Markup, parts)
    return Fragments(title, main, foot)
