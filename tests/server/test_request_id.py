"""Request ids are random UUIDs, as AWS's are."""

import uuid

from vestry.server.front import new_request_id


def test_a_request_id_is_a_version_4_uuid_in_canonical_form() -> None:
    made = {new_request_id() for _ in range(200)}
    assert len(made) == 200
    for text in made:
        read = uuid.UUID(text)
        assert (str(read), read.version, read.variant) == (text, 4, uuid.RFC_4122)
