"""The book as an hledger journal: names in its grammar, reversibly; what each account must hold asserted in a last transaction.

Source of the grammar: hledger's manual, "Journal": account names in parts parted by ``:``, commodity symbols in quotes, tags as
``; name: value`` up to a comma or the end of the line.
"""

import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from urllib.parse import unquote

from ledger.payload import Payload
from ledger.standing import Standing


def account_name(name: str) -> str:
    """The hledger account that stands for `name`: ``:`` for ``/``; what is neither letter, digit, ``-``, ``_`` nor ``.`` as ``%XX``."""
    return ":".join("".join(map(_kept, part)) for part in name.split("/"))


def original_account(name: str) -> str:
    """What `account_name` made `name` of."""
    return "/".join(unquote(part, errors="strict") for part in name.split(":"))


def _kept(char: str) -> str:
    category = unicodedata.category(char)
    if category[0] == "L" or category == "Nd" or char in "-_.":
        return char
    return "".join(f"%{byte:02X}" for byte in char.encode())


def commodity(code: str) -> str:
    """The symbol of a commodity: the code itself, in quotes."""
    return f'"{code}"'


class HledgerText:
    """The lines of a journal, in the order head, entries, tail."""

    def __init__(self, standing: Sequence[Standing]) -> None:
        self.standing = standing
        self.accounts = {one.account: account_name(one.account) for one in standing}

    def head(self, title: str) -> Iterator[str]:
        """Commodities and accounts, declared, so that `hledger check --strict` knows them."""
        yield f"; {_tag(title)}\n\n"
        for code, unit in sorted({(one.commodity, one.unit) for one in self.standing}):
            yield f"commodity {commodity(code)}\n    ; unit: {unit}\n"
        yield "\n"
        for name in dict.fromkeys(self.accounts.values()):
            yield f"account {name}\n"

    def entries(self, page: Iterable[Payload]) -> Iterator[str]:
        """One transaction an entry: its place in the log as its code; place, key and reference as tags."""
        accounts = self.accounts
        for said in page:
            lines = [f"\n{said.day} ({said.id}) {said.kind}\n    ; id: {said.id}\n    ; key: {said.key.hex()}\n    ; book: {said.book}\n"]
            if said.reference is not None:
                lines.append(f"    ; reference: {_tag(said.reference)}\n")
            if said.evidence is not None:
                lines.append(f"    ; evidence: {said.evidence.hex()}\n")
            if said.reverses is not None:
                lines.append(f"    ; reverses: {said.reverses}\n")
            if said.detail is not None:
                lines.append(f"    ; detail: {_tag(said.detail)}\n")
            lines += [f'    {accounts[leg.account]}    {leg.amount} "{leg.commodity}"\n' for leg in said.legs]
            yield "".join(lines)

    def tail(self, last: date) -> Iterator[str]:
        """A transaction of zeros on the last day that asserts what each account holds."""
        if not self.standing:
            return
        yield f"\n{last} balances\n"
        for one in self.standing:
            symbol = commodity(one.commodity)
            yield f"    {self.accounts[one.account]}    0 {symbol} = {one.amount} {symbol}\n"


def _tag(text: str) -> str:
    """Text as the value of a tag: a comma, % and what does not print as ``%XX``."""
    return "".join(char if char.isprintable() and char not in "%," else "".join(f"%{byte:02X}" for byte in char.encode()) for char in text)
