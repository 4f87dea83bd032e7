"""What the AWS SDK for .NET signs is what counts: of its two generations, the newer leaves `User-Agent` out."""

from __future__ import annotations

import pytest

from dotnet_shape import request
from places import Place
from raw import send


@pytest.mark.parametrize(("generation", "status"), [(3, 403), (4, 200)])
def test_a_changed_user_agent_matters_where_it_was_signed(place: Place, generation: int, status: int) -> None:
    head, body = request(
        place.server.endpoint, place.user("casey"), generation, {"Action": "GetCallerIdentity"}
    )
    head["User-Agent"] += " again"
    answer = send(place.server.endpoint, "POST", "/", head, body)
    assert (answer.status, "SignatureDoesNotMatch" in answer.text) == (status, status == 403)
