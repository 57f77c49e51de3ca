"""How a dashboard is drawn: scales, shares, tiles, treemap, curve and columns. Figures in grams go in, text and pixels come out."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, NamedTuple
from urllib.parse import urlencode

from sqlmodel import Session

from api.figures import Scale, change, percent, scale_for, signed
from api.language import Language
from api.pages import words
from api.pages.drawing import Box, breaks, curve, is_sparse, sparkline, stack, step_of, treemap
from api.pages.sectors import Sectors, sectors_by_year
from api.pages.shell import chart_json
from api.pages.tiles import TILES
from api.places import place_name
from api.problems import N_
from carbon.region.dashboard import ChildRow, Dashboard, Place
from carbon.region.divisions import divisions
from carbon.region.series import find_series, show_series
from factors.gwp import DEFAULT_SET, gwp_sets
from ledger.principal import Principal

HIGHEST, OTHER = N_("highest"), N_("Other sectors")
FRESH_YEARS = 3
SMALL_BOX, MINI_BOX = 5.5, 3.0  # percent of the frame: below them a box bears its name alone, or nothing
WIDE, NARROW = (640, 250), (358, 210)


class RankedRow(NamedTuple):
    """A division in the ranked table: its text and pixels."""

    rank: int | None
    place: Place
    name: str
    mass: str | None
    width: float
    share: str | None
    change: str | None
    line: tuple[str, tuple[float, float] | None]
    filed: str | None
    step: int | None


def name_of(place: Place, language: Language, *, short: bool = False) -> str:
    """A place's name; provinces in their short form where there is no room."""
    tile = TILES.get(place.code)
    if tile and short:
        return tile.zh if language == "zh" else tile.en
    return place.name_zh if language == "zh" else place.name_en


def region_context(
    session: Session, principal: Principal, shown: Dashboard, language: Language, *, say: Callable[[str], str]
) -> dict[str, Any]:
    """Everything that region.html names."""
    total = scale_for([shown.mass_g], language)
    rows, column, bounds = ranked(shown, language)
    filed = scale_for([row.co2e_g for row in shown.filed], language)
    sectors = sectors_by_year(session, principal, shown.place.code, shown.gwp)
    physical = shown.filed_g.get("physical")
    query = (
        ({"year": shown.year} if shown.year else {})
        | ({"source": shown.source.source} if shown.source else {})
        | ({"gwp": shown.gwp} if shown.gwp != DEFAULT_SET else {})
    )
    return {
        "shown": shown, "name": lambda place, short=False: name_of(place, language, short=short),
        "query": "?" + urlencode(query) if query else "",
        "plain_query": urlencode(query), "total": total, "column": column, "rows": rows, "bounds": bounds, "tiles": TILES,
        "by_code": {row.place.code: row for row in rows}, "boxes": _boxes(rows), "gwp_sets": sorted(gwp_sets()),
        "change": change(shown.mass_g, shown.previous_g), "signed": signed, "scale_for": lambda *masses: scale_for(masses, language),
        "difference": None if shown.mass_g is None or shown.previous_g is None else shown.mass_g - shown.previous_g,
        "percent": percent, "filed_scale": filed, "physical": physical, "words": words, "say": say,
        "covered": percent(physical, shown.mass_g) if physical and shown.mass_g and shown.filed_whole else None, "books": _books(shown),
        "with_data": sum(1 for row in rows if row.mass is not None), "place_name": lambda code: place_name(code, language),
        "curve": _curve(shown, language, say), "sectors": _sectors(sectors, language, say), "stack_names": _sector_names(sectors, say),
        "levels": words.LEVELS, "in_order": lambda books: sorted(books.items(), key=lambda pair: _order(pair[0])),
        "history_span": _span(shown.children), "stale": stale, "last_known": _last_known(shown, language),
    }  # fmt: skip


def stale(year: int) -> bool:
    """Whether data of that year are too old to pass without a sign."""
    return datetime.now(UTC).year - year > FRESH_YEARS


def _last_known(shown: Dashboard, language: Language) -> str:
    if not shown.curve:
        return ""
    scale = scale_for([shown.curve[-1][1]], language)
    return f"{scale.text(shown.curve[-1][1])} {scale.unit}"


def ranked(shown: Dashboard, language: Language) -> tuple[list[RankedRow], Scale, list[float]]:
    """The divisions below, ranked; the scale of their column; the bounds of the colours on that scale."""
    masses = [child.mass_g for child in shown.children]
    column = scale_for(masses if any(mass is not None for mass in masses) else [shown.mass_g], language)
    filed = scale_for([child.filed_g for child in shown.children], language)
    largest = max((mass for mass in masses if mass is not None), default=0)
    bounds = breaks(column.number(largest))
    whole = shown.children_g or 0
    first, last = _span(shown.children)
    rows = []
    for number, child in enumerate(shown.children, start=1):
        mass, known = child.mass_g, dict(child.history)
        history = [known.get(year) for year in range(first, last + 1)] if first else []
        rows.append(
            RankedRow(
                rank=number if mass is not None else None, place=child.place,
                name=name_of(child.place, language, short=shown.place.level == "nation"),
                mass=None if mass is None else column.text(mass), width=0 if not mass or not largest else round(100 * mass / largest, 1),
                share=None if mass is None else percent(mass, whole), change=change(mass, child.previous_g), line=sparkline(history),
                filed=None if child.filed_g is None else f"{filed.text(child.filed_g)} {filed.unit}",
                step=None if mass is None else step_of(column.number(mass), bounds),
            )
        )  # fmt: skip
    return rows, column, bounds


def _span(children: tuple[ChildRow, ...]) -> tuple[int, int]:
    years = [year for child in children for year, _ in child.history]
    return (min(years), max(years)) if years else (0, 0)


def _boxes(rows: list[RankedRow]) -> list[tuple[RankedRow, Box, str]]:
    """The treemap: rows that have something to show, their boxes, and how much of a label fits."""
    drawn = [row for row in rows if row.width > 0]
    sizes = treemap([row.width for row in drawn])
    fits = [
        "mini" if min(b.width, b.height) < MINI_BOX else "small" if b.height < SMALL_BOX * 2 or b.width < SMALL_BOX else "" for b in sizes
    ]
    return list(zip(drawn, sizes, fits, strict=True))


def _books(shown: Dashboard) -> list[tuple[str, list[Any], int]]:
    """The filed rows by book, each with the total of its book: totals of different books are never added."""
    found: dict[str, list[Any]] = {}
    for row in shown.filed:
        found.setdefault(row.book, []).append(row)
    return [(book, found[book], shown.filed_g.get(book, 0)) for book in sorted(found, key=_order)]


def _order(book: str) -> int:
    """Where a book stands: direct emissions first, then bought energy, then the value chain."""
    order = list(words.BOOKS)
    return order.index(book) if book in order else len(order)


def _curve(shown: Dashboard, language: Language, say: Callable[[str], str]) -> dict[str, Any] | None:
    if len(shown.curve) < 2:
        return None
    scale = scale_for([mass for _, mass in shown.curve], language)
    known = dict(shown.curve)
    years = list(range(shown.curve[0][0], shown.curve[-1][0] + 1))
    points = [(year, scale.number(known[year]) if year in known else None) for year in years]
    peak = max(shown.curve, key=lambda pair: pair[1])[0]
    last = shown.curve[-1][0]
    marked = {peak: f"{peak} {say(HIGHEST)} {scale.text(known[peak])}" if peak != last else scale.text(known[peak])}
    marked.setdefault(last, scale.text(known[last]))
    if shown.year in known and all(abs(shown.year - year) > len(years) // 9 for year in marked):
        marked[shown.year] = f"{shown.year} {scale.text(known[shown.year])}"
    labels = sorted(marked.items())
    data = {
        "kind": "curve", "sparse": is_sparse([value for _, value in points]), "years": years,
        "unit": f"{scale.unit} CO₂", "digits": scale.digits,
        "series": [{"name": shown.mass_source.source if shown.mass_source else "", "values": [value for _, value in points]}],
        "marks": [
            {"year": year, "value": scale.number(known[year]), "text": text, "align": _align(year, years)}
            for year, text in labels
        ],
    }  # fmt: skip
    return {
        "wide": curve(points, width=WIDE[0], height=WIDE[1], labels=labels), "data": chart_json(data), "unit": scale.unit,
        "narrow": curve(points, width=NARROW[0], height=NARROW[1], labels=labels), "first": years[0], "last": last,
        "text": ", ".join(text for _, text in labels),
    }  # fmt: skip


def _align(year: int, years: list[int]) -> str:
    """Towards the middle, so that no label is cut at an edge."""
    third = len(years) / 3
    return "right" if year > years[-1] - third else "left" if year < years[0] + third else "center"


def _sector_names(found: Sectors, say: Callable[[str], str]) -> list[str]:
    return [words.category(code, say) if code else say(OTHER) for code, _ in found.rows]


def _sectors(found: Sectors, language: Language, say: Callable[[str], str]) -> dict[str, Any] | None:
    if not found.years:
        return None
    totals = [sum(amounts[k] for _, amounts in found.rows) for k in range(len(found.years))]
    scale = scale_for(totals, language)
    drawn = [[scale.number(amount) for amount in amounts] for _, amounts in found.rows]
    series = [{"name": name, "values": values} for name, values in zip(_sector_names(found, say), drawn, strict=True)]
    data = {"kind": "stack", "years": found.years, "unit": f"{scale.unit} CO₂e", "digits": scale.digits, "series": series}
    return {
        "wide": stack(found.years, drawn, width=WIDE[0], height=WIDE[1]),
        "narrow": stack(found.years, drawn, width=NARROW[0], height=NARROW[1]),
        "data": chart_json(data), "unit": scale.unit, "years": found.years,
    }  # fmt: skip


def series_context(session: Session, shown: Dashboard, language: Language) -> dict[str, Any]:
    """What stands behind a statistical figure: its source, edition and file, and the parts that add up to it, in full grams."""
    source = shown.source or shown.mass_source
    held = find_series(session, source.source) if source else None
    said = None
    if source and shown.year in source.years:
        said = show_series(session, shown.place.code, year=shown.year, source=source.source, tree=divisions())
    return {
        "shown": shown, "name": lambda place: name_of(place, language), "held": held, "said": said,
        "place_name": lambda code: place_name(code, language),
        "query": "?" + urlencode(({"year": shown.year} if shown.year else {}) | ({"source": source.source} if source else {})),
    }  # fmt: skip


def series_table(session: Session, shown: Dashboard, language: Language) -> tuple[list[str], list[list[object]]]:
    """The parts that add up to a statistical figure and the figure itself, as they are exported; no row where the source says nothing."""
    context = series_context(session, shown, language)
    head = ["division", "name", "year", "source", "edition", "gas", "mass_g", "part"]
    said, held = context["said"], context["held"]
    if said is None or held is None:
        return head, []
    parts = [(part["division"], place_name(part["division"], language), part["mass_g"], "below") for part in said["children"]]
    own = (said["division"], place_name(said["division"], language))
    parts += [(*own, said["unallocated_g"], "unallocated"), (*own, said["mass_g"], "total")]
    return head, [[code, name, shown.year, held.source, held.edition, held.gas, mass, part] for code, name, mass, part in parts]
