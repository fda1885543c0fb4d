"""A catalogue with faults is refused whole, every fault with its file and line."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.entities.catalogue import entity_data, entity_from_data, load_catalogue, name_fault
from bot.errors import ConfigFaults

BAD = """
[[town]]
id = "a"
name = "Alpha"
lat = 91.0
lon = 10.0

[[town]]
id = "b"
name = "Beta"
lat = 10.0

[[actor]]
id = "a2"
name = "Gamma"
parent = "nobody"

[[actor]]
id = "a2"
name = "Gamma again"

[[actor]]
id = "c"
name = "X"

[[person]]
id = "d"
name = "2014"
colour = "red"

[[planet]]
id = "e"
name = "Mars"
"""


def test_every_fault_is_listed_with_file_and_line(tmp_path: Path) -> None:
    path = tmp_path / "bad.toml"
    path.write_text(BAD)
    with pytest.raises(ConfigFaults) as caught:
        load_catalogue([tmp_path])
    said = str(caught.value)
    for part in (
        f"{path}:2: a: lat = 91.0 is impossible",
        f"{path}:8: b: lon is missing",
        f"{path}:13: a2: unknown parent 'nobody'",
        f"{path}:18: the id 'a2' stands already in {path}:13",
        f"{path}:22: c: the name 'X' is a single letter",
        f"{path}:26: d: unknown key 'colour'",
        f"{path}:31: unknown kind 'planet'",
    ):
        assert part in said, said


def test_a_broken_file_and_a_missing_folder_are_faults(tmp_path: Path) -> None:
    (tmp_path / "broken.toml").write_text("[[town]\n")
    with pytest.raises(ConfigFaults, match=r"broken.toml: is not valid TOML"):
        load_catalogue([tmp_path])
    with pytest.raises(ConfigFaults, match="there is no such file or folder"):
        load_catalogue([tmp_path / "nowhere"])


def test_two_entities_may_share_a_name(tmp_path: Path) -> None:
    blocks = [
        f'[[town]]\nid = "{key}"\nname = "Tripoli"\nlat = {lat}\nlon = {lon}\ncountry = "{iso}"\n'
        for key, lat, lon, iso in (("ly", 32.9, 13.2, "LY"), ("lb", 34.4, 35.8, "LB"))
    ]
    (tmp_path / "places.toml").write_text("\n".join(blocks))
    assert len(load_catalogue([tmp_path]).entities) == 2


@pytest.mark.parametrize(
    ("name", "fault"), [("A", "a single letter"), ("2014", "only digits"), ("…", "no letter"), ("M23", ""), ("北", "")]
)
def test_names_that_would_fire_everywhere(name: str, fault: str) -> None:
    assert fault in name_fault(name)
    assert bool(fault) == bool(name_fault(name))


def test_an_entity_survives_the_way_through_the_database() -> None:
    from bot.data_files import data_folder

    for entity in load_catalogue([data_folder("config") / "entities"]).entities.values():
        assert entity_from_data(entity_data(entity)) == entity
