"""Signing in with the firm's own identity provider: OpenID Connect, authorization code with PKCE (RFC 7636).

The browser goes to the provider and comes back with a code; the hub redeems it and checks the ID token: who
issued it, for whom, until when, and that it answers this very request (``nonce``). What is on its way is kept
in the store, so that any node can take the answer, and bound to the browser by a cookie.
"""

from __future__ import annotations

import base64
import hmac
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from hashlib import sha256
from ipaddress import ip_address
from typing import Any, Final
from urllib.parse import quote_plus, urlencode, urlsplit

import aiohttp
import msgspec

from lineshaft.base.clock import Clock
from lineshaft.base.errors import OperationalError
from lineshaft.base.text import Text, text
from lineshaft.security.audit import Audit
from lineshaft.security.jwt import KeyUnknown, TokenInvalid, claims_of
from lineshaft.security.records import Shelf
from lineshaft.security.sign_in_methods import Step
from lineshaft.security.signing_in import NotSignedIn, OutsidePerson, SigningIn
from lineshaft.store.port import Store

COOKIE: Final = "lineshaft_oidc"
LASTS: Final = timedelta(minutes=10)
LEEWAY_S: Final = 60
TIMEOUT_S: Final = 10.0
_FRESH_S: Final = 3_600.0


class ProviderTrouble(OperationalError):
    """The identity provider cannot be asked now."""

    default_code = "oidc_unavailable"


@dataclass(frozen=True, slots=True)
class OidcSettings:
    """Who the provider is, and who the hub is to it."""

    issuer: str
    client_id: str
    client_secret: Callable[[], str] = str
    """Empty for a public client."""
    title: Text = text("Sign in with the firm's account", "企业账号登录")  # noqa: RUF009 - frozen
    scopes: tuple[str, ...] = ("openid", "profile", "email")
    login_claim: str = "preferred_username"
    groups_claim: str = "groups"
    department_claim: str = ""


class OnItsWay(msgspec.Struct, frozen=True, omit_defaults=True):
    """A sign-in that has gone to the provider."""

    nonce: str
    verifier: str
    browser: str
    """Digest of the cookie of the browser that began it."""
    redirect_uri: str


class Oidc:
    """Signing in with one provider."""

    def __init__(
        self, settings: OidcSettings, store: Store, clock: Clock, audit: Audit, signing_in: SigningIn
    ) -> None:
        self.settings = settings
        self._clock = clock
        self._audit = audit
        self._signing_in = signing_in
        self._waiting: Shelf[OnItsWay] = Shelf(store, audit.tenant, "oidc", OnItsWay)
        self._found: tuple[float, dict[str, Any]] | None = None
        self._keys: list[Mapping[str, Any]] = []

    def steps(self) -> list[Step]:
        """Return what a test does: read what the provider says of itself, and its keys."""
        return [
            (text("Ask the provider", "访问身份提供方"), self._ask_provider),
            (text("Its keys", "签名密钥"), self._ask_keys),
        ]

    async def _ask_provider(self) -> Text:
        self._found = None
        found = await self._provider()
        return text("{issuer}", "{issuer}", issuer=found["issuer"])

    async def _ask_keys(self) -> Text:
        status, found = await self._get(str((await self._provider())["jwks_uri"]))
        keys = [key for key in found.get("keys", []) if isinstance(key, dict)]
        if status != 200 or not keys:
            raise ProviderTrouble(
                text("The provider shows no keys.", "身份提供方没有提供签名密钥。"),
            )
        return text("{count} keys", "{count} 个密钥", count=len(keys))

    async def begin(self, redirect_uri: str) -> tuple[str, str]:
        """Return where the browser must go, and the cookie it must bring back."""
        provider = await self._provider()
        state, nonce, verifier, cookie = (secrets.token_urlsafe(32) for _ in range(4))
        now = self._clock.now()
        waiting = OnItsWay(nonce, verifier, _digest(cookie), redirect_uri)
        over = await self._waiting.expired(now, 100)
        put = self._waiting.put(_digest(state), waiting, None, now, due_at=now + LASTS)
        await self._audit.write(*(self._waiting.remove(each.id) for each in over), put)
        challenge = base64.urlsafe_b64encode(sha256(verifier.encode()).digest()).rstrip(b"=").decode()
        query = {
            "response_type": "code",
            "client_id": self.settings.client_id,
            "redirect_uri": redirect_uri,
            "scope": " ".join(self.settings.scopes),
            "state": state,
            "nonce": nonce,
            "code_challenge": challenge,
            "code_challenge_method": "S256",
        }
        address = str(provider["authorization_endpoint"])
        return f"{address}{'&' if '?' in address else '?'}{urlencode(query)}", cookie

    async def end(self, state: str, code: str, cookie: str, issuer: str | None = None) -> str:
        """Redeem a code; return the login of whoever has signed in.

        Raises:
            NotSignedIn: The answer is not to this browser's request, or proves nothing.
            ProviderTrouble: The provider cannot be asked.
        """
        kept = await self._waiting.get(_digest(state))
        now = self._clock.now()
        if (
            kept is None
            or kept.due_at is None
            or kept.due_at <= now
            or not hmac.compare_digest(kept.value.browser, _digest(cookie))
            or (issuer is not None and issuer != self.settings.issuer)
        ):
            raise await self._refused("state")
        # Good once, whatever comes of it.
        await self._audit.write(self._waiting.remove(kept.id))
        provider = await self._provider()
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": kept.value.redirect_uri,
            "code_verifier": kept.value.verifier,
            "client_id": self.settings.client_id,
        }
        status, answer = await self._post(str(provider["token_endpoint"]), form, provider)
        if status != 200 or not isinstance(answer.get("id_token"), str):
            raise await self._refused("code")
        try:
            claims = await self._claims(answer["id_token"], provider)
            self._check(claims, kept.value.nonce)
        except TokenInvalid as error:
            raise await self._refused(str(error)) from error
        person = self._person(claims)
        if person is None:
            raise await self._refused("login")
        joined = await self._signing_in.joined(person, "oidc")
        return joined.id

    async def _refused(self, why: str) -> NotSignedIn:
        await self._audit.note(
            "session.refused", outcome="refused", subject_type="user", detail={"method": "oidc", "why": why}
        )
        return NotSignedIn(
            text("The firm's sign-in did not succeed; begin again.", "企业账号登录未成功,请重新登录。"),
            code="oidc_refused",
        )

    def _person(self, claims: Mapping[str, Any]) -> OutsidePerson | None:
        settings = self.settings
        login = claims.get(settings.login_claim)
        if not isinstance(login, str) or not login:
            return None
        groups = claims.get(settings.groups_claim, [])
        listed = [str(each) for each in groups] if isinstance(groups, list) else [str(groups)]
        department = claims.get(settings.department_claim, "") if settings.department_claim else ""
        return OutsidePerson(
            login,
            f"{settings.issuer}|{claims['sub']}",
            str(claims.get("name", "")),
            str(claims.get("email", "")),
            listed,
            str(department or ""),
        )

    async def _claims(self, token: str, provider: Mapping[str, Any]) -> dict[str, Any]:
        try:
            return claims_of(token, self._keys)
        except KeyUnknown:
            # Perhaps the provider has new keys.
            _, found = await self._get(str(provider["jwks_uri"]))
            self._keys = [key for key in found.get("keys", []) if isinstance(key, dict)]
            return claims_of(token, self._keys)

    def _check(self, claims: Mapping[str, Any], nonce: str) -> None:
        now = self._clock.now().timestamp()
        audience = claims.get("aud")
        audiences = audience if isinstance(audience, list) else [audience]
        own = self.settings.client_id
        if claims.get("iss") != self.settings.issuer:
            raise TokenInvalid("issuer")
        if own not in audiences or (len(audiences) > 1 and claims.get("azp") != own):
            raise TokenInvalid("audience")
        expires, issued = claims.get("exp"), claims.get("iat")
        if not isinstance(expires, int | float) or expires + LEEWAY_S <= now:
            raise TokenInvalid("expired")
        if not isinstance(issued, int | float) or issued - LEEWAY_S > now:
            raise TokenInvalid("from the future")
        if not hmac.compare_digest(str(claims.get("nonce", "")), nonce):
            raise TokenInvalid("nonce")
        if not isinstance(claims.get("sub"), str) or not claims["sub"]:
            raise TokenInvalid("subject")

    # -- the provider ------------------------------------------------------------------------------------

    async def _provider(self) -> dict[str, Any]:
        at = self._clock.monotonic()
        if self._found is None or at - self._found[0] > _FRESH_S:
            address = f"{self.settings.issuer.rstrip('/')}/.well-known/openid-configuration"
            status, found = await self._get(address)
            if status != 200 or found.get("issuer") != self.settings.issuer:
                raise ProviderTrouble(
                    text(
                        "Expected the provider to call itself {issuer}.",
                        "身份提供方的 issuer 应为 {issuer}。",
                        issuer=self.settings.issuer,
                    )
                )
            for name in ("authorization_endpoint", "token_endpoint", "jwks_uri"):
                _check_address(str(found.get(name, "")))
            self._found = (at, found)
        return self._found[1]

    async def _get(self, address: str) -> tuple[int, dict[str, Any]]:
        return await self._ask("GET", address)

    async def _post(
        self, address: str, form: dict[str, str], provider: Mapping[str, Any]
    ) -> tuple[int, dict[str, Any]]:
        secret = self.settings.client_secret()
        headers = {}
        if secret:
            methods = provider.get("token_endpoint_auth_methods_supported", ["client_secret_basic"])
            if "client_secret_basic" in methods:
                pair = f"{quote_plus(self.settings.client_id)}:{quote_plus(secret)}"
                headers["Authorization"] = f"Basic {base64.b64encode(pair.encode()).decode()}"
            else:
                form = {**form, "client_secret": secret}
        return await self._ask("POST", address, data=form, headers=headers)

    async def _ask(self, method: str, address: str, **more: Any) -> tuple[int, dict[str, Any]]:
        _check_address(address)
        try:
            timeout = aiohttp.ClientTimeout(total=TIMEOUT_S)
            async with (
                aiohttp.ClientSession(timeout=timeout, cookie_jar=aiohttp.DummyCookieJar()) as session,
                session.request(method, address, allow_redirects=False, **more) as response,
            ):
                content = await response.read()
                found = msgspec.json.decode(content) if content else {}
                return response.status, found if isinstance(found, dict) else {}
        except (aiohttp.ClientError, TimeoutError, OSError, msgspec.DecodeError) as error:
            raise ProviderTrouble(
                text(
                    "The identity provider {host} cannot be asked: {error}",
                    "身份提供方 {host} 不可用:{error}",
                    host=urlsplit(address).hostname,
                    error=error.__class__.__name__,
                )
            ) from error


def _check_address(address: str) -> None:
    """Codes and keys go over TLS, but to this very machine."""
    parts = urlsplit(address)
    if parts.scheme == "https" and parts.hostname:
        return
    try:
        here = parts.hostname == "localhost" or ip_address(parts.hostname or "").is_loopback
    except ValueError:
        here = False
    if parts.scheme != "http" or not here:
        raise ProviderTrouble(
            text("Expected https:// addresses of the provider.", "身份提供方的地址应为 https://。"),
            code="oidc_plain",
        )


def _digest(words: str) -> str:
    return sha256(f"oidc:{words}".encode()).hexdigest()
