"""The search over the factors of a home, with places by their names: what the command line, HTTP and the pages share."""

from functools import lru_cache
from typing import Annotated

from litestar.params import QueryParameter

from api.places import place_names
from factors.library import FactorLibrary
from factors.search import Search

Text = Annotated[str, QueryParameter(max_length=200)]
"""A filter of the search as an address carries it."""
Scope = Annotated[str, QueryParameter(name="scope", max_length=20)]
"""The filter `scope`, which Litestar keeps as a name for itself."""


@lru_cache(maxsize=4)
def search_in(library: FactorLibrary) -> Search:
    """The index over a library, made once."""
    return Search(library, place_names)
