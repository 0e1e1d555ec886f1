"""Help and options of the commands that read what the meter has written down, and of `call`."""


def add(commands, command):
    """Add them to ``commands``; ``command(commands, name, what, text, ...)`` makes a parser."""
