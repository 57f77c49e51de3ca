"""What is wrong on this machine, and how to mend it."""

import typer

from api.commands import asked


def doctor(database: asked.Database = None, home: asked.Home = None, as_json: asked.Json = False) -> None:
    """tanzhang doctor
    tanzhang doctor --json

    Check this machine, and say how to mend what is wrong.

    The machine, the home and its secrets, the book and its laws, checkpoints, users, backups. Exit 1 where something is bad.
    """
    from api.operations import house, machine

    chosen = asked.settings(database, home)
    findings = [finding for check in (*machine.CHECKS, *house.CHECKS) for finding in check(chosen)]
    for finding in findings:
        if as_json:
            asked.print_json(finding._asdict())
        else:
            mark = {True: "ok  ", None: "warn", False: "BAD "}[finding.ok]
            print(f"{mark}  {finding.check}: {finding.found}" + (f"\n      → {finding.mend}" if finding.mend else ""))
    if any(finding.ok is False for finding in findings):
        raise typer.Exit(1)
