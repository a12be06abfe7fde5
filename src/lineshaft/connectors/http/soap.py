"""SOAP 1.1 and 1.2: envelopes, faults and the UsernameToken of WS-Security. Pure.

A body is a tree with one root, as for XML; it goes into an envelope, and out of an answer's envelope comes
what stands in its body. A fault is told as ``{code, text, detail}`` whatever the version. Sources: SOAP 1.1
§4, SOAP 1.2 part 1 §5; OASIS Web Services Security UsernameToken Profile 1.1.1.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

from lineshaft.connectors.http.texts import as_text
from lineshaft.connectors.http.xmltree import NotXml, read_xml, write_xml

VERSIONS: Final[Mapping[str, str]] = {
    "soap": "http://schemas.xmlsoap.org/soap/envelope/",
    "soap12": "http://www.w3.org/2003/05/soap-envelope",
}
"""Encoding in a manifest → the envelope's namespace."""
_WSS: Final = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-"
_SECEXT: Final = f"{_WSS}wssecurity-secext-1.0.xsd"
_UTILITY: Final = f"{_WSS}wssecurity-utility-1.0.xsd"
_PROFILE: Final = f"{_WSS}username-token-profile-1.0"
_BASE64: Final = f"{_WSS}soap-message-security-1.0#Base64Binary"
_OURS: Final = frozenset({"Client", "Sender", "VersionMismatch", "MustUnderstand", "DataEncodingUnknown"})
"""Fault codes that say: the message was wrong."""
DENIALS: Final = frozenset(
    {"FailedAuthentication", "InvalidSecurity", "InvalidSecurityToken", "SecurityTokenUnavailable"}
)
"""Fault codes of WS-Security that say: these credentials are not accepted."""


@dataclass(slots=True)
class SoapParts:
    """What a request's envelope has beside its body."""

    action: str = ""
    header: dict[str, Any] = field(default_factory=dict)


class Fault(dict[str, Any]):
    """A fault, as expressions see it: ``code``, ``text``, ``detail``."""

    @property
    def verdict(self) -> str:
        """What it means where the manifest does not say: wrong data, wrong credentials, or nobody knows."""
        code = str(self["code"])
        if code in DENIALS:
            return "unavailable"
        return "invalid" if code in _OURS else "unknown"


def write_soap(content: Any, encoding: str, parts: SoapParts) -> tuple[bytes, dict[str, str]]:
    """Return the envelope and the headers that belong to it.

    Raises:
        NotXml: The body has not exactly one root, or a name is no XML name.
    """
    if not isinstance(content, Mapping) or len(content) != 1:
        raise NotXml("expected a body with exactly one key, the operation's element")
    envelope: dict[str, Any] = {"@xmlns:soap": VERSIONS[encoding]}
    if parts.header:
        envelope["soap:Header"] = parts.header
    envelope["soap:Body"] = dict(content)
    written = write_xml({"soap:Envelope": envelope})
    if encoding == "soap12":
        action = f'; action="{parts.action}"' if parts.action else ""
        return written, {"Content-Type": f"application/soap+xml; charset=utf-8{action}"}
    # SOAP 1.1 §6.1.1 asks for the header, in quotes; empty: the address says it all.
    return written, {"Content-Type": "text/xml; charset=utf-8", "SOAPAction": f'"{parts.action}"'}


def read_soap(body: bytes) -> Any:
    """Return what stands in the body of an envelope; a fault under ``Fault``.

    Raises:
        NotXml: It is no envelope.
    """
    tree = read_xml(body)
    envelope = tree.get("Envelope")
    if not isinstance(envelope, Mapping) or "Body" not in envelope:
        raise NotXml(f"expected a SOAP envelope, but its root is {next(iter(tree))}")
    content = envelope["Body"]
    if not isinstance(content, Mapping):
        return {}
    fault = content.get("Fault")
    return {"Fault": _fault(fault)} if fault is not None else dict(content)


def _fault(tree: Any) -> Fault:
    told = tree if isinstance(tree, Mapping) else {"faultstring": tree}
    if "faultcode" in told or "faultstring" in told:
        words = _words(told.get("faultstring"))
        return Fault(code=_local(told.get("faultcode")), text=words, detail=told.get("detail"))
    found = told.get("Code")
    code: Mapping[str, Any] = found if isinstance(found, Mapping) else {}
    # The innermost code says most (SOAP 1.2 part 1 §5.4.6).
    value = code.get("Value")
    while isinstance(code.get("Subcode"), Mapping):
        code = code["Subcode"]
        value = code.get("Value", value)
    reason = told.get("Reason")
    words = _words(reason.get("Text") if isinstance(reason, Mapping) else reason)
    return Fault(code=_local(value), text=words, detail=told.get("Detail"))


def _words(value: Any) -> str:
    if isinstance(value, list):
        value = value[0] if value else ""
    if isinstance(value, Mapping):
        value = value.get("#text", "")
    return " ".join(as_text(value).split())


def _local(code: Any) -> str:
    """Return a code without its prefix: which one it has is the sender's choice."""
    return _words(code).rpartition(":")[2]


def fault_in(answer: Any) -> Fault | None:
    """Return the fault of an answer that ``read_soap`` read; ``None``: there is none."""
    found = answer.get("Fault") if isinstance(answer, Mapping) else None
    return found if isinstance(found, Fault) else None


def username_token(
    user: str, password: str, now: datetime, nonce: bytes, *, digest: bool, lasts_s: float
) -> dict[str, Any]:
    """Return the header ``Security`` with a UsernameToken.

    Args:
        user: The user's name.
        password: The password.
        now: The present time, in UTC.
        nonce: Never the same twice.
        digest: Send base 64 of SHA-1 over nonce, time and password instead of the password itself.
        lasts_s: A time stamp that ends after so many seconds goes along; 0: none.
    """
    created = now.strftime("%Y-%m-%dT%H:%M:%SZ")
    shown = password
    if digest:
        # The profile says SHA-1; the nonce and the time keep it from being shown again.
        made = hashlib.sha1(nonce + created.encode() + password.encode(), usedforsecurity=False)
        shown = base64.b64encode(made.digest()).decode()
    kind = f"{_PROFILE}#{'PasswordDigest' if digest else 'PasswordText'}"
    security: dict[str, Any] = {
        "@xmlns:wsse": _SECEXT,
        "@xmlns:wsu": _UTILITY,
        "@soap:mustUnderstand": "1",
    }
    if lasts_s:
        ends = (now + timedelta(seconds=lasts_s)).strftime("%Y-%m-%dT%H:%M:%SZ")
        security["wsu:Timestamp"] = {"wsu:Created": created, "wsu:Expires": ends}
    security["wsse:UsernameToken"] = {
        "wsse:Username": user,
        "wsse:Password": {"@Type": kind, "#text": shown},
        "wsse:Nonce": {"@EncodingType": _BASE64, "#text": base64.b64encode(nonce).decode()},
        "wsu:Created": created,
    }
    return {"wsse:Security": security}
