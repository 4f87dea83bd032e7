"""Makes mutants of source files with mutmut's operators; runs in mutmut's own environment, which holds nothing of ours.

python make_mutants.py FILE… writes one line of JSON a mutant to stdout: the file, and which characters of it
(`start`, `end`) are replaced by which `text`. Mutants are made of whole files: module-level tables and decorated
functions too, which mutmut's own runner leaves out.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from mutmut.mutation.file_mutation import create_mutations, deep_replace


def main() -> None:
    """Write the mutants of the files named on the command line, each once."""
    for name in sys.argv[1:]:
        source = Path(name).read_text(encoding="utf-8")
        module, mutations, _, _ = create_mutations(name, source)
        seen = {source}
        for mutation in mutations:
            mutated = deep_replace(module, mutation.original_node, mutation.mutated_node).code
            if mutated not in seen:
                seen.add(mutated)
                start, end, text = difference(source, mutated)
                print(json.dumps({"file": name, "start": start, "end": end, "text": text}))


def difference(old: str, new: str) -> tuple[int, int, str]:
    """Return what must be replaced in `old` to make `new`: from where, to where, by what."""
    start = _alike(old, new)
    rest, changed = old[start:], new[start:]
    same = _alike(rest[::-1], changed[::-1])
    return start, len(old) - same, changed[: len(changed) - same]


def _alike(one: str, other: str) -> int:
    """Return how many characters the texts begin with in common."""
    return next(
        (at for at, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other))
    )


if __name__ == "__main__":
    main()
