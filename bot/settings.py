"""Settings: `config/vedette.toml`, then the environment over it; loaded once, all faults together.

Secrets come from the environment alone. Any other setting is `VEDETTE_<SECTION>_<KEY>` there.
"""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any, Literal
from zoneinfo import available_timezones

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, SecretStr, ValidationError

from bot.data_files import data_folder
from bot.errors import ConfigFaults

_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}


def duration(value: Any) -> timedelta:
    """`2s`, `5m`, `24h`, `7d`."""
    if isinstance(value, timedelta):
        return value
    match = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*([smhd])\s*", str(value))
    if not match:
        raise ValueError("expected a duration such as 2s, 5m, 24h or 7d")
    span = timedelta(seconds=float(match[1]) * _UNITS[match[2]])
    if span <= timedelta(0):
        raise ValueError("expected a duration longer than zero")
    return span


def _words(value: Any) -> Any:
    """Lists come from the environment as comma-separated text."""
    return [part.strip() for part in value.split(",") if part.strip()] if isinstance(value, str) else value


def _zone(value: str) -> str:
    if value not in available_timezones():
        raise ValueError("expected an IANA time zone such as Asia/Baghdad or UTC")
    return value


def _clock_time(value: str) -> str:
    if not re.fullmatch(r"([01]\d|2[0-3]):[0-5]\d", value):
        raise ValueError("expected a time such as 07:00")
    return value


def _host_port(values: list[str]) -> list[str]:
    for value in values:
        if not re.fullmatch(r"(\[[0-9a-fA-F:]+\]|[^\s:/]+):\d{1,5}", value):
            raise ValueError(f"expected exact host:port pairs such as 127.0.0.1:8080, not {value!r}")
    return values


def _listen(value: str) -> str:
    if value and not re.fullmatch(r"(\[[0-9a-fA-F:.]+\]|[^\s:/]+):\d{1,5}", value):
        raise ValueError("expected host:port such as 127.0.0.1:8080")
    return value


def _web_address(value: str) -> str:
    if value and not re.fullmatch(r"https?://[^\s/?#@]+(/[^\s?#]*)?", value):
        raise ValueError("expected an address such as https://vedette.example.org")
    return value


Duration = Annotated[timedelta, BeforeValidator(duration)]
Words = Annotated[list[str], BeforeValidator(_words)]
Zone = Annotated[str, AfterValidator(_zone)]


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class StoreSection(_Section):
    folder: Path = Field(Path("var"), description="where the database and compiled indexes live")


class CorpusSection(_Section):
    folders: Words = Field(default_factory=list, description="watched folders; empty means the seed corpus")
    interval: Duration = Field(timedelta(seconds=30), description="how often a folder is looked at")


class FeedsSection(_Section):
    urls: Words = Field(default_factory=list, description="feeds every workspace reads")
    min_interval: Duration = Field(timedelta(minutes=5), description="never poll a feed more often")
    max_interval: Duration = Field(timedelta(hours=24), description="never poll a feed more seldom")
    fresh: Duration = Field(timedelta(hours=24), description="older items of a first read are filed without an alert")
    pages: Literal["auto", "on", "off"] = Field(
        "auto", description="whether the page of a new item is fetched, for feeds without a setting of their own"
    )


class FetchSection(_Section):
    allow: Annotated[Words, AfterValidator(_host_port)] = Field(
        default_factory=list, description="private host:port pairs that may be fetched, exactly"
    )
    contact: str = Field("", description="address put into the User-Agent so that publishers can reach you")
    timeout: Duration = Field(timedelta(seconds=15), description="whole time one answer may take")


class OutboxSection(_Section):
    lease: Duration = Field(timedelta(seconds=15), description="how long a claimed delivery stays with one process")


class DigestSection(_Section):
    at: Annotated[str, AfterValidator(_clock_time)] = Field("07:00", description="default local time of the digest")
    timezone: Zone = Field("UTC", description="default time zone of channels")


class EntitiesSection(_Section):
    folders: Words = Field(default_factory=list, description="further folders of entity files")
    model: bool = Field(True, description="use the statistical model where it can change a decision")


class DiscordSection(_Section):
    api_url: str = Field("https://discord.com/api/v10", description="REST address")
    gateway_url: str = Field("wss://gateway.discord.gg/", description="gateway address")
    shards: int = Field(
        0, ge=0, le=1000, description="connections to the gateway; 0 is one, which serves 2,500 servers"
    )


class SlackSection(_Section):
    api_url: str = Field("https://slack.com/api/", description="Web API address (GovSlack, proxies)")
    client_id: str = Field("", description="the app's client id, where other workspaces may install it")


class HttpSection(_Section):
    listen: Annotated[str, AfterValidator(_listen)] = Field(
        "", description="host:port of /healthz and /metrics; empty is off"
    )
    public_url: Annotated[str, AfterValidator(_web_address)] = Field(
        "", description="address under which the world reaches `listen`"
    )


class LogSection(_Section):
    level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field("WARNING", description="lowest level written")


class Secrets(_Section):
    discord_token: SecretStr | None = None
    slack_bot_token: SecretStr | None = None
    slack_app_token: SecretStr | None = None
    slack_signing_secret: SecretStr | None = None
    slack_client_secret: SecretStr | None = None
    secret_keys: SecretStr | None = None
    database_url: SecretStr | None = None


class Settings(_Section):
    """Every setting, by section, as in `config/vedette.toml`."""

    store: StoreSection = StoreSection()
    corpus: CorpusSection = CorpusSection()
    feeds: FeedsSection = FeedsSection()
    fetch: FetchSection = FetchSection()
    outbox: OutboxSection = OutboxSection()
    digest: DigestSection = DigestSection()
    entities: EntitiesSection = EntitiesSection()
    discord: DiscordSection = DiscordSection()
    slack: SlackSection = SlackSection()
    http: HttpSection = HttpSection()
    log: LogSection = LogSection()
    secrets: Secrets = Secrets()
    origin: Path | None = None

    @property
    def database_url(self) -> str:
        if self.secrets.database_url:
            return self.secrets.database_url.get_secret_value()
        return f"sqlite:///{self.store.folder / 'vedette.db'}"

    @property
    def corpus_folders(self) -> list[Path]:
        return [Path(folder) for folder in self.corpus.folders] or [data_folder("seeds")]

    @property
    def entity_folders(self) -> list[Path]:
        return [data_folder("config") / "entities", *map(Path, self.entities.folders)]


def sections() -> dict[str, type[BaseModel]]:
    """The sections a settings file may have."""
    return {
        name: info.annotation
        for name, info in Settings.model_fields.items()
        if name not in ("secrets", "origin") and isinstance(info.annotation, type)
    }


def load_settings(path: Path | None = None, environ: Mapping[str, str] = os.environ) -> Settings:
    """Read file and environment; raises `ConfigFaults` with every fault, its file and its key."""
    origin = path or data_folder("config") / "vedette.toml"
    faults: list[str] = []
    data: dict[str, Any] = {}
    try:
        data = tomllib.loads(origin.read_text(encoding="utf-8"))
    except FileNotFoundError:
        faults.append(f"{origin}: there is no such file")
    except (OSError, UnicodeDecodeError) as error:
        faults.append(f"{origin}: cannot be read ({error})")
    except tomllib.TOMLDecodeError as error:
        faults.append(f"{origin}: is not valid TOML: {error}")
    where: dict[tuple[str, ...], str] = {}
    for variable, section, key, value in _from_environment(environ, faults):
        if isinstance(data.setdefault(section, {}), dict):
            data[section][key] = value
            where[(section, key)] = variable
    if "secrets" in data or "origin" in data:
        faults.append(f"{origin}: [secrets] may not stand in a file; set DISCORD_TOKEN and the like in the environment")
        data.pop("secrets", None)
        data.pop("origin", None)
    secrets = {name: environ[name.upper()] for name in Secrets.model_fields if environ.get(name.upper())}
    try:
        settings = Settings.model_validate({**data, "secrets": secrets, "origin": origin})
    except ValidationError as error:
        faults += [_sentence(item, origin, where) for item in error.errors()]
    if faults:
        raise ConfigFaults(faults, "configuration")
    return settings


def _from_environment(environ: Mapping[str, str], faults: list[str]) -> list[tuple[str, str, str, str]]:
    found = []
    for variable, value in sorted(environ.items()):
        if not variable.startswith("VEDETTE_"):
            continue
        section, _, key = variable.removeprefix("VEDETTE_").lower().partition("_")
        model = sections().get(section)
        if model is None or key not in model.model_fields:
            known = ", ".join(
                _variable(name, field) for name, item in sections().items() for field in item.model_fields
            )
            faults.append(f"environment: {variable} is no setting; the settings are {known}")
            continue
        found.append((variable, section, key, value))
    return found


def _variable(section: str, key: str) -> str:
    return f"VEDETTE_{section}_{key}".upper()


def _sentence(item: Any, origin: Path, where: Mapping[tuple[str, ...], str]) -> str:
    location = tuple(str(part) for part in item["loc"])
    variable = where.get(location[:2])
    place = f"environment: {variable}" if variable else f"{origin}: [{location[0]}] {'.'.join(location[1:])}".rstrip()
    if item["type"] == "extra_forbidden":
        model = sections().get(location[0])
        if model is None:
            return f"{origin}: [{location[0]}] is no section; the sections are {', '.join(sections())}"
        return f"{place} is no setting; [{location[0]}] has {', '.join(model.model_fields)}"
    message = str(item["msg"]).removeprefix("Value error, ")
    return f"{place} = {item['input']!r}: {message}"
