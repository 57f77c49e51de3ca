"""The page of hard words; each is also explained beside the word where it stands."""

from litestar import get
from litestar.params import FromPath
from litestar.response import Response

from api.doors import PUBLIC
from api.export import table_response
from api.pages.glossary import glossary
from api.pages.shell import Asked, language_of, page


@get("/help", opt=PUBLIC, sync_to_thread=True)
def help_page(request: Asked) -> Response[str]:
    """All terms, one below the other."""
    return page(request, "help.html", here="help")


@get("/help/{file:str}", opt=PUBLIC, sync_to_thread=True)
def help_file(request: Asked, file: FromPath[str]) -> Response[bytes]:
    """The terms as CSV or JSON."""
    rows = [[term.key, term.word, term.text, term.source] for term in glossary(language_of(request)).values()]
    return table_response(file, stem="glossary", head=["key", "word", "text", "source"], rows=rows)
