"""`python -m micdrop_widget`: the same as the command `micdrop-widget`."""

from micdrop_widget.cli.main import main

__all__ = ["main"]

if __name__ == "__main__":
    raise SystemExit(main())
