"""A document from a template and its data, by typst: the same bytes for the same data, in Chinese or English.

A template reads what it prints from JSON and computes no figure. Fonts are the system's: for Chinese one with its signs must be there.
"""

import json
import tomllib
from collections.abc import Mapping
from datetime import datetime
from functools import cache
from importlib.resources import as_file, files
from typing import Any, Literal

from carbon.enterprise.errors import NoChineseFont, ReportFailed

Language = Literal["zh", "en"]
CHINESE_FONTS = (
    "Noto Serif CJK SC", "Source Han Serif SC", "Noto Sans CJK SC", "Source Han Sans SC", "Songti SC", "SimSun", "WenQuanYi Zen Hei",
)  # fmt: skip


@cache
def chinese_fonts() -> tuple[str, ...]:
    """The fonts with Chinese signs that this machine has, the preferred first."""
    import typst

    here = set(typst.Fonts().families())
    return tuple(name for name in CHINESE_FONTS if name in here)


def pdf(template: str, data: Mapping[str, Any], *, made_at: datetime) -> bytes:
    """The PDF of `templates/<template>.typ` with `data`. Raises NoChineseFont, ReportFailed."""
    import typst  # a quarter of a second: only who prints waits for it

    fonts = chinese_fonts()
    if not fonts:
        raise NoChineseFont(CHINESE_FONTS[:4])
    told = {**data, "fonts": list(fonts)}
    with as_file(files("carbon.report").joinpath("templates")) as folder:
        try:
            made = typst.compile(
                str(folder / f"{template}.typ"), root=str(folder), format="pdf", timestamp=made_at.replace(microsecond=0),
                sys_inputs={"data": json.dumps(told, ensure_ascii=False)},
            )  # fmt: skip
        except typst.TypstError as error:
            raise ReportFailed(str(error)) from error
    assert isinstance(made, bytes)
    return made


@cache
def _table() -> dict[str, dict[str, str]]:
    text = files("carbon.report").joinpath("words.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)


def every_word(language: Language) -> dict[str, str]:
    """All words of reports in one language."""
    return {name: one[language] for name, one in _table().items()}
