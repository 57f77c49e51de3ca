"""The proof of an entry, as a file to keep and to check offline."""

from litestar import get
from litestar.di import NamedDependency
from litestar.response import Response

from api.doors import READER
from api.resources.entries import EntryId
from carbon.evidence import explain_entry
from ledger.book import Book
from ledger.principal import Principal
from ledger.prove import prove_entry


@get("/entries/{entry_id:int}/proof", opt=READER, sync_to_thread=True, media_type="text/plain", tags=["ledger"])
def entry_proof(entry_id: EntryId, book: NamedDependency[Book], principal: NamedDependency[Principal]) -> Response[str]:
    """A C2SP tlog-proof that the entry is in the signed log, unchanged: `tanzhang proof verify` reads it without any book."""
    with book.reading(principal) as session:
        explain_entry(session, principal, entry_id)  # whoever may read the entry may have its proof, and nobody else
    headers = {"Content-Disposition": f'attachment; filename="entry-{entry_id}.tlog-proof"'}
    return Response(prove_entry(book, entry_id).text(), media_type="text/plain", headers=headers)
