"""The page of metrics needs a token, and says what the hub does."""

from __future__ import annotations

from .conftest import Client


async def test_metrics_need_a_right_and_count_what_comes_in(api: Client) -> None:
    assert (await api("GET", "/metrics", token=None)).status == 401
    assert (await api("GET", "/metrics", token="machine-token")).status == 403
    trace = {"traceparent": "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"}
    event = {"specversion": "1.0", "id": "1", "source": "crm", "type": "crm.order", "subject": "SO-1"}
    headers = {"content-type": "application/cloudevents+json", **trace}
    for _ in range(2):
        await api("POST", "/api/v1/events", event, token="machine-token", headers=headers)
    told = (await api("GET", "/metrics", token="viewer-token")).content.decode()
    assert 'lineshaft_events_total{verdict="accepted"} 1' in told
    assert 'lineshaft_events_total{verdict="duplicate"} 1' in told
    assert "lineshaft_events_waiting 1" in told
    assert 'lineshaft_info{version="' in told
    assert "lineshaft_commit_units_count 2" in told
