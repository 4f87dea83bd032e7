"""How much of what is random the tests try: all of it, or a share where a campaign runs them thousands of times.

The share is what EXAMPLES_SHARE says (1 without it). Less than all is also the same at every run.
"""

from __future__ import annotations

import os

from hypothesis import settings

SHARE = float(os.environ.get("EXAMPLES_SHARE", "1"))


def examples(count: int) -> int:
    """Return how many examples to try where `count` are all of them: some, at least."""
    return min(count, max(8, round(count * SHARE)))


#: How long an example takes depends on what else the machine does: no test fails by that.
settings.register_profile("any machine", deadline=None)
settings.load_profile("any machine")
settings.register_profile("share", max_examples=examples(100), derandomize=True, database=None, deadline=None)
if SHARE < 1:
    settings.load_profile("share")
