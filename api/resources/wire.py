"""Amounts on the wire: integers as text, since readers of JSON take numbers for floats and grams of a nation are larger than those hold."""

from typing import Any

import msgspec

AMOUNTS = ("gases", "coefficients")


def wire(value: Any) -> Any:
    """A struct, dataclass or dict as it is sent: what ends in `_g`, the masses in `gases`, and the second of each year's pair as text."""
    return _told(msgspec.to_builtins(value, builtin_types=(bytes,)), amount=False)


def _told(value: Any, *, amount: bool) -> Any:
    if isinstance(value, dict):
        return {
            key: _told(one, amount=amount or str(key).endswith("_g") or key in AMOUNTS or key == "amount") for key, one in value.items()
        }
    if isinstance(value, list | tuple):
        pair = len(value) == 2 and all(type(one) is int for one in value)
        return [value[0], str(value[1])] if pair else [_told(one, amount=amount) for one in value]
    if isinstance(value, bytes):
        return value.hex()
    return str(value) if amount and type(value) is int else value
