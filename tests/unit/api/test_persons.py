"""One person's data over the API: for administrators, in steps, recorded."""

from __future__ import annotations

from lineshaft.feel import codec
from lineshaft.store import writes as w
from support import store_rows as a
from support.store_rows import T0, written

from .conftest import Client

EMAIL = "wang.wei@example.cn"


async def test_person_is_exported_erased_and_the_erasure_listed(api: Client) -> None:
    payload = codec.encode({"mail": EMAIL, "no": "SO-1"})
    await written(api.hub.store, w.InsertEvent(a.event(payload=payload, routed_at=T0)))
    asked = {"known_by": [EMAIL]}
    assert (await api("POST", "/api/v1/persons/export", asked, token="viewer-token")).status == 403
    found = (await api("POST", "/api/v1/persons/export", asked)).json
    assert found["found"] == {"event": 1}
    assert found["items"][0]["data"] == {"payload.mail": EMAIL}
    done = (await api("POST", "/api/v1/persons/erase", {**asked, "reason": "asked for"})).json
    assert (done["erased"], done["next"]) == ({"event": 1}, None)
    listed = (await api("GET", "/api/v1/persons/erasures")).json
    assert [each["id"] for each in listed["items"]] == [done["erasure"]]
    assert EMAIL not in str(listed)


async def test_value_that_would_be_found_everywhere_is_refused(api: Client) -> None:
    assert (await api("POST", "/api/v1/persons/export", {"known_by": ["ab"]})).status == 400
