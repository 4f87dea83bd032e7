"""The time at which a path is judged is the one that is given."""

from __future__ import annotations

import pytest

from certificates import NOW, authority, issue
from vestry.credentials.certificate_path import EXPIRED, UNTRUSTED, check_path
from vestry.errors import AccessDenied

DAY = 86_400
TODAY = int(NOW.timestamp())
ROOT = authority("root", days=(-1, 100))
BETWEEN = authority("between", ROOT, days=(-1, 10))
HOLDER = issue("holder", BETWEEN, days=(-1, 30))


@pytest.mark.parametrize(
    ("day", "said"), [(0, None), (9, None), (11, UNTRUSTED), (31, EXPIRED), (-2, EXPIRED)]
)
def test_each_certificate_is_valid_at_that_time(day: int, said: str | None) -> None:
    given = HOLDER.certificate, [BETWEEN.certificate], [ROOT.certificate], [], TODAY + day * DAY
    if said is None:
        check_path(*given)
    else:
        with pytest.raises(AccessDenied, match=said):
            check_path(*given)
