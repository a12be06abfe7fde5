"""A stand-in for a SOAP service: a real HTTP server that holds every message against the schema of its WSDL.

It is not a product; it takes what the WSDL beside it allows, in document/literal and rpc/literal, over SOAP
1.1 and 1.2, and says its faults the way services do.
"""

from __future__ import annotations

import base64
import hashlib
from decimal import Decimal
from pathlib import Path
from typing import Any

from aiohttp import web
from lxml import etree

WSDL = Path(__file__).with_name("warehouse.wsdl")
ENVELOPES = {
    "soap": "http://schemas.xmlsoap.org/soap/envelope/",
    "soap12": "http://www.w3.org/2003/05/soap-envelope",
}
_SECEXT = "{http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd}"
_UTILITY = "{http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd}"
USER, PASSWORD = "hub-user-8171", "pa55-word-8172"
_XSD = "{http://www.w3.org/2001/XMLSchema}"


class Refusal(Exception):
    """A fault: code, words, the service's own code."""


class SoapTarget:
    """Receipts, kept in memory."""

    def __init__(self) -> None:
        self.receipts: dict[str, dict[str, Any]] = {}
        self.actions: list[str] = []
        self.plan = "ok"
        self.nonces: set[str] = set()
        self._schemas = _schemas(etree.parse(str(WSDL)))

    async def start(self) -> str:
        app = web.Application()
        app.router.add_post("/soap", self.take)
        app.router.add_post("/soap12", self.take)
        app.router.add_get("/soap", self.describe)
        self.runner = web.AppRunner(app, access_log=None)
        await self.runner.setup()
        await web.TCPSite(self.runner, "127.0.0.1", 0).start()
        return f"http://127.0.0.1:{self.runner.addresses[0][1]}"

    async def describe(self, request: web.Request) -> web.Response:
        return web.Response(body=WSDL.read_bytes(), content_type="text/xml")

    async def take(self, request: web.Request) -> web.Response:
        version = request.path[1:]
        wanted = "application/soap+xml" if version == "soap12" else "text/xml"
        assert request.content_type == wanted, request.content_type
        self.actions.append(request.headers.get("SOAPAction") or request.headers["Content-Type"])
        envelope = etree.fromstring(await request.read())
        space = f"{{{ENVELOPES[version]}}}"
        assert envelope.tag == f"{space}Envelope"
        try:
            self.admit(envelope.find(f"{space}Header"))
            [content] = envelope.find(f"{space}Body")
            if self.plan == "down":
                raise Refusal("Server", "maintenance", "")
            answer = self.work(content)
        except Refusal as refusal:
            return _answer(version, _fault(version, *refusal.args), 500)
        if self.plan == "lost":
            assert request.transport is not None
            request.transport.abort()
        return _answer(version, answer, 200)

    def admit(self, header: Any) -> None:
        token = header.find(f"{_SECEXT}Security/{_SECEXT}UsernameToken") if header is not None else None
        if token is None:
            raise Refusal("wsse:InvalidSecurity", "no token", "")
        nonce = base64.b64decode(token.findtext(f"{_SECEXT}Nonce"))
        created = token.findtext(f"{_UTILITY}Created")
        digest = hashlib.sha1(nonce + created.encode() + PASSWORD.encode(), usedforsecurity=False).digest()
        shown = token.findtext(f"{_SECEXT}Password")
        known = token.findtext(f"{_SECEXT}Username") == USER and base64.b64decode(shown) == digest
        if not known or nonce.hex() in self.nonces:
            raise Refusal("wsse:FailedAuthentication", "not you", "")
        self.nonces.add(nonce.hex())

    def work(self, content: Any) -> str:
        name = etree.QName(content)
        if name.namespace == "urn:warehouse:rpc":
            counted = int(content.findtext("counted"))
            inside = f"<difference>{counted - 7}</difference>"
            return f'<r:CountBinResponse xmlns:r="urn:warehouse:rpc">{inside}</r:CountBinResponse>'
        copy = etree.fromstring(etree.tostring(content))
        if not self._schemas.validate(copy):
            raise Refusal("Client", str(self._schemas.error_log.last_error.message), "")
        if name.localname == "GetStock":
            return (
                '<w:GetStockResponse xmlns:w="urn:warehouse"><OnHand>1234567890.123456789</OnHand>'
                "</w:GetStockResponse>"
            )
        return self.receive(content)

    def receive(self, content: Any) -> str:
        number = content.findtext("Number")
        types = "{urn:warehouse:types}"
        lines = [
            (
                line.get("no"),
                line.findtext(f"{types}Item"),
                line.findtext(f"{types}Quantity"),
                line.findtext(f"{types}Unit"),
            )
            for line in content.findall("Lines")
        ]
        if any(item == "M-404" for _, item, _, _ in lines):
            raise Refusal("Server", "料号不存在 M-404", "WH-17")
        if any(item == "M-FULL" for _, item, _, _ in lines):
            raise Refusal("Server", "库位已满", "WH-40")
        repeated = number in self.receipts
        self.receipts.setdefault(
            number,
            {"posted": content.findtext("PostedOn"), "urgent": content.findtext("Urgent"), "lines": lines},
        )
        total = sum((Decimal(quantity) for _, _, quantity, _ in lines), Decimal(0))
        return (
            f'<w:CreateReceiptResponse xmlns:w="urn:warehouse"><Receipt><ReceiptNo>R-{number}</ReceiptNo>'
            f"<Total>{total}</Total><Repeated>{str(repeated).lower()}</Repeated></Receipt></w:CreateReceiptResponse>"
        )


def _schemas(tree: Any) -> Any:
    """One schema of the WSDL's several: the types first, taken in by their namespace."""
    types, main = tree.iterfind(f".//{_XSD}schema")
    for each in (types, main):
        for prefix, space in (("xs", _XSD[1:-1]), ("t", "urn:warehouse:types")):
            assert each.nsmap[prefix] == space
    resolver = _Beside(etree.tostring(types))
    parser = etree.XMLParser()
    parser.resolvers.add(resolver)
    text = etree.tostring(main).replace(
        b'<xs:import namespace="urn:warehouse:types"/>',
        b'<xs:import namespace="urn:warehouse:types" schemaLocation="beside.xsd"/>',
    )
    return etree.XMLSchema(etree.fromstring(text, parser))


class _Beside(etree.Resolver):
    def __init__(self, content: bytes) -> None:
        self.content = content

    def resolve(self, url: str, public_id: str, context: Any) -> Any:
        return self.resolve_string(self.content, context) if url.endswith("beside.xsd") else None


def _fault(version: str, code: str, words: str, own: str) -> str:
    detail = f"<e:code xmlns:e='urn:errors'>{own}</e:code>" if own else ""
    if version == "soap12":
        kind = {"Client": "Sender", "Server": "Receiver"}.get(code, "Sender")
        sub = f"<s:Subcode><s:Value>{code}</s:Value></s:Subcode>" if ":" in code else ""
        return (
            f"<s:Fault><s:Code><s:Value>s:{kind}</s:Value>{sub}</s:Code><s:Reason>"
            f"<s:Text xml:lang='en'>{words}</s:Text></s:Reason><s:Detail>{detail}</s:Detail></s:Fault>"
        )
    coded = code if ":" in code else f"s:{code}"
    return (
        f"<s:Fault><faultcode>{coded}</faultcode><faultstring>{words}</faultstring>"
        f"<detail>{detail}</detail></s:Fault>"
    )


def _answer(version: str, content: str, status: int) -> web.Response:
    space = ENVELOPES[version]
    text = f'<s:Envelope xmlns:s="{space}"><s:Body>{content}</s:Body></s:Envelope>'
    kind = "application/soap+xml" if version == "soap12" else "text/xml"
    return web.Response(body=text.encode(), status=status, headers={"Content-Type": f"{kind}; charset=utf-8"})
