"""A pack of factors changes the numbers of every holder, so it is released by two: who provides data sends it, a regulator of the nation
decides.

What was sent is judged at once, and lies under ``packs/.asked/`` of the home until it is decided, where no library reads it. It is judged
again when it is granted, since another pack may have been released meanwhile. It stays there as what was decided on.
"""

from datetime import datetime
from pathlib import Path

import sqlalchemy as sa
from sqlmodel import Session

from api.auth.approval import Approval, Content, Matter, Second, ask, register
from api.auth.errors import BadUser
from api.auth.office import Bound, Office
from api.auth.tables import ApprovalRow
from api.auth.user import Binding
from carbon.own_pack import Release, is_stored, judge, lay, read_folder, store, workbook_draft
from factors.errors import PackInvalid
from factors.library import load_library
from factors.pack import Pack
from ledger.types import table_of

RELEASE = "release-factors"
ASKED = ".asked"
BYTES_MAX, OPEN_MAX = 8 * 2**20, 20


class FaultyPack(PackInvalid):
    """What somebody sent is no pack that could be released: every fault of it."""

    code = "pack.faulty"


def judged(home: Path, data: bytes, *, file: str) -> tuple[Pack, bytes]:
    """The pack in a workbook that somebody sent, and the bytes of its factors.csv. It takes a while: do it before a writing session.

    Raises FaultyPack, FaultyFile where it is no workbook, BadUser where it is too large or stored already.
    """
    if len(data) > BYTES_MAX:
        raise BadUser(field="pack", reason=f"has {len(data):,} bytes, at most {BYTES_MAX:,} are taken: split it")
    try:
        pack, content = judge(workbook_draft(data, file=file), load_library(home))
        there = is_stored(home, pack)
    except PackInvalid as error:
        raise FaultyPack(error.pack, error.faults) from None
    if there:
        raise BadUser(field="pack", reason=f"{pack.manifest.id} is released already")
    return pack, content


def ask_release(session: Session, who: Binding, pack: Pack, content: bytes, *, now: datetime) -> str:
    """Ask that a pack which was judged be released; the number of the request. Raises Forbidden, UserNotFound, BadUser where too many of
    one's own are open."""
    said, row = pack.manifest, table_of(ApprovalRow)
    mine = sa.and_(row.c.action == RELEASE, row.c.asked_by == who.user, row.c.decided_at.is_(None))
    if session.execute(sa.select(sa.func.count()).where(mine)).scalar_one() >= OPEN_MAX:
        raise BadUser(field="pack", reason=f"{OPEN_MAX} packs of yours wait for a decision")
    told = {
        "pack": said.id, "sha256": said.sha256, "rows": said.rows, "rank": said.rank, "publisher": said.publisher,
        "title_zh": said.title_zh, "title_en": said.title_en, "provider": who.user,
    }  # fmt: skip
    number = ask(session, who, RELEASE, subject=said.id, content=told, now=now)
    home = _home(session)
    lay(home, home / "packs" / ASKED / number, pack, content)
    return number


def _home(session: Session) -> Path:
    home: Path = session.info["book"].home
    return home


def _concerns(session: Session, who: Binding, content: Content) -> bool:  # noqa: ARG001
    """The regulators of the nation, since the pack answers everywhere; and who sent it, of those who provide data."""
    if who.duty.bound is Bound.DIVISION:
        return who.principal().divisions is None
    return bool(who.user == content["provider"])


def _release(session: Session, asked: Approval, asker: Binding, second: Second) -> None:
    """Put the pack where the library reads it. Raises FaultyPack where it is not what was asked, or cannot be released any more.

    It is the last act before the decision is written. Where that fails, the pack stands released by two who both wanted it, the request is
    open still, and granting it again changes nothing but that.
    """
    home, release = _home(session), Release(by=asker.user, second=second.binding.user, at=second.now, request=asked.id)
    try:
        pack, content = judge(read_folder(home / "packs" / ASKED / asked.id), load_library(home))
        if (pack.manifest.id, pack.manifest.sha256) != (asked.content["pack"], asked.content["sha256"]):
            raise PackInvalid(asked.content["pack"], ["is not what was asked: its file was changed since"])
        store(home, pack, content, release=release)
    except PackInvalid as error:
        raise FaultyPack(error.pack, error.faults) from None


register(
    Matter(
        RELEASE,
        asked_by=frozenset({Office.PROVIDER, Office.REGULATOR}),
        decided_by=frozenset({Office.REGULATOR}),
        concerns=_concerns,
        carry_out=_release,
    )
)
