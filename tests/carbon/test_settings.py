"""Settings: the nearest word counts, and a wrong one is named with its place."""

from pathlib import Path

import pytest

from carbon.errors import BadSetting
from carbon.settings import keep_settings, read_settings


def test_without_a_word_the_book_is_sqlite_in_the_home(tmp_path: Path) -> None:
    found = read_settings(environment={}, flags={"home": str(tmp_path)})
    assert found.database_url == f"sqlite:///{tmp_path}/book.db"
    assert (found.owner_url, str(found.timezone), found.language, found.port) == (found.database_url, "Asia/Shanghai", "zh", 8000)


def test_a_flag_goes_before_the_environment_and_that_before_the_file(tmp_path: Path) -> None:
    (tmp_path / "tanzhang.toml").write_text('language = "en"\nport = 8100\ntimezone = "UTC"\n')
    environment = {"TANZHANG_HOME": str(tmp_path), "TANZHANG_PORT": "8200", "TANZHANG_TIMEZONE": "Europe/Berlin"}
    found = read_settings(environment=environment, flags={"timezone": "Asia/Tokyo", "port": None})
    assert (found.language, found.port, str(found.timezone)) == ("en", 8200, "Asia/Tokyo")


def test_a_database_may_be_named_and_another_for_its_owner(tmp_path: Path) -> None:
    environment = {"TANZHANG_DATABASE_URL": "postgresql://a/b", "TANZHANG_OWNER_URL": "postgresql://o/b"}
    found = read_settings(environment=environment, flags={"home": str(tmp_path)})
    assert (found.database_url, found.owner_url) == ("postgresql://a/b", "postgresql://o/b")


@pytest.mark.parametrize(
    ("text", "name"),
    [('port = "http"', "port"), ("port = 0", "port"), ('language = "fr"', "language"), ('timezone = "Mars"', "timezone"), ('colour = "red"', "colour"), ("port = ", "tanzhang.toml"), ("port = true", "port")],
)  # fmt: skip
def test_a_wrong_setting_is_named_with_its_place(tmp_path: Path, text: str, name: str) -> None:
    (tmp_path / "tanzhang.toml").write_text(text)
    with pytest.raises(BadSetting, match=r"tanzhang\.toml") as caught:
        read_settings(environment={}, flags={"home": str(tmp_path)})
    assert caught.value.name == name


def test_the_zone_is_kept_with_the_book_and_never_written_over(tmp_path: Path) -> None:
    first = read_settings(environment={}, flags={"home": str(tmp_path), "timezone": "Europe/London", "language": "en"})
    assert keep_settings(first)
    again = read_settings(environment={}, flags={"home": str(tmp_path)})
    assert (str(again.timezone), again.language) == ("Europe/London", "en")
    assert not keep_settings(read_settings(environment={}, flags={"home": str(tmp_path), "timezone": "Asia/Tokyo"}))
    assert str(read_settings(environment={}, flags={"home": str(tmp_path)}).timezone) == "Europe/London"
