"""Passwords: how they are kept (Argon2id), which are taken, and how guessing is slowed down."""

from __future__ import annotations

import asyncio
import secrets
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from functools import cache
from typing import Final

from cryptography.exceptions import InvalidKey
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id

from lineshaft.base.errors import InputError
from lineshaft.base.text import text

_MEMORY_KIB: Final = 19 * 1024
_ITERATIONS: Final = 2
_LANES: Final = 1
"""The least that OWASP's password storage cheat sheet asks of Argon2id: 19 MiB, two passes, one lane."""
LENGTH_MIN: Final = 10
LENGTH_MAX: Final = 256
FREE_TRIES: Final = 5
"""Wrong passwords in a row that cost nothing."""
FIRST_DELAY_S: Final = 15.0
LAST_DELAY_S: Final = 900.0

_COMMON: Final = (
    "password", "passw0rd", "123456", "12345678", "qwerty", "abc123", "111111", "admin", "administrator",
    "letmein", "welcome", "iloveyou", "monkey", "dragon", "woaini", "5201314", "lineshaft", "1qaz2wsx",
)  # fmt: skip
"""Beginnings of what everybody tries first; digits and signs behind them make nothing better."""

_threads: Final = ThreadPoolExecutor(2, thread_name_prefix="password")
"""Each check takes 19 MiB and a core; a flood of sign-ins must not take them all."""


async def hashed(password: str) -> str:
    """Return what is kept of a password: a PHC string with salt and costs."""
    return await asyncio.get_running_loop().run_in_executor(_threads, _hash, password)


async def fits(password: str, kept: str) -> bool:
    """Tell whether a password is the one that ``kept`` was made of; takes as long for a wrong one."""
    return await asyncio.get_running_loop().run_in_executor(_threads, _fits, password, kept)


def _hash(password: str) -> str:
    made = Argon2id(
        salt=secrets.token_bytes(16),
        length=32,
        iterations=_ITERATIONS,
        lanes=_LANES,
        memory_cost=_MEMORY_KIB,
    )
    return made.derive_phc_encoded(password.encode())


def _fits(password: str, kept: str) -> bool:
    try:
        Argon2id.verify_phc_encoded(password.encode(), kept)
    except InvalidKey:
        return False
    return True


@cache
def nobodys() -> str:
    """Return what is compared with where there is no such person, so that time tells nobody who is there."""
    return _hash(secrets.token_hex(16))


def check(password: str, login: str) -> None:
    """Raise ``InputError`` for a password that is guessed too easily."""
    plain = password.casefold()
    core = plain.rstrip("0123456789!@#$%^&*.?_- ")
    problem = None
    if not LENGTH_MIN <= len(password) <= LENGTH_MAX:
        problem = text(
            "Expected a password of at least {least} characters.",
            "密码至少需要 {least} 个字符。",
            least=LENGTH_MIN,
        )
    elif login and login.casefold() in plain:
        problem = text("The password must not contain the login.", "密码不得包含登录名。")
    elif len(set(plain)) < 5 or core in _COMMON or plain in _COMMON:
        problem = text("This password is among the first that are tried.", "该密码过于常见,容易被猜到。")
    if problem is not None:
        raise InputError(
            problem,
            code="password_weak",
            hint=text("A sentence of a few words is good and easy.", "可使用几个词组成的短句。"),
        )


def delay_after(failures: int) -> timedelta:
    """Return how long nobody may try again after so many failures in a row: 0, then 15 s … 15 min."""
    late = failures - FREE_TRIES
    if late < 0:
        return timedelta()
    return timedelta(seconds=min(FIRST_DELAY_S * 2.0 ** min(late, 20), LAST_DELAY_S))


def first_password() -> str:
    """Return a password to be used once: five groups that can be read over the phone."""
    letters = "abcdefghjkmnpqrstuvwxyz23456789"
    return "-".join("".join(secrets.choice(letters) for _ in range(4)) for _ in range(5))


def locked_until(failures: int, now: datetime) -> datetime | None:
    """Return until when nobody may try; ``None``: at once."""
    delay = delay_after(failures)
    return now + delay if delay else None
