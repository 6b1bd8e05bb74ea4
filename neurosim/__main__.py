"""``python -m neurosim`` is the command ``neurosim``."""

from neurosim.cli import main

if __name__ == "__main__":
    main()
