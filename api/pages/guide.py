"""The accounting guides: the list, and one guide with its sources, formulas, defaults and how far each is known."""

from litestar import get
from litestar.params import FromPath
from litestar.response import Response

from api.doors import PUBLIC
from api.export import table_response
from api.pages.shell import Asked, page, translate
from api.problems import N_
from factors.activities import by_id
from factors.guide import find_guide, guides

MARKS = {
    "A": N_("read in an official copy, or in two independent ones"), "A2": N_("read in one transcription only"),
    "B": N_("from memory, not read"), "D": N_("derived by this project"),
}  # fmt: skip
CLASSES = {
    "direct_fuel": N_("fuel burnt"), "mobile_fuel": N_("fuel of vehicles and aircraft"), "process": N_("process"),
    "fugitive": N_("fugitive"), "net_power": N_("net purchased power"), "net_heat": N_("net purchased heat"),
    "grid_loss": N_("losses of the grid"),
    "stored_deduction": N_("deduction: stored in products"), "recovered_deduction": N_("deduction: recovered or spared"),
    "waste_treatment": N_("waste treatment"), "biogenic_memo": N_("biogenic, told apart"), "sum": N_("a sum of other sources"),
}  # fmt: skip
HEAD = [
    "item", "name_zh", "name_en", "edition", "activity", "unit", "sign", "gas", "gives", "formula", "variable", "variable_name_zh",
    "variable_name_en", "variable_unit", "low", "high", "default", "mark", "source", "fact", "cited",
]  # fmt: skip


@get("/guides", opt=PUBLIC, sync_to_thread=True)
def guide_list(request: Asked) -> Response[str]:
    """Every guide, with its documents and how much it holds."""
    return page(request, "guides.html", here="factors", found=list(guides().values()))


@get("/guides/list/{file:str}", opt=PUBLIC, sync_to_thread=True)
def guide_list_file(file: FromPath[str]) -> Response[bytes]:
    """What the list shows, as CSV, XLSX or JSON."""
    rows = [[one.id, one.name_zh, one.name_en, "; ".join(one.documents), len(one.sources), len(one.items)] for one in guides().values()]
    return table_response(file, stem="guides", head=["guide", "name_zh", "name_en", "documents", "sources", "formulas"], rows=rows)


@get("/guides/{guide:str}", opt=PUBLIC, sync_to_thread=True)
def guide_page(request: Asked, guide: FromPath[str]) -> Response[str]:
    """One guide, source by source."""
    return page(
        request, "guide.html", here="factors", guide=find_guide(guide), say=lambda text: translate(request, text), marks=MARKS,
        classes=CLASSES, activities=by_id(),
    )  # fmt: skip


@get("/guides/{guide:str}/{file:str}", opt=PUBLIC, sync_to_thread=True)
def guide_file(guide: FromPath[str], file: FromPath[str]) -> Response[bytes]:
    """The items of a guide as CSV, XLSX or JSON, a row a formula and variable."""
    rows = [
        [
            item.id, item.name_zh, item.name_en, item.edition, item.activity, item.unit, item.sign, gas, item.gives, text,
            *((v.name, v.name_zh, v.name_en, v.unit, v.low, v.high, v.default, v.mark, v.source, v.fact) if v else [None] * 10),
            item.cited,
        ]
        for item in find_guide(guide).items for gas, text in item.formulas.items() for v in item.variables or (None,)
    ]  # fmt: skip
    return table_response(file, stem="items", head=HEAD, rows=rows)
