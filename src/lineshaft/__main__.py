"""Run the command line with ``python -m lineshaft``."""

from lineshaft.cli import main

if __name__ == "__main__":
    main()
