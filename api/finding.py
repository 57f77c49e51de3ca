"""The search over the factors of a home, with places by their names: what the command line, HTTP and the pages share."""

from functools import lru_cache

from api.places import place_names
from factors.library import FactorLibrary
from factors.search import Search


@lru_cache(maxsize=4)
def search_in(library: FactorLibrary) -> Search:
    """The index over a library, made once."""
    return Search(library, place_names)
