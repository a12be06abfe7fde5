"""The shipped SMS gateways against doubles that check the signature by themselves, and published examples."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

import pytest
import pytest_asyncio

from lineshaft.app.system_clock import SystemClock
from lineshaft.base.clock import Clock, FixedClock
from lineshaft.base.errors import Invalid, OutcomeUnknown, RateLimited, Refused, Unavailable
from lineshaft.connectors.http import HTTP, HttpConnector
from lineshaft.connectors.products import product_manifest
from lineshaft.sdk.registry import Connection
from lineshaft.sdk.suite import context, raised
from support.http_bench import Bench, say

SECRETS = {
    "tencent_secret_id": "AKIDz8krbsJ5yKBZQpn74WFkmLPx3EXAMPLE",
    "tencent_secret_key": "Gu5t9xGARNpq86cd98joQYCN3EXAMPLE",
    "aliyun_key_id": "testid",
    "aliyun_key_secret": "testsecret",
}
NAMES = ("sms_tencent", "sms_aliyun")
VALUES: dict[str, Any] = {"sms_tencent": ["S-1", 3], "sms_aliyun": {"order": "S-1"}}


class Gateways(Bench):
    """Both services on one server."""

    def __init__(self) -> None:
        super().__init__()
        self.sent: list[dict[str, Any]] = []
        self.answer: dict[str, Any] | None = None
        self.url = ""

    async def start(self) -> None:
        self.url = await self.serve({"POST /": self.any})

    async def any(self, request: Any) -> Any:
        return await (self.tencent(request) if "X-TC-Action" in request.headers else self.aliyun(request))

    async def tencent(self, request: Any) -> Any:
        body = await request.read()
        stamp = request.headers["X-TC-Timestamp"]
        day = datetime.fromtimestamp(int(stamp), UTC).strftime("%Y-%m-%d")
        headers = f"content-type:{request.headers['Content-Type']}\nhost:sms.tencentcloudapi.com\n"
        asked = f"POST\n/\n\n{headers}\ncontent-type;host\n{hashlib.sha256(body).hexdigest()}"
        scope = f"{day}/sms/tc3_request"
        text = f"TC3-HMAC-SHA256\n{stamp}\n{scope}\n{hashlib.sha256(asked.encode()).hexdigest()}"
        key = b"TC3" + SECRETS["tencent_secret_key"].encode()
        for part in (day, "sms", "tc3_request"):
            key = hmac.digest(key, part.encode(), "sha256")
        wanted = (
            f"TC3-HMAC-SHA256 Credential={SECRETS['tencent_secret_id']}/{scope}, "
            f"SignedHeaders=content-type;host, Signature={hmac.digest(key, text.encode(), 'sha256').hex()}"
        )
        if request.headers["Authorization"] != wanted:
            words = {"Code": "AuthFailure.SignatureFailure", "Message": "the signature is wrong"}
            return say({"Response": {"Error": words}})
        if request.headers["X-TC-Action"] != "SendSms":
            return say({"Response": {"PullSmsSendStatusSet": []}})
        self.sent.append(json.loads(body))
        return say(
            self.answer or {"Response": {"SendStatusSet": [{"SerialNo": "T-1", "Fee": 1, "Code": "Ok"}]}}
        )

    async def aliyun(self, request: Any) -> Any:
        pairs = dict(request.query)
        given = pairs.pop("Signature")
        shown = "&".join(f"{quote(name, safe='')}={quote(pairs[name], safe='')}" for name in sorted(pairs))
        text = f"POST&%2F&{quote(shown, safe='')}"
        key = SECRETS["aliyun_key_secret"].encode() + b"&"
        wanted = base64.b64encode(hmac.new(key, text.encode(), hashlib.sha1).digest()).decode()
        if given != wanted:
            return say({"Code": "SignatureDoesNotMatch", "Message": "the signature is wrong"}, 400)
        if pairs["Action"] != "SendSms":
            return say({"Code": "OK"})
        self.sent.append(pairs)
        return say(self.answer or {"Code": "OK", "BizId": "A-1"})


@pytest_asyncio.fixture
async def gateways() -> AsyncIterator[Gateways]:
    gateways = Gateways()
    await gateways.start()
    yield gateways
    await gateways.close()


async def connected(
    gateways: Gateways, name: str, clock: Clock | None = None, **secrets: str
) -> HttpConnector:
    settings: dict[str, Any] = {"base_url": gateways.url, "signature": "某公司"}
    if name == "sms_tencent":
        settings["app_id"] = "1400000000"
    clock = clock or FixedClock(datetime.fromtimestamp(1700000000, UTC))
    connection = Connection(name, settings, {**SECRETS, **secrets}.__getitem__, clock)
    connector = HTTP.read(product_manifest(name), f"{name}.yaml").connect(connection)
    await connector.open()
    gateways._opened.append(connector)
    return connector


def message(name: str) -> dict[str, Any]:
    return {"mobile": "+8613800000000", "template": "SMS_1 +~*", "values": VALUES[name]}


@pytest.mark.parametrize("name", NAMES)
async def test_a_message_is_sent_with_the_vendors_signature(gateways: Gateways, name: str) -> None:
    connector = await connected(gateways, name)
    outcome = await connector.call("sms.send", message(name), context())
    assert outcome.number in ("T-1", "A-1")
    assert "+8613800000000" in str(gateways.sent)
    assert "某公司" in str(gateways.sent)


@pytest.mark.parametrize("name", NAMES)
async def test_a_check_finds_wrong_secrets_and_sends_nothing(gateways: Gateways, name: str) -> None:
    good = await (await connected(gateways, name, SystemClock())).check()
    assert all(step.ok for step in good), good
    wrong = await connected(gateways, name, SystemClock(), tencent_secret_key="no", aliyun_key_secret="no")
    assert not (await wrong.check())[-1].ok
    await raised(Unavailable, wrong.call("sms.send", message(name), context()))
    assert gateways.sent == []


def tencent(code: str, *, whole: bool = False) -> dict[str, Any]:
    if whole:
        return {"Response": {"Error": {"Code": code, "Message": "words"}}}
    return {"Response": {"SendStatusSet": [{"Code": code, "Message": "words", "SerialNo": ""}]}}


@pytest.mark.parametrize(
    ("name", "answer", "kind"),
    [
        ("sms_tencent", tencent("LimitExceeded.PhoneNumberDailyLimit"), Refused),
        ("sms_tencent", tencent("LimitExceeded.PhoneNumberThirtySecondLimit"), RateLimited),
        ("sms_tencent", tencent("InvalidParameterValue.IncorrectPhoneNumber"), Invalid),
        ("sms_tencent", tencent("InternalError", whole=True), OutcomeUnknown),
        ("sms_aliyun", {"Code": "isv.BUSINESS_LIMIT_CONTROL", "Message": "words"}, RateLimited),
        ("sms_aliyun", {"Code": "isv.AMOUNT_NOT_ENOUGH", "Message": "words"}, Refused),
        ("sms_aliyun", {"Code": "isv.MOBILE_NUMBER_ILLEGAL", "Message": "words"}, Invalid),
        ("sms_aliyun", {"Code": "isp.SYSTEM_ERROR", "Message": "words"}, OutcomeUnknown),
    ],
)
async def test_an_error_inside_a_good_status_is_sorted_by_its_code(
    gateways: Gateways, name: str, answer: dict[str, Any], kind: Any
) -> None:
    gateways.answer = answer
    connector = await connected(gateways, name)
    error = await raised(kind, connector.call("sms.send", message(name), context()))
    assert error.vendor_text == "words"
    assert error.vendor_code in str(answer)


async def test_the_published_examples_of_both_signatures_come_out(gateways: Gateways) -> None:
    """Each vendor's example key, time and body; only the signing is the manifests'."""
    seen: list[Any] = []

    async def note(request: Any) -> Any:
        seen.append((dict(request.headers), dict(request.query)))
        return say({})

    url = await gateways.serve({"POST /": note, "GET /": note})
    manifest = product_manifest("sms_tencent").decode().replace("/sms/", "/cvm/").replace('"sms"', '"cvm"')
    kind = "content-type:application/json"
    manifest = manifest.replace(f"{kind}\\n", f"{kind}; charset=utf-8\\n")
    manifest = manifest.replace("sha256(body))", "sha256('PAYLOAD'))")
    payload = '{"Limit": 1, "Filters": [{"Values": ["\\u672a\\u547d\\u540d"], "Name": "instance-name"}]}'
    digest = hashlib.sha256(payload.encode()).hexdigest()
    manifest = manifest.replace("sha256('PAYLOAD')", f'"{digest}"')
    settings = {"base_url": url, "signature": "x", "app_id": "1", "host": "cvm.tencentcloudapi.com"}
    clock = FixedClock(datetime.fromtimestamp(1551113065, UTC))
    connection = Connection("sms", settings, SECRETS.__getitem__, clock)
    connector = HTTP.read(manifest.encode(), "sms.yaml").connect(connection)
    await connector.open()
    gateways._opened.append(connector)
    await connector.check()
    golden = "72e494ea809ad7a8c8f7a4507b9bddcbaa8e581f516e8da2f66e2c5a96525168"
    assert seen[-1][0]["Authorization"].endswith(f"Signature={golden}")

    ali = (
        product_manifest("sms_aliyun").decode().replace("2017-05-25", "2014-05-26").replace('"JSON"', '"XML"')
    )
    start, end = ali.index("check:"), ali.index("operations:")
    ali = ali[:start] + "check: {path: /, query: {Action: '\"DescribeRegions\"'}}\n\n" + ali[end:]
    clock = FixedClock(datetime(2016, 2, 23, 12, 46, 24, tzinfo=UTC))
    nonce = "3ee8c1b8-83d3-44af-a94f-4e0ad82fd6cf"
    connection = Connection(
        "sms", {"base_url": url, "signature": "x"}, SECRETS.__getitem__, clock, lambda: nonce
    )
    connector = HTTP.read(ali.encode(), "sms.yaml").connect(connection)
    await connector.open()
    gateways._opened.append(connector)
    await connector.check()
    assert seen[-1][1]["Signature"] == "OLeaidS1JvxuMvnyHOwuJ+uX5qY="
