"""The command line.

Enters: the arguments of `vestry`. Leaves: an exit code (0 done, 1 it failed, 2 wrongly asked) and text, tables or JSON.
Heavy imports stay inside the commands, so that help and short commands are quick. This room must not know how an
answer is come by: it asks the server, or the functions that the server would have called. Start in `overview`.
"""

import os
import sys

COMPLETION = "_VESTRY_COMPLETE"  # set by a shell that asks for completions


def main() -> int:
    """Run the command line and return its exit code."""
    arguments = sys.argv[1:]
    if COMPLETION not in os.environ:
        if arguments in ([], ["--help"], ["-h"]):
            from vestry.cli.overview import overview

            sys.stdout.write(overview())
            return 0 if arguments else 2
        if arguments == ["--version"]:
            from vestry import __version__

            sys.stdout.write(f"vestry {__version__}\n")
            return 0
    from vestry.cli.commands import run

    return run(arguments)
