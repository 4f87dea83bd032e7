"""What an answer hangs on: the conditions whose other truth would change it.

The conditions of a statement are a conjunction. Where all hold, making any of them false takes the statement away;
where one alone does not hold, making that one true lets the statement match; where several do not, none decides.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator

from differential.conditions import holds
from differential.known import conditions, policies, with_condition
from differential.requests import Line
from vestry.policy.document import Condition


def deciding(line: Line, given: str, answer: Callable[[Line], str]) -> Iterator[Condition]:
    """Yield every condition of `line` with the opposite of which `answer` does not give what was `given`."""
    changed = copy.deepcopy(line)
    for policy in policies(changed):
        for statement in policy["Statement"]:
            found = list(conditions(statement))
            false = [one for one in found if not holds(one[1], line["context"], policy["Version"])]
            if not found or len(false) > 1:
                continue
            before = statement["Condition"]
            operator, condition = (false or found)[0]
            with_condition(statement, operator, condition.key, bool(false))
            differs = answer(changed) != given
            statement["Condition"] = before
            if differs:
                yield from (one for _, one in false or found)
