from __future__ import annotations

import tomllib
from datetime import timedelta
from pathlib import Path

import pytest

from bot.data_files import data_folder
from bot.errors import ConfigFaults
from bot.settings import load_settings, sections


def test_the_shipped_file_names_every_setting_with_its_default() -> None:
    shipped = tomllib.loads((data_folder("config") / "vedette.toml").read_text(encoding="utf-8"))
    assert {name: set(section) for name, section in shipped.items()} == {
        name: set(model.model_fields) for name, model in sections().items()
    }
    assert load_settings(environ={}).model_dump(exclude={"origin"}) == type(load_settings(environ={}))().model_dump(
        exclude={"origin"}
    )


def test_the_environment_overrides_the_file() -> None:
    environ = {
        "VEDETTE_FEEDS_MIN_INTERVAL": "2s",
        "VEDETTE_FETCH_ALLOW": "127.0.0.1:80, [::1]:8080",
        "DISCORD_TOKEN": "very-secret",
    }
    settings = load_settings(environ=environ)
    assert settings.feeds.min_interval == timedelta(seconds=2)
    assert settings.fetch.allow == ["127.0.0.1:80", "[::1]:8080"]
    assert settings.secrets.discord_token
    assert "very-secret" not in repr(settings.secrets)


def test_all_faults_come_together_with_place_and_remedy(tmp_path: Path) -> None:
    file = tmp_path / "v.toml"
    file.write_text(
        '[feeds]\nmin_interval = "5 parsecs"\nspeed = 1\n'
        '[digest]\ntimezone = "Mars/Base"\nat = "7am"\n'
        '[nowhere]\nx = 1\n[log]\nlevel = "LOUD"\n'
    )
    with pytest.raises(ConfigFaults) as caught:
        load_settings(file, {"VEDETTE_FEEDS_FRESH": "0s", "VEDETTE_NO_SUCH": "1"})
    text = str(caught.value)
    for part in (
        "[feeds] min_interval = '5 parsecs': expected a duration",
        "[feeds] speed is no setting; [feeds] has",
        "expected an IANA time zone",
        "expected a time such as 07:00",
        "[nowhere] is no section",
        "'DEBUG', 'INFO'",
        "VEDETTE_FEEDS_FRESH",
        "VEDETTE_NO_SUCH is no setting",
        str(file),
    ):
        assert part in text
    assert len(caught.value.faults) == 8


@pytest.mark.parametrize("content", ["not toml [", "", None])
def test_a_broken_or_missing_file_is_said_not_raised(content: str | None, tmp_path: Path) -> None:
    file = tmp_path / "v.toml"
    if content is None:
        with pytest.raises(ConfigFaults, match="no such file"):
            load_settings(file, {})
        return
    file.write_text(content)
    if content:
        with pytest.raises(ConfigFaults, match="not valid TOML"):
            load_settings(file, {})
    else:
        assert load_settings(file, {}).digest.at == "07:00"


def test_secrets_in_a_file_are_refused(tmp_path: Path) -> None:
    (tmp_path / "v.toml").write_text('[secrets]\ndiscord_token = "x"\n')
    with pytest.raises(ConfigFaults, match="environment"):
        load_settings(tmp_path / "v.toml", {})
