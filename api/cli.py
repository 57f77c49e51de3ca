"""`tanzhang`: data on standard output, messages on standard error. Exit 0 well, 1 an error, 2 wrong usage, 3 data or book at fault."""

import sys
from typing import Annotated

import typer

from api.commands import (  # noqa: F401
    access,
    account,
    asked,
    backup,
    book,
    calc,
    contract,
    demo,
    doctor,
    estimate,
    export,
    factors,
    guides,
    holder,
    migrate,
    month,
    post,
    proof,
    recalc,
    record,
    record_many,
    region,
    resolve,
    serve,
    units,
    user,
    worker,
)

HELP = """碳账 Tanzhang: activity data → emission factor → emission by gas → balanced entry → county, city, province.

\b
tanzhang demo                          the example book and its pages
tanzhang init                          an empty book in ./.tanzhang
tanzhang calc FILE.csv --json          emissions of a file, nothing kept
tanzhang record FILE.xlsx --holder ID  the same, booked
tanzhang serve                         the pages, on 127.0.0.1:8000

Add --debug to any command to see the traceback of an error.
"""

app = typer.Typer(help=HELP, no_args_is_help=True, add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)
COMMANDS = (
    book.init, demo.demo, serve.serve, doctor.doctor, calc.calc, estimate.estimate, recalc.recalc, record.record,
    post.post, book.balance, book.verify, export.export, backup.backup, backup.restore, migrate.migrate, contract.contract, worker.worker,
)  # fmt: skip
for command in COMMANDS:
    asked.add(app, command)
asked.add(app, record_many.record_many, "record-many")
app.add_typer(proof.proof, name="proof")
app.add_typer(account.account, name="account")
app.add_typer(month.month, name="month")
asked.add(user.user, access.forget)
app.add_typer(user.user, name="user")
app.add_typer(access.access, name="access")
app.add_typer(holder.holder, name="holder")
app.add_typer(holder.site, name="site")
app.add_typer(region.region, name="region")
app.add_typer(factors.factors, name="factors")
app.add_typer(guides.guides, name="guides")
app.add_typer(units.units, name="units")


def _version(wanted: bool) -> None:
    if wanted:
        from carbon import __version__

        print(f"tanzhang {__version__}")
        raise typer.Exit


@app.callback()
def root(version: Annotated[bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version.")] = False) -> None:
    """The options of every command."""


def main(arguments: list[str] | None = None) -> None:
    """Run a command; what goes wrong becomes a sentence on standard error and an exit code."""
    given = sys.argv[1:] if arguments is None else arguments
    debug = "--debug" in given
    try:
        app(args=[word for word in given if word != "--debug"], prog_name="tanzhang")
    except KeyboardInterrupt:
        sys.exit(130)
    except BrokenPipeError:  # the reader of a pipe had enough
        sys.stderr.close()
        sys.exit(0)
    except Exception as error:
        if debug:
            raise
        sys.exit(_tell(error, as_json="--json" in given))


def _tell(error: Exception, *, as_json: bool) -> int:
    """Write what is wrong to standard error, and give the exit code."""
    if isinstance(error, asked.WrongUsage):
        sys.stderr.write(f"tanzhang: {error}\n")
        return 2
    from api.auth.errors import AuthError
    from api.bundle import BundleMissing
    from carbon.errors import CarbonError, FaultyFile
    from factors.errors import FactorError
    from ledger.errors import LedgerError
    from ledger.leg_table import FaultyEntries

    if isinstance(error, FaultyFile | FaultyEntries):
        import msgspec

        for fault in error.faults:
            sys.stderr.write((msgspec.json.encode(fault).decode() if as_json else str(fault)) + "\n")
        return 3
    if isinstance(error, CarbonError | FactorError | LedgerError | BundleMissing | AuthError):
        sys.stderr.write(f"tanzhang: {error}\n")
        return 1
    sys.stderr.write(
        f"tanzhang: {type(error).__name__}: {error}\nThis is an error of the program: run it again with --debug and report what it shows.\n"
    )
    return 1


if __name__ == "__main__":
    main()
