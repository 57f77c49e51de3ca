"""What the pages of one firm share: whose it is, the tabs from page to page, what the visitor may do here, and how codes are said."""

from typing import Any

from sqlmodel import Session

from api.auth.gate import who_is
from api.auth.office import Action
from api.pages import words
from api.pages.region import EXAMPLE
from api.pages.shell import Asked, language_of, translate
from api.problems import N_
from carbon.holder import find_holder
from carbon.region.divisions import divisions
from ledger.principal import Principal

TABS = (
    ("profile", N_("Profile")), ("shares", N_("Shares")), ("inventory", N_("Inventory")), ("compliance", N_("Obligations")),
    ("units", N_("Units and certificates")), ("efficiency", N_("Carbon efficiency")), ("packets", N_("Monthly evidence")),
)  # fmt: skip
"""The pages of a firm: the last part of the address, and its name."""


def may(request: Asked, action: Action) -> bool:
    """Whether the visitor's office holds an action; what a door refuses is offered on no page."""
    who = who_is(request)
    return who is not None and who.binding is not None and action in who.binding.duty.actions


def firm_frame(request: Asked, session: Session, principal: Principal, holder_id: str, tab: str) -> dict[str, Any]:
    """What every template of a firm names. HolderNotFound."""
    holder = find_holder(session, principal, holder_id)
    language = language_of(request)

    def place(code: str) -> str:
        division = divisions().ever(code)
        return division.name(language) if division else code

    def say(text: str) -> str:
        return translate(request, text)

    return {
        "session": session, "here": "firms", "holder": holder, "tab": tab, "tabs": TABS, "say": say, "place": place, "words": words,
        "example": translate(request, EXAMPLE) if holder.example else "",
        "may_file": may(request, Action.FILE), "may_accept": may(request, Action.ACCEPT),
    }  # fmt: skip
