"""The command line.

Enters: the arguments of `vestry`. Leaves: an exit code (0 done, 1 it failed, 2 wrongly asked) and text, tables or JSON.
Heavy imports stay inside the commands, so that help and short commands are quick. This room must not know how an
answer is come by: it asks the server, or the functions that the server would have called. Start in `commands`.
"""


def main() -> int:
    """Run the command line and return its exit code."""
    from vestry.cli.commands import run

    return run()
