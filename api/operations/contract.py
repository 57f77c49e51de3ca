"""What others may build on, as text: every command with its options, every route with its door, every file and every JSON schema.

It is read off the program itself, in an order that stays, so that a change of it shows as changed lines.
"""

import importlib
import json
import pkgutil
import tempfile
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import msgspec
import polars as pl
import typer
from litestar import Litestar
from typer.core import TyperGroup

PACKAGES = ("factors", "ledger", "carbon", "api")
WORDS = ("description", "title", "example", "examples")
NO_CONTRACT = (".data.", ".commands.")
"""Modules that nothing outside ever meets: makers of data, and commands, which stand in the first part."""


def contract() -> Iterator[str]:
    """The lines."""
    yield "# commands"
    yield from _commands()
    yield "\n# settings: flag over TANZHANG_* over tanzhang.toml over default"
    yield from _settings()
    with tempfile.TemporaryDirectory() as home:
        app = _app(Path(home))
        yield "\n# routes: role, action, scope"
        yield from _routes(app)
        yield "\n# files"
        yield from _files()
        yield "\n# schemas of /api/v1"
        of_api = app.openapi_schema.to_schema()["components"].get("schemas", {})
        yield from _schemas(of_api)
    yield "\n# schemas of files and values beside them"
    yield from _schemas({name: schema for name, schema in _structs().items() if name not in of_api})


def _commands() -> Iterator[str]:
    from api.cli import app

    root = typer.main.get_command(app)
    yield from _below("tanzhang", root)


def _below(path: str, command: Any) -> Iterator[str]:
    if isinstance(command, TyperGroup):
        yield from (line for name, one in sorted(command.commands.items()) for line in _below(f"{path} {name}", one))
        return
    yield " | ".join([path, *(_parameter(one) for one in command.params if one.name != "help")])


def _parameter(one: Any) -> str:
    kind = getattr(one.type_descriptor.annotation, "__name__", str(one.type_descriptor.annotation))
    if not one.opts[0].startswith("-"):
        return f"{one.metavar or one.name.upper()} {kind}{'' if one.required else ' optional'}"
    names = "/".join([*one.opts, *one.secondary_opts])
    return f"{names}{'' if one.is_flag else f' {kind}'}{' required' if one.required else ''}"


def _settings() -> Iterator[str]:
    from carbon.settings import DEFAULTS

    yield from (f"{name} = {default!r}" for name, default in sorted(DEFAULTS.items()))


def _app(home: Path) -> Litestar:
    """The application over a book that nobody opens: its routes are looked at, none is asked."""
    from api.app import create_app
    from ledger.book import Book, make_engine

    return create_app(Book(url="sqlite://", engine=make_engine("sqlite://"), home=home, id="contract"))


def _routes(app: Litestar) -> Iterator[str]:
    from api.doors import handlers_of
    from api.language import LANGUAGES

    known = set(map(id, handlers_of(app)))
    found = set()
    for route in app.routes:
        first, _, rest = route.path.removeprefix("/").partition("/")
        path = f"/{{language}}/{rest}" if first in LANGUAGES else route.path
        for handler in getattr(route, "route_handlers", None) or [route.route_handler]:  # type: ignore[union-attr]
            if id(handler) in known:
                found.add((path, _route(handler, path)))
    yield from (line for _, line in sorted(found))


def _route(handler: Any, path: str) -> str:
    role = handler.opt["role"]
    offices = role if isinstance(role, str) else " ".join(sorted(role))
    methods = " ".join(sorted(str(method) for method in getattr(handler, "http_methods", ()))) or "ASGI"
    return f"{methods} {path} | {offices} | {handler.opt['action']} | {handler.opt['scope']}"


def _files() -> Iterator[str]:
    """Columns of tables that are read and written, by name, and the files of a home and of a backup."""
    from api.pages.filed import HEAD
    from carbon.activity_columns import OPTIONAL, PERIOD, REQUIRED
    from factors.pack import COLUMNS
    from ledger import leg_table, manifest, proof_file

    yield f"activity .csv .xlsx | {' '.join(REQUIRED)} | {' '.join(PERIOD)} | {' '.join(OPTIONAL)} | x_*"
    yield f"entries .csv .parquet | {' '.join(leg_table.REQUIRED)} | {' '.join(leg_table.OPTIONAL)} | {' '.join(leg_table.NOT_READ)}"
    yield f"factor pack factors.csv | {' '.join(COLUMNS)}"
    yield f"filed lines .csv .json | {' '.join(HEAD)}"
    for name, schema in _frames():
        yield f"{name} | {' '.join(f'{column}:{kind}' for column, kind in schema.items())}"
    yield "home | tanzhang.toml secrets/*.key (0600) checkpoints/<book>.log packs/ sealed/ backups/ marks/ book.db"
    yield f"backup | {' '.join(sorted(manifest.DATABASE.values()))} {manifest.MANIFEST} {manifest.SIGNATURE} {manifest.SETTINGS}"
    yield f"proof | {proof_file.ENTRY} {proof_file.GROWTH}"


def _frames() -> Iterator[tuple[str, pl.Schema]]:
    """The tables of Parquet files and of what the ledger's readers give."""
    from ledger import balances, entry, export, sealed_file

    named = {"export .parquet": export.LEGS, "balances": balances.BALANCES, "statement": balances.STATEMENT, "cells": balances.CELL_SUMS}
    named |= {f"batch {name.lower()}": getattr(entry, name) for name in ("ENTRIES", "POSTINGS", "CELLS")}
    named |= {f"sealed {name}": schema for name, schema in sealed_file.FILES.items()}
    yield from named.items()


def _structs() -> dict[str, Any]:
    """The JSON schema of every struct that is defined in the program, by its name."""
    found = []
    for package in PACKAGES:
        for module in pkgutil.walk_packages(importlib.import_module(package).__path__, f"{package}."):
            if not any(part in f"{module.name}." for part in NO_CONTRACT):
                found += [one for one in vars(importlib.import_module(module.name)).values() if _is_struct_of(one, module.name)]
    _, schemas = msgspec.json.schema_components(found, ref_template="#/{name}", schema_hook=_as_text)
    return dict(schemas)


def _is_struct_of(value: object, module: str) -> bool:
    return isinstance(value, type) and issubclass(value, msgspec.Struct) and value.__module__ == module


def _as_text(kind: type) -> dict[str, Any]:
    """How types of no schema of their own stand in JSON: as text."""
    if kind is Fraction:
        return {"type": "string"}
    raise TypeError(f"{kind} has no form in JSON")


def _schemas(schemas: dict[str, Any]) -> Iterator[str]:
    """A line a schema, a line a field; without descriptions, which may be worded better any day."""
    for name, schema in sorted(schemas.items()):
        bare = _bare(schema)
        fields = bare.pop("properties", {})
        required = set(bare.pop("required", ()))
        yield f"{name} {json.dumps(bare, ensure_ascii=False, sort_keys=True)}"
        for field, kind in sorted(fields.items()):
            yield f"  {field}{'' if field in required else '?'} {json.dumps(kind, ensure_ascii=False, sort_keys=True)}"


def _bare(schema: Any) -> Any:
    """The schema without words about it; a field may bear such a name, and then holds a schema itself."""
    if isinstance(schema, dict):
        return {key: _bare(value) for key, value in schema.items() if key not in WORDS or isinstance(value, dict)}
    return [_bare(one) for one in schema] if isinstance(schema, list) else schema
