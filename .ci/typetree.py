"""Links the three source folders to their installed places, below build/typetree, for type checkers and doctests."""

import os
import shutil
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
TREE = ROOT / "build" / "typetree"
PACKAGE = TREE / "neurosim"


def main() -> None:
    """Make the tree anew."""
    shutil.rmtree(TREE, ignore_errors=True)
    PACKAGE.mkdir(parents=True)
    for source in [*(ROOT / "neurosim").iterdir(), ROOT / "hardware", ROOT / "models"]:
        if source.name != "__pycache__":
            (PACKAGE / source.name).symlink_to(os.path.relpath(source, PACKAGE), target_is_directory=source.is_dir())


if __name__ == "__main__":
    main()
