"""The command line.

Enters: the arguments of `vestry`. Leaves: an exit code (0 done, 1 it failed, 2 wrongly asked) and text, tables or JSON.
"""


def main() -> int:
    """Run the command line."""
    return 0
