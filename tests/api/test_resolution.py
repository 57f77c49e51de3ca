"""Which factor holds, on the command line and over HTTP: the same answer, with its reasons, in both languages."""

import json
from pathlib import Path

import pytest
from litestar.testing import TestClient

from tests.api.test_cli import place, run

__all__ = ["place"]
HANGZHOU = ("electricity.grid", "--region", "330106", "--day", "2023-07-01")


def resolved(capsys: pytest.CaptureFixture[str], *arguments: str) -> dict[str, object]:
    capsys.readouterr()
    assert run("factors", "resolve", *arguments, "--json") == 0
    answer: dict[str, object] = json.loads(capsys.readouterr().out)
    return answer


def test_resolve_tells_factor_steps_fit_and_what_was_not_taken(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found = resolved(capsys, *HANGZHOU)
    (factor,) = found["factors"]  # type: ignore[misc]
    assert factor["id"] == "cn-grid/2025-47_e001#330000"
    assert factor["published"] == "2025-12-31"
    assert factor["quality"]["score"] == "2.0"
    assert found["programme"] == "inventory/2015"
    assert {one["reason"] for one in found["rejected"]} >= {"basis", "place", "unverified", "wider-place"}  # type: ignore[attr-defined]


def test_method_basis_programme_and_day_known_each_change_the_answer(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    def chosen(*more: str) -> str:
        (factor,) = resolved(capsys, *HANGZHOU, *more)["factors"]  # type: ignore[misc]
        return str(factor["id"])

    assert chosen("--method", "market").endswith("CN.avg_excl_mkt_nonfossil.2023")
    assert chosen("--basis", "residual").endswith("CN.avg_excl_mkt_nonfossil.2023")
    assert chosen("--as-known", "2025-12-30") == "cn-grid/2024-33_e001#330000"
    assert chosen("--programme", "industry-guide") == "cn-grid/2025-47_e001#CN"


def test_what_nobody_read_is_taken_only_on_request_and_the_answer_says_so(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    asked = ("electricity.fossil", "--region", "330106", "--day", "2021-07-01")
    assert run("factors", "resolve", *asked) == 1
    assert "unverified" in capsys.readouterr().err
    found = resolved(capsys, *asked, "--allow-unverified")
    assert found["factors"][0]["evidence"] == "unverified"  # type: ignore[index]
    assert "unverified" in found["steps"][-1]["note"]  # type: ignore[index]


def test_explain_speaks_both_languages(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("factors", "explain", *HANGZHOU, "--language", "zh") == 0
    chinese = capsys.readouterr().out
    assert "浙江电力平均二氧化碳排放因子" in chinese
    assert "未采用" in chinese
    assert run("factors", "explain", *HANGZHOU, "--language", "en") == 0
    english = capsys.readouterr().out
    assert "Zhejiang average electricity CO2 factor" in english
    assert "Not taken" in english
    assert "497.4 g" in english
    assert run("factors", "explain", *HANGZHOU, "--language", "fr") == 2


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (("electricity.gird",), "electricity.grid"),
        (("制冷剂",), "activities"),
        (("electricity.grid", "--region", "999999"), "999999"),
        (("electricity.grid", "--unit", "t"), "does not fit"),
        (("electricity.grid", "--day", "yesterday"), "2023-07-01"),
        (("electricity.grid", "--programme", "nobody's"), "inventory/2015"),
        (("electricity.grid", "--day", "2023-02-01/2023-01-01"), "ends before"),
    ],
)
def test_what_cannot_be_resolved_is_said_in_one_sentence(
    place: Path, capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], word: str
) -> None:
    assert run("factors", "resolve", *arguments) in {1, 2, 3}
    assert word in capsys.readouterr().err


def test_http_gives_the_answer_of_the_command_line(place: Path, capsys: pytest.CaptureFixture[str], client: TestClient) -> None:  # type: ignore[type-arg]
    answer = client.get("/api/v1/resolution", params={"activity": "electricity.grid", "region": "330106", "day": "2023-07-01"})
    assert answer.status_code == 200
    assert answer.json() == resolved(capsys, *HANGZHOU)
    refused = client.get("/api/v1/resolution", params={"activity": "electricity.gird", "day": "2023-07-01"})
    assert 400 <= refused.status_code < 500
    assert refused.headers["content-type"].startswith("application/problem+json")
