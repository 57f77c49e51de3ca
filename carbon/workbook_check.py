"""Is a workbook safe to open? A streaming look at its parts before any reader of workbooks sees it.

A 1.7 KB workbook with cells A1 and XFD1048576 aborts some readers; one of 0.5 MB unpacks to gigabytes. Every part is read once, in
pieces, and counted; document type declarations, macros and parts outside the archive are refused.
"""

import io
import re
import zipfile
import zlib
from dataclasses import dataclass, field
from functools import lru_cache
from xml.parsers import expat

ZIP_BYTES_MAX = 20 * 2**20
UNPACKED_BYTES_MAX = 100 * 2**20
RATIO_MAX = 200
ENTRIES_MAX = 200
ROWS_MAX, COLUMNS_MAX, CELLS_MAX = 50_020, 200, 500_000
"""50,000 lines and what stands above them; 500,000 cells."""
AREA_MAX = 4_000_000
TEXT_BYTES_MAX = 100 * 2**20
MERGES_MAX = 10_000
_PIECE = 1 << 16
_PLACE = re.compile(r"([A-Z]{1,3})([1-9][0-9]{0,6})")


class UnsafeWorkbook(Exception):  # an Error ending would say no more
    """What makes a workbook unfit to open: a stable code, a sentence."""

    def __init__(self, code: str, reason: str) -> None:
        self.code, self.reason = code, reason
        super().__init__(reason)


@dataclass(frozen=True, slots=True)
class Checked:
    """Whether the days count from 1904, as old Macs did, and which cells are formulas."""

    from_1904: bool
    formulas: tuple[str, ...]


@dataclass(slots=True)
class _Text:
    """The lengths of the shared strings, which cells refer to by number."""

    lengths: list[int] = field(default_factory=list)
    open: bool = False

    def start(self, name: str, _: dict[str, str]) -> None:
        if name.endswith(("}si", ":si")) or name == "si":
            self.lengths.append(0)
            self.open = True

    def end(self, name: str) -> None:
        if name == "si" or name.endswith(":si"):
            self.open = False

    def text(self, text: str) -> None:
        if self.open:
            self.lengths[-1] += len(text.encode("utf-8", errors="replace"))


@dataclass(slots=True)
class _Sheet:
    """How many cells a sheet has, how far they reach, and how much text they refer to."""

    lengths: list[int]
    cells: int = 0
    row: int = 0
    column: int = 0
    rows_max: int = 0
    columns_max: int = 0
    merges: int = 0
    text_bytes: int = 0
    shared: bool = False
    formulas: list[str] = field(default_factory=list)
    inside: bool = False
    value: str = ""

    def start(self, name: str, attributes: dict[str, str]) -> None:
        if self.value:
            self.settle()
        if ":" in name:
            name = name.rpartition(":")[2]
        if name == "c":
            self._cell(attributes)
        elif name == "v":
            self.inside = self.shared
        elif name == "row":
            text = attributes.get("r", "")
            self.row = int(text) if text.isdecimal() and len(text) < 9 else self.row + 1
            self.column = 0
        elif name == "f":
            self.formulas.append(f"{_letters(self.column)}{self.row}")
        elif name == "mergeCell":
            self.merges += 1
            if self.merges > MERGES_MAX:
                raise UnsafeWorkbook("file.hostile", f"more than {MERGES_MAX:,} merged ranges")

    def _cell(self, attributes: dict[str, str]) -> None:
        place = _PLACE.fullmatch(attributes.get("r", ""))
        if place:
            self.column, self.row = _number(place[1]), int(place[2])
        else:
            self.column += 1
        self.cells += 1
        if self.row > self.rows_max:
            self.rows_max = self.row
        if self.column > self.columns_max:
            self.columns_max = self.column
        self.shared = attributes.get("t") == "s"
        self.inside = False
        if self.cells > CELLS_MAX or self.rows_max > ROWS_MAX or self.columns_max > COLUMNS_MAX:
            at = f"cell {attributes.get('r', '')[:12]}" if place else f"cell {self.cells:,}"
            raise UnsafeWorkbook(
                "file.hostile",
                f"the sheet reaches beyond {ROWS_MAX:,} rows, {COLUMNS_MAX} columns or {CELLS_MAX:,} cells (at {at}): delete what lies "
                "outside the table, or file it as CSV",
            )

    def text(self, text: str) -> None:
        if self.inside:
            self.value += text

    def settle(self) -> None:
        """Count the shared string to which the last value refers; its end is seen where the next element begins."""
        text, self.value, self.inside = self.value.strip(), "", False
        if text.isdecimal() and len(text) < 9 and int(text) < len(self.lengths):
            self.text_bytes += self.lengths[int(text)]
        if self.text_bytes > TEXT_BYTES_MAX:
            raise UnsafeWorkbook("file.hostile", f"its cells repeat more than {TEXT_BYTES_MAX >> 20} MB of text")


def check_workbook(data: bytes) -> Checked:
    """What is to know of this .xlsx before it is opened. Raises UnsafeWorkbook where it must not be."""
    if len(data) > ZIP_BYTES_MAX:
        raise UnsafeWorkbook("file.hostile", f"the workbook has {len(data):,} bytes, at most {ZIP_BYTES_MAX:,} are read: file it as CSV")
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            names = _check_directory(archive)
            return _check_parts(archive, names)
    except zipfile.BadZipFile as error:
        raise UnsafeWorkbook("file.truncated", f"the workbook is damaged or cut off ({error}): save and send it again") from error
    except (zlib.error, EOFError, expat.ExpatError) as error:
        raise UnsafeWorkbook("file.truncated", f"a part of the workbook is damaged ({error}): open and save it again in Excel") from error
    except (NotImplementedError, RuntimeError, OSError, ValueError, OverflowError) as error:
        raise UnsafeWorkbook(
            "file.hostile", f"the workbook is packed in a way that is not read ({str(error)[:80]}): save it again in Excel"
        ) from error


def _check_directory(archive: zipfile.ZipFile) -> list[str]:
    parts = archive.infolist()
    names = [part.filename for part in parts]
    if len(parts) > ENTRIES_MAX:
        raise UnsafeWorkbook("file.hostile", f"the workbook has {len(parts):,} parts, at most {ENTRIES_MAX} are read")
    if len(set(names)) < len(names):
        raise UnsafeWorkbook("file.hostile", "a part of the workbook is there twice")
    unpacked, packed = sum(part.file_size for part in parts), sum(part.compress_size for part in parts)
    if unpacked > UNPACKED_BYTES_MAX or unpacked > RATIO_MAX * max(packed, 4096):
        raise UnsafeWorkbook("file.hostile", f"the workbook unpacks from {packed:,} to {unpacked:,} bytes: file the table as CSV")
    for part in parts:
        if part.filename.startswith(("/", "\\")) or ".." in re.split(r"[/\\]", part.filename) or part.flag_bits & 1:
            raise UnsafeWorkbook("file.hostile", f"the part {part.filename[:60]!r} lies outside the workbook or is locked with a password")
        if part.filename.lower().endswith("vbaproject.bin"):
            raise UnsafeWorkbook("file.type", "the workbook carries macros: save it as .xlsx")
    if "[Content_Types].xml" not in names or not any(name.lower() == "xl/workbook.xml" for name in names):
        raise UnsafeWorkbook("file.type", "the file is a zip but no .xlsx workbook: save the table as .xlsx or CSV UTF-8")
    return names


@lru_cache(maxsize=1_024)
def _number(letters: str) -> int:
    """The number of a column: A is 1, AA is 27."""
    column = 0
    for letter in letters:
        column = column * 26 + ord(letter) - 64
    return column


def _letters(column: int) -> str:
    """The letters of a column: 1 is A, 27 is AA."""
    return (_letters((column - 1) // 26) if column > 26 else "") + chr(65 + (column - 1) % 26)


def _check_parts(archive: zipfile.ZipFile, names: list[str]) -> Checked:
    strings = _Text()
    total = 0
    from_1904 = False
    formulas: list[str] = []
    # shared strings first: the cells of the sheets refer to them
    for name in sorted(names, key=lambda name: "sharedstrings" not in name.lower()):
        lower = name.lower()
        reads = (
            _Sheet(strings.lengths) if "worksheets/" in lower and lower.endswith(".xml") else strings if "sharedstrings" in lower else None
        )
        parser = None
        if lower.endswith((".xml", ".rels", ".vml")):
            parser = _parser(reads)
        tail = b""
        with archive.open(name) as part:
            while piece := part.read(_PIECE):
                total += len(piece)
                if total > UNPACKED_BYTES_MAX:
                    raise UnsafeWorkbook("file.hostile", f"the workbook unpacks to more than {UNPACKED_BYTES_MAX >> 20} MB: file it as CSV")
                if parser is not None:
                    parser.Parse(piece, False)
                if lower == "xl/workbook.xml":
                    from_1904 = from_1904 or re.search(rb'date1904\s*=\s*["\'](1|true)', tail + piece) is not None
                    tail = piece[-40:]
        if parser is not None:
            parser.Parse(b"", True)
        if isinstance(reads, _Sheet):
            reads.settle()
        if isinstance(reads, _Sheet) and reads.rows_max * reads.columns_max > AREA_MAX:
            raise UnsafeWorkbook(
                "file.hostile", "the sheet is a few cells far apart: delete what lies outside the table, or file it as CSV"
            )
        formulas += reads.formulas if isinstance(reads, _Sheet) else []
    return Checked(from_1904, tuple(formulas))


def _parser(reads: _Text | _Sheet | None) -> expat.XMLParserType:
    parser = expat.ParserCreate()

    def refuse(*_: object) -> None:
        raise UnsafeWorkbook("file.hostile", "the workbook declares document types or entities: no spreadsheet program writes them")

    parser.StartDoctypeDeclHandler = refuse
    parser.EntityDeclHandler = refuse
    parser.buffer_text = True
    if reads is not None:
        parser.StartElementHandler, parser.CharacterDataHandler = reads.start, reads.text
    if isinstance(reads, _Text):
        parser.EndElementHandler = reads.end
    return parser
