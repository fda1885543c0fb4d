"""Build the virtual environment from hash-locked requirements, with uv if it is there and pip if not."""

from __future__ import annotations

import shutil
import subprocess
import sys
import venv
from pathlib import Path

if sys.version_info < (3, 11):
    sys.exit(f"Vedette needs Python 3.11 or newer; this is {sys.version.split()[0]}. Try: make PYTHON=python3.12 run")


def main(folder: Path, requirements: Path) -> None:
    python = folder / "bin" / "python"
    if not python.exists():
        venv.create(folder, with_pip=shutil.which("uv") is None, clear=folder.exists())
    print("Installing locked requirements (the first time takes a minute) …", flush=True)
    if shutil.which("uv"):
        pip = ["uv", "pip", "install", "-q", "--python", str(python)]
    else:
        pip = [str(python), "-m", "pip", "install", "-q", "--disable-pip-version-check"]
    subprocess.run([*pip, "--require-hashes", "-r", str(requirements)], check=True)
    subprocess.run([*pip, "--no-deps", "--no-build-isolation", "-e", "."], check=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
