"""The whole numbers that an address or a body may hold: wide enough for every year, month, number and count there is, and narrow enough
for every column that they are compared with. Outside of them the answer names the field; the rules of the books are checked below."""

from typing import Annotated

import msgspec
from litestar.params import PathParameter, QueryParameter

FIRST_YEAR, LAST_YEAR = 1990, 2100
MANY = 10**15
YEAR_TOLD = "A calendar year, 1990 to 2100."

Year = Annotated[int, PathParameter(ge=FIRST_YEAR, le=LAST_YEAR, description=YEAR_TOLD)]
"""A year in a path."""
AskedYear = Annotated[int | None, QueryParameter(ge=FIRST_YEAR, le=LAST_YEAR, description=YEAR_TOLD)]
"""A year that a list may be narrowed to."""
AskedNumber = Annotated[int | None, QueryParameter(ge=0, le=2**31 - 1)]
"""The number of a version, of a table."""
SentYear = Annotated[int, msgspec.Meta(ge=FIRST_YEAR, le=LAST_YEAR, description=YEAR_TOLD)]
"""A year in a body."""
SentMonth = Annotated[int, msgspec.Meta(ge=FIRST_YEAR * 100 + 1, le=LAST_YEAR * 100 + 12, description="A month, as 202507.")]
"""A month in a body."""
SentNumber = Annotated[int, msgspec.Meta(ge=0, le=2**31 - 1)]
"""The number of a line, a tag, an appeal in a body."""
Count = Annotated[int, msgspec.Meta(ge=0, le=MANY)]
"""How many, of what is whole."""
