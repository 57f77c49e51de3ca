"""Proofs that a person can check without the book: of an entry, and of the log's growth."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from api.commands import asked

if TYPE_CHECKING:
    from ledger.proof_file import Proved

proof = typer.Typer(help="Proofs of entries, which anybody can check offline.", no_args_is_help=True, rich_markup_mode=None)
Key = Annotated[Path | None, typer.Option("--key", help="File with the public key that you trust, as `tanzhang proof key` writes it.")]
Output = Annotated[Path | None, typer.Option("--output", help="File to write, else standard output.")]


def show(
    entry: Annotated[str, typer.Argument(metavar="ENTRY", help="Its number in the log, or its reference.")],
    output: Output = None, database: asked.Database = None, home: asked.Home = None, as_json: asked.Json = False,
) -> None:  # fmt: skip
    """tanzhang proof show 41 --output entry-41.tlog-proof
    tanzhang proof show INV-2026-0007 --json

    A file that shows an entry to be in the signed log, unchanged: `tanzhang proof verify` reads it anywhere.

    The form is C2SP tlog-proof: index, audit path, signed checkpoint; its extra line holds public key and payload.
    """
    from ledger.prove import prove_entry

    book = asked.book(database, home)
    made = prove_entry(book, _entry_of(book, entry))
    if as_json:
        asked.print_json(
            {
                "index": made.index, "payload": made.payload, "path": list(made.path), "checkpoint": made.checkpoint, "key": made.key,
            }
        )  # fmt: skip
        return
    write_proof(made.text(), output)


def consistency(
    first: Annotated[int, typer.Option("--from", min=1, help="Entries of the older log; a checkpoint was signed over it.")],
    size: Annotated[int | None, typer.Option("--to", min=1, help="Entries of the newer log, else the newest signed.")] = None,
    output: Output = None, database: asked.Database = None, home: asked.Home = None,
) -> None:  # fmt: skip
    """tanzhang proof consistency --from 1000 --output grown.proof
    tanzhang proof consistency --from 1000 --to 2000

    A file that shows an older signed log to be the beginning of a newer one: nothing in it was changed or left out since.
    """
    from ledger.prove import prove_growth

    write_proof(prove_growth(asked.book(database, home), first, size).text(), output)


def verify(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A proof, as show or consistency writes it; - is standard input.")],
    key: Key = None, as_json: asked.Json = False,
) -> None:  # fmt: skip
    """tanzhang proof verify entry-41.tlog-proof --key keeper.vkey
    tanzhang proof show 41 | tanzhang proof verify -

    Check a proof without any book, and say what it proves. Exit 3 with the check that failed.

    Without --key it holds under the key that the file brings along: compare that key with the keeper's.
    """
    from ledger.proof_file import check

    data, trusted = read_proof_file(file), read_key(key)
    with refused_proof(as_json):
        proved = check(data, key=trusted)
    if as_json:
        asked.print_json(_facts(proved))
        return
    print_lines(_words(proved))


def key(database: asked.Database = None, home: asked.Home = None) -> None:
    """tanzhang proof key > keeper.vkey

    The public key under which this book signs its checkpoints, as a C2SP vkey. Give it to whoever checks proofs.
    """
    from ledger.prove import own_key

    print(own_key(asked.book(database, home)))


def _entry_of(book: Any, asked_for: str) -> int:
    """The entry of that number or, where there is none, of that reference."""
    from ledger.balances import log_size
    from ledger.prove import entries_of_reference

    with book.reading() as session:
        if asked_for.isascii() and asked_for.isdigit() and len(asked_for) <= 18 and int(asked_for) < log_size(session):
            return int(asked_for)
        found = entries_of_reference(session, asked_for)
    if not found:
        raise asked.WrongUsage(f"no entry of this book has the number or the reference {asked_for!r}")
    if len(found) > 1:
        some = ", ".join(map(str, found[:10])) + (" …" if len(found) > 10 else "")
        raise asked.WrongUsage(f"{len(found)} entries bear the reference {asked_for!r}: name one by its number, {some}")
    return found[0]


@contextmanager
def refused_proof(as_json: bool) -> Iterator[None]:
    """Tell which check of a proof failed, and exit 3."""
    from ledger.errors import BadProof

    try:
        yield
    except BadProof as error:
        name, _, reason = str(error).partition(": ")
        if as_json:
            asked.print_json({"holds": False, "check": name, "reason": reason})
        else:
            asked.say(f"not proved, the check of its {name} failed: {reason}")
        raise typer.Exit(3) from error


def write_proof(text: str, output: Path | None, *, check: str = "tanzhang proof verify") -> None:
    """Write a proof to a file, or to standard output."""
    if output is None:
        sys.stdout.write(text)
        return
    try:
        output.write_text(text, encoding="utf-8", newline="\n")
    except OSError as error:
        raise asked.WrongUsage(f"--output {str(output)!r} cannot be written: {error.strerror or error}") from error
    asked.say(f"written: {output}; check it with {check} {output}")


def read_proof_file(file: Path) -> bytes:
    """The bytes of a proof; of one that is too long so many that its reader refuses it."""
    from ledger.proof_file import BYTES_MAX

    return _read(file, BYTES_MAX + 1)


def read_key(file: Path | None) -> str | None:
    """The public key that a person trusts; None where none was given."""
    return _read(file, 4_096).decode(errors="replace").strip() if file else None


def _read(file: Path, most: int) -> bytes:
    if str(file) == "-":
        return sys.stdin.buffer.read(most)
    try:
        with file.open("rb") as source:
            return source.read(most)
    except OSError as error:
        raise asked.WrongUsage(f"{str(file)!r} cannot be read: {error.strerror or error}") from error


def _facts(proved: "Proved") -> dict[str, Any]:
    """What was proved, for machines; amounts as text."""
    told: dict[str, Any] = {
        "holds": True, "proves": "growth" if proved.entry is None else "entry", "origin": proved.checkpoint.origin,
        "size": proved.checkpoint.size, "root": proved.checkpoint.root.hex(), "key": proved.key, "key_given": proved.trusted,
    }  # fmt: skip
    if proved.older is not None:
        told |= {"from": proved.older.size, "from_root": proved.older.root.hex()}
    if proved.entry is not None:
        entry = proved.entry
        legs = [{"account": leg.account, "commodity": leg.commodity, "unit": leg.unit, "amount": str(leg.amount)} for leg in entry.legs]
        told["entry"] = {
            "id": entry.id, "day": entry.day, "posted_at": _moment(entry.posted_at_us), "book": entry.book, "kind": entry.kind,
            "actor": entry.actor, "reference": entry.reference, "evidence": entry.evidence.hex() if entry.evidence else None,
            "detail": entry.detail, "reverses": entry.reverses, "legs": legs,
        }  # fmt: skip
    return told


def _words(proved: "Proved") -> list[str]:
    """What was proved, for people."""
    signed, entry = proved.checkpoint, proved.entry
    lines: list[str] = []
    if proved.older is not None:
        lines.append(f"proved: the log of {proved.older.size:,} entries is the beginning of that of {signed.size:,}, unchanged")
        lines.append(f"older   root {proved.older.root.hex()}")
        lines.append(f"newer   root {signed.root.hex()}")
    if entry is not None:
        lines.append(f"proved: entry {entry.id} is in the signed log of {signed.size:,} entries, unchanged")
        lines.append(f"day     {entry.day}, posted {_moment(entry.posted_at_us)} by {entry.actor}")
        lines.append(
            f"kind    {entry.kind}, in the book {entry.book}" + (f", reverses entry {entry.reverses}" if entry.reverses is not None else "")
        )
        if entry.reference is not None:
            lines.append(f"ref     {entry.reference}")
        if entry.detail is not None:
            lines.append(f"says    {entry.detail}")
        lines += [
            f"{'debit ' if leg.amount > 0 else 'credit'}  {abs(leg.amount):,} {leg.unit} {leg.commodity}  {leg.account}"
            for leg in entry.legs
        ]
        if entry.evidence is not None:
            lines.append(f"file    SHA-256 {entry.evidence.hex()}")
    return lines + signer_of(signed.origin, proved.key, trusted=proved.trusted)


def signer_of(origin: str, key: str, *, trusted: bool) -> list[str]:
    """Who signed a proof, for people."""
    given = "the key that you gave"
    return [
        f"log     {origin}", f"key     {key}",
        f"        {given if trusted else 'it came with the proof itself: it shows who signed only once you compared it (--key FILE)'}",
    ]  # fmt: skip


def print_lines(lines: list[str]) -> None:
    """Print what a proof says. It may come from anybody: nothing in it moves the cursor of a terminal."""
    for line in lines:
        print("".join(sign if sign.isprintable() else "\ufffd" for sign in line))


def _moment(us: int) -> str:
    from ledger.types import moment

    try:
        return moment(us).isoformat()
    except OverflowError:
        return f"{us} µs after 1970"


asked.add(proof, show)
asked.add(proof, verify)
asked.add(proof, consistency)
asked.add(proof, key)
