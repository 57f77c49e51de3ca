"""An example for every body and answer that the documentation shows: made from the schema, with values that stand for what they are."""

from typing import Any

VALUES: dict[str, Any] = {
    "holder": "h7k2m9abcd", "id": "j0192f3a4b5c67d8e9f01a2b3c4d5e6f7", "import_id": "i3x9k2m7ab", "replaces": None, "replaced_by": None,
    "file": "july.csv", "name": "july", "sha256": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08", "lines": 12,
    "first_entry": 84, "last_entry": 95, "kind": "file", "status": "done", "permille": 1000, "step": "done", "version": 3, "attempts": 1,
    "etag": '"d4k8m2n6p0"', "url": "https://hooks.example.org/in", "events": ["file.booked", "job.done"], "event": "file.booked",
    "secret": "whsec_plJ3nmyCDGBKInavdOK15jsl5qiTeU3bGw==", "failures": 0, "answer": 204, "reason": None, "disabled_at": None,
    "code": "file.faulty",
    "activity": "electricity.grid", "quantity": "100", "unit": "kWh", "day": "2023-07-01", "division": "330523", "site": "s01",
    "type": "urn:tanzhang:problem:file.faulty", "title": "The file has faults", "detail": "1 fault; nothing was computed or booked.",
    "errors": [{"row": 2, "column": "quantity", "code": "number.not-plain", "reason": "'1e3' is no plain decimal"}],
    "result": None, "problem": None, "row": 2, "extra": {"x_meter": "7"}, "instance": "urn:tanzhang:request:0123456789abcdef",
    "month": "2023-06", "decision": "granted", "reading": [],
}  # fmt: skip
"""What a property of that name holds; where its schema allows something else only, the schema decides."""
FORMATS = {
    "date-time": "2026-11-25T02:00:00Z", "date": "2023-07-01", "uuid": "0192f3a4-b5c6-77d8-89f0-1a2b3c4d5e6f", "uri": "https://example.org/",
    "decimal": "0.4974",
}  # fmt: skip
WHOLE: dict[tuple[str, str], Any] = {
    ("get", "/api/v1/regions/{code}"): {
        "place": {"code": "330523", "name_en": "Anji"}, "year": 2017, "gwp": "AR5.100", "mass_g": "5785000000000",
        "curve": [[2017, "5785000000000"]],
    },
    ("get", "/api/v1/entries/{entry_id}"): {
        "entry": {"entry_id": 0, "day": "2023-01-31", "legs": [
            {"account": "atmosphere/330523/1A2", "commodity": "CO2", "amount": "-2072745519"},
        ]},
        "gwp": "AR5.100", "co2e_g": "2088939968",
    },
    ("get", "/api/v1/lines/{entry_id}"): {
        "entry_id": 0, "file": "july.csv", "row": 2, "activity": "electricity.grid", "quantity": "100", "unit": "kWh", "site": "s01",
    },
    ("get", "/api/v1/accounts/balance"): [{"account": "atmosphere/330523/1A2", "commodity": "CO2", "amount": "-2072745519"}],
    ("get", "/api/v1/accounts/statement"): [{"entry_id": 0, "day": "2023-01-31", "amount": "-2072745519", "balance": "-2072745519"}],
    ("get", "/api/v1/entries/{entry_id}/proof"): "c2sp.org/tlog-proof@v1\nindex 0\n…\n",
    ("post", "/api/v1/calc"): '{"line":2,"activity":"electricity.grid","gases":{"CO2":"49740"},"factor":"cn-grid/2025-47_e001#330000"}\n',
    ("get", "/api/v1/jobs/{job}/events"): 'id: 3\r\nevent: done\r\ndata: {"status":"done","permille":1000}\r\n\r\n',
}  # fmt: skip
"""Answers whose schema says no more than that they are an object or a text."""
TEXTS = {
    "application/jsonl": '{"activity":"electricity.grid","quantity":"100","unit":"kWh","day":"2023-07-01","division":"330106"}\n',
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": "(the bytes of a workbook)",
    "text/csv": "activity,quantity,unit,day,division\nelectricity.grid,100,kWh,2023-07-01,330106\n",
}
TEXTS["application/x-ndjson"] = TEXTS["application/jsonl"]
DEPTH_MAX = 6


def sample(schema: dict[str, Any], components: dict[str, Any], *, name: str = "", depth: int = 0) -> Any:
    """A value that the schema allows; `name` is the property that it is for."""
    if "$ref" in schema:
        schema = components[schema["$ref"].rsplit("/", 1)[1]]
    for given in ("example", "const", "default"):
        if given in schema and schema[given] is not None:
            return schema[given]
    if schema.get("examples"):
        examples = schema["examples"]
        first = next(iter(examples.values())) if isinstance(examples, dict) else examples[0]
        return first.get("value", first) if isinstance(first, dict) else first
    if "enum" in schema:
        return VALUES[name] if VALUES.get(name) in schema["enum"] else schema["enum"][0]
    choices = schema.get("oneOf") or schema.get("anyOf")
    if choices:
        if name in VALUES and any(_allows(one, VALUES[name]) for one in choices):
            return VALUES[name]
        return sample(choices[0], components, name=name, depth=depth)
    if name in VALUES and _allows(schema, VALUES[name]):
        return VALUES[name]
    return _plain(schema, components, name=name, depth=depth)


def _plain(schema: dict[str, Any], components: dict[str, Any], *, name: str, depth: int) -> Any:
    """A value of the schema's type."""
    kind = schema.get("type", "object")
    if isinstance(kind, list):
        kind = kind[0]
    if kind == "object":
        wanted = schema.get("properties", {}) if depth < DEPTH_MAX else {}
        return {key: sample(one, components, name=key, depth=depth + 1) for key, one in wanted.items()}
    if kind == "array":
        return [sample(schema.get("items", {}), components, name=name.removesuffix("s"), depth=depth + 1)] if depth < DEPTH_MAX else []
    if kind == "string":
        return FORMATS.get(schema.get("format", ""), "text")
    return {"integer": int(schema.get("minimum", 1)), "number": 1, "boolean": True}.get(kind)


def _allows(schema: dict[str, Any], value: Any) -> bool:
    """Whether a plain type of the schema is the value's."""
    kinds = {str: "string", int: "integer", bool: "boolean", list: "array", dict: "object", type(None): "null"}
    return bool(schema.get("type") == kinds[type(value)] and "$ref" not in schema.get("items", {}))
