"""``python -m wsreplay``, the same as ``wsreplay``."""

from wsreplay.cli import main

if __name__ == "__main__":
    main()
