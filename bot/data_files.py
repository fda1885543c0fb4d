"""Where the shipped data lie: beside the code in a checkout, inside the package in a wheel."""

from __future__ import annotations

from pathlib import Path


def data_folder(name: str) -> Path:
    """The folder `config` or `seeds`, wherever this installation keeps it."""
    package = Path(__file__).parent
    inside = package / "data" / name
    return inside if inside.is_dir() else package.parent / name
