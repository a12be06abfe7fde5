"""One-time codes by time (TOTP, RFC 6238, over HOTP, RFC 4226).

SHA-1, six digits, thirty seconds, as phones have it.
The codes of the time step before and after are good too; no step is taken twice.
"""

from __future__ import annotations

import base64
import hmac
import secrets
from datetime import datetime
from hashlib import sha256
from typing import Final
from urllib.parse import quote

STEP_S: Final = 30
DIGITS: Final = 6
_AROUND: Final = 1
RECOVERY_CODES: Final = 8


def new_secret() -> str:
    """Return 160 bits of chance in base 32."""
    return base64.b32encode(secrets.token_bytes(20)).decode()


def code_at(secret: str, step: int) -> str:
    """Return the code of a time step."""
    key = base64.b32decode(secret)
    digest = hmac.digest(key, step.to_bytes(8, "big"), "sha1")
    place = digest[-1] & 0xF
    number = int.from_bytes(digest[place : place + 4], "big") & 0x7FFFFFFF
    return f"{number % 10**DIGITS:0{DIGITS}d}"


def step_at(now: datetime) -> int:
    """Return the time step of a time."""
    return int(now.timestamp()) // STEP_S


def fitting_step(secret: str, code: str, now: datetime, after: int) -> int | None:
    """Return the step whose code this is, one later than ``after``; ``None`` where it fits none."""
    given = code.strip().replace(" ", "")
    here = step_at(now)
    for step in range(here - _AROUND, here + _AROUND + 1):
        if step > after and hmac.compare_digest(code_at(secret, step).encode(), given.encode()):
            return step
    return None


def address_of(secret: str, login: str, issuer: str = "Lineshaft") -> str:
    """Return what a phone reads from a picture: ``otpauth://…``."""
    label = quote(f"{issuer}:{login}")
    return f"otpauth://totp/{label}?secret={secret}&issuer={quote(issuer)}&digits={DIGITS}&period={STEP_S}"


def new_recovery_codes() -> list[str]:
    """Return codes for a lost phone."""
    return [f"{secrets.token_hex(4)}-{secrets.token_hex(4)}" for _ in range(RECOVERY_CODES)]


def recovery_digest(code: str) -> str:
    """Return what is kept of such a code: it has 64 bits of chance."""
    return sha256(f"recovery:{code.strip().lower()}".encode()).hexdigest()
