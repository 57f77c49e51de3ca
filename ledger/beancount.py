"""The book as a beancount file: names in its grammar, reversibly; what each account must hold asserted at the end.

Source of the grammar: beancount v3, `core/account.py` (ACC_COMP_TYPE_RE, ACC_COMP_NAME_RE), `core/amount.py` (CURRENCY_RE) and the lexer,
in which TRUE, FALSE and NULL are no currencies.
"""

import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, timedelta

from ledger.payload import Payload
from ledger.standing import Standing

ROOTS = {"debit": "Assets", "credit": "Liabilities"}
OPENED = "0001-01-01"  # before every day of the book
_RESERVED = {"TRUE", "FALSE", "NULL"}
_PLAIN = frozenset("abcdefghijklmnopqrstuvwyz")  # first letters that become capitals; x is what marks the others


def account_name(name: str, side: str = "debit") -> str:
    """The beancount account that stands for `name`: its root by the normal side, then each part.

    A part that begins with a to z, but for x, begins with the capital; with a digit, as it is; any other has X before it. Letters and
    digits of any script stay, so does a ``-`` before one of them; what else there is becomes ``--<hexadecimal>-``.
    """
    return ":".join((ROOTS[side], *map(_part, name.split("/"))))


def original_account(name: str) -> str:
    """What `account_name` made `name` of."""
    return "/".join(_part_of(part) for part in name.split(":")[1:])


def _part(part: str) -> str:
    kept = [
        (char.isascii() and char.isalnum()) or unicodedata.category(char)[0] == "L" or unicodedata.category(char) == "Nd" for char in part
    ]
    told = "".join(
        char if keep or (char == "-" and at + 1 < len(part) and kept[at + 1]) else f"--{ord(char):x}-"
        for at, (char, keep) in enumerate(zip(part, kept, strict=True))
    )
    if part[0] in _PLAIN:
        return told[0].upper() + told[1:]
    return told if part[0] in "0123456789" else "X" + told


def _part_of(part: str) -> str:
    told = part[1:] if part[0] == "X" else part[0].lower() + part[1:]
    found, at = [], 0
    while at < len(told):
        if told.startswith("--", at):
            end = told.index("-", at + 2)
            found.append(chr(int(told[at + 2 : end], 16)))
            at = end + 1
        else:
            found.append(told[at])
            at += 1
    return "".join(found)


def currency(code: str) -> str:
    """The beancount currency that stands for a commodity code: capitals, in which ``'`` goes over to small letters and back.

    ``CO2e.AR5.100`` is ``CO2'E.'AR5.100``. A code that begins small has ``X''`` before it; one that ends in a mark, is a single letter or
    a word of beancount's own has ``'0`` behind it.
    """
    small = code[0].islower()
    told = ["X''" if small else ""]
    for char in code:
        if char.isalpha() and char.islower() != small:
            small = not small
            told.append("'")
        told.append(char.upper())
    made = "".join(told)
    return made + "'0" if len(code) == 1 or made in _RESERVED or not made[-1].isalnum() else made


def original_code(made: str) -> str:
    """What `currency` made `made` of."""
    made = made.removesuffix("'0")
    small = made.startswith("X''")
    told = []
    for char in made.removeprefix("X''"):
        if char == "'":
            small = not small
        else:
            told.append(char.lower() if small else char)
    return "".join(told)


class BeancountText:
    """The lines of a file, in the order head, entries, tail."""

    def __init__(self, standing: Sequence[Standing]) -> None:
        self.standing = standing
        self.accounts = {(one.account, one.commodity): account_name(one.account, one.side) for one in standing}
        self.currencies = {one.commodity: currency(one.commodity) for one in standing}

    def head(self, title: str) -> Iterator[str]:
        """Commodities and accounts, each with the book's own name for it."""
        yield f'option "title" {_quoted(title)}\n'
        for code, unit in sorted({(one.commodity, one.unit) for one in self.standing}):
            yield f'\n{OPENED} commodity {self.currencies[code]}\n  name: "{code}"\n  unit: {_quoted(unit)}\n'
        opened: dict[str, list[Standing]] = {}
        for one in self.standing:
            opened.setdefault(self.accounts[one.account, one.commodity], []).append(one)
        for name, group in opened.items():
            held = ",".join(self.currencies[one.commodity] for one in group)
            yield f"\n{OPENED} open {name} {held}\n  name: {_quoted(group[0].account)}\n  book: {_quoted(group[0].book)}\n"

    def entries(self, page: Iterable[Payload]) -> Iterator[str]:
        """One transaction an entry: its place in the log, key and reference as metadata."""
        accounts, currencies = self.accounts, self.currencies
        for said in page:
            lines = [f'\n{said.day} * "{said.kind}"\n  id: "{said.id}"\n  key: "{said.key.hex()}"\n  book: "{said.book}"\n']
            if said.reference is not None:
                lines.append(f"  reference: {_quoted(said.reference)}\n")
            if said.evidence is not None:
                lines.append(f'  evidence: "{said.evidence.hex()}"\n')
            if said.reverses is not None:
                lines.append(f'  reverses: "{said.reverses}"\n')
            if said.detail is not None:
                lines.append(f"  detail: {_quoted(said.detail)}\n")
            lines += [f"  {accounts[leg.account, leg.commodity]}  {leg.amount} {currencies[leg.commodity]}\n" for leg in said.legs]
            yield "".join(lines)

    def tail(self, last: date) -> Iterator[str]:
        """What each account holds after `last`. In beancount an account's balance is that of all below it too, so are these sums."""
        if last == date.max:
            yield "\n; no balances are asserted: beancount asserts them on the day after, and there is none\n"
            return
        after = last + timedelta(days=1)
        totals: dict[tuple[str, str], int] = {(self.accounts[one.account, one.commodity], one.commodity): 0 for one in self.standing}
        for one in self.standing:
            name = self.accounts[one.account, one.commodity]
            for above in _upwards(name):
                if (above, one.commodity) in totals:
                    totals[above, one.commodity] += one.amount
        yield "\n"
        for (name, code), amount in totals.items():
            yield f"{after} balance {name}  {amount} {self.currencies[code]}\n"


def _upwards(name: str) -> Iterator[str]:
    """The account and all above it."""
    while name:
        yield name
        name = name.rpartition(":")[0]


def _quoted(text: str) -> str:
    """Text as a string of beancount; a character that ends a line or steers a terminal as its escape or as U+…."""
    plain = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n").replace("\t", "\\t")
    return '"' + "".join(char if char.isprintable() else f"<U+{ord(char):04X}>" for char in plain) + '"'
