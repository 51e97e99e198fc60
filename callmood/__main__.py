"""``python -m callmood``: the same as the command ``callmood``."""

from callmood.cli.app import main

main()
