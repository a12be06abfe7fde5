"""People sign in with an identity provider: a small real one here, that checks what the standard asks for."""

from __future__ import annotations

import base64
import json
import socket
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from aiohttp import web
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from lineshaft.app.config import read_config
from lineshaft.app.hub import Hub, build
from lineshaft.base.errors import NotFound
from lineshaft.security.oidc import ProviderTrouble
from lineshaft.security.signing_in import NotSignedIn

CLIENT = ("lineshaft", "client secret / 1")
BACK = "http://hub.example/api/v1/session/oidc/callback"


def part(content: bytes | dict[str, Any]) -> str:
    raw = content if isinstance(content, bytes) else json.dumps(content).encode()
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def number(value: int) -> str:
    return part(value.to_bytes((value.bit_length() + 7) // 8, "big"))


@dataclass
class Provider:
    """Authorization code with PKCE, client_secret_basic, RS256; ``over`` spoils its answers."""

    port: int = 0
    key: rsa.RSAPrivateKey = field(default_factory=lambda: rsa.generate_private_key(65537, 2048))
    kid: str = "k1"
    codes: dict[str, dict[str, str]] = field(default_factory=dict)
    over: dict[str, Any] = field(default_factory=dict)
    head: dict[str, Any] = field(default_factory=dict)

    @property
    def issuer(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def discovery(self, _: web.Request) -> web.Response:
        names = {"authorization_endpoint": "auth", "token_endpoint": "token", "jwks_uri": "keys"}
        found = {name: f"{self.issuer}/{path}" for name, path in names.items()}
        return web.json_response({"issuer": self.issuer, **found})

    async def keys(self, _: web.Request) -> web.Response:
        public = self.key.public_key().public_numbers()
        key = {"kty": "RSA", "kid": self.kid, "use": "sig", "n": number(public.n), "e": number(public.e)}
        return web.json_response({"keys": [key]})

    def authorize(self, address: str) -> str:
        """What a browser and a person do at the provider; return the code that comes back."""
        query = {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}
        assert query["response_type"] == "code"
        assert query["code_challenge_method"] == "S256"
        assert query["client_id"] == CLIENT[0]
        code = f"code{len(self.codes)}"
        self.codes[code] = query
        return code

    async def token(self, request: web.Request) -> web.Response:
        form = await request.post()
        pair = base64.b64decode(request.headers["Authorization"].removeprefix("Basic ")).decode()
        asked = self.codes.pop(str(form["code"]), None)
        challenge = part(sha256(str(form["code_verifier"]).encode()).digest())
        right = pair == "lineshaft:client+secret+%2F+1" and form["redirect_uri"] == BACK
        if asked is None or not right or asked["code_challenge"] != challenge:
            return web.json_response({"error": "invalid_grant"}, status=400)
        now = int(self.now)
        claims = {
            "iss": self.issuer,
            "aud": CLIENT[0],
            "sub": "42",
            "iat": now,
            "exp": now + 300,
            "nonce": asked["nonce"],
            "preferred_username": "li",
            "name": "Li Na",
            "groups": ["it-team"],
            **self.over,
        }
        head = {"alg": "RS256", "kid": self.kid, **self.head}
        signed = f"{part(head)}.{part(claims)}"
        signature = self.key.sign(signed.encode(), padding.PKCS1v15(), hashes.SHA256())
        return web.json_response({"id_token": f"{signed}.{part(signature)}", "token_type": "Bearer"})

    now: float = 0.0


@pytest.fixture
async def provider() -> AsyncIterator[Provider]:
    found = Provider()
    app = web.Application()
    app.router.add_get("/.well-known/openid-configuration", found.discovery)
    app.router.add_get("/keys", found.keys)
    app.router.add_post("/token", found.token)
    runner = web.AppRunner(app)
    await runner.setup()
    listener = socket.create_server(("127.0.0.1", 0))
    found.port = listener.getsockname()[1]
    await web.SockSite(runner, listener).start()
    yield found
    await runner.cleanup()


@pytest.fixture
async def hub(provider: Provider) -> AsyncIterator[Hub]:
    options = {
        "store.url": "memory:",
        "security.oidc_issuer": provider.issuer,
        "security.oidc_client_id": CLIENT[0],
        "security.oidc_client_secret": "secret:oidc",
        "security.group_roles": ["it-team=it"],
    }
    made = build(read_config(options=options), {"LINESHAFT_SECRET_OIDC": CLIENT[1]})
    await made.open()
    provider.now = made.clock.now().timestamp()
    yield made
    await made.stop()


async def go(hub: Hub, provider: Provider) -> tuple[str, str, str]:
    """Return state, code and cookie, as they come back."""
    assert hub.guards.oidc is not None
    address, cookie = await hub.guards.oidc.begin(BACK)
    state = parse_qs(urlsplit(address).query)["state"][0]
    return state, provider.authorize(address), cookie


async def test_provider_is_tested_step_by_step(hub: Hub, provider: Provider) -> None:
    methods = hub.guards.sign_in_methods
    [password, ldap, oidc] = methods.all()
    assert (password.on, ldap.on, oidc.on) == (True, False, True)
    assert CLIENT[1] not in str(oidc)
    assert [each.ok for each in await methods.check("oidc")] == [True, True]
    with pytest.raises(NotFound):
        await methods.check("ldap")


async def test_code_is_redeemed_once_by_the_browser_that_began(hub: Hub, provider: Provider) -> None:
    oidc = hub.guards.oidc
    assert oidc is not None
    state, code, cookie = await go(hub, provider)
    with pytest.raises(NotSignedIn):
        await oidc.end(state, code, "another browser's")
    assert await oidc.end(state, code, cookie, provider.issuer) == "li"
    caller = await hub.guards.directory.caller_of("li")
    assert caller is not None
    assert (caller.name, caller.roles) == ("Li Na", {"it"})
    with pytest.raises(NotSignedIn):
        await oidc.end(state, code, cookie)
    # New keys at the provider are found by themselves.
    provider.key, provider.kid = rsa.generate_private_key(65537, 2048), "k2"
    assert await oidc.end(*await go(hub, provider)) == "li"
    # Somebody else at the provider who now has that name is not the same person.
    provider.over = {"sub": "43"}
    with pytest.raises(NotSignedIn):
        await oidc.end(*await go(hub, provider))


@pytest.mark.parametrize(
    "spoilt",
    [
        {"iss": "http://127.0.0.1:1"},
        {"aud": "another"},
        {"aud": ["lineshaft", "another"]},
        {"exp": 1},
        {"iat": 9_999_999_999},
        {"nonce": "another"},
        {"sub": ""},
        {"preferred_username": ""},
        {"groups": ["canteen"]},
    ],
)
async def test_spoilt_token_proves_nothing(hub: Hub, provider: Provider, spoilt: dict[str, Any]) -> None:
    provider.over = spoilt
    assert hub.guards.oidc is not None
    with pytest.raises(NotSignedIn):
        await hub.guards.oidc.end(*await go(hub, provider))
    assert await hub.guards.directory.is_empty()


@pytest.mark.parametrize("head", [{"alg": "none"}, {"alg": "HS256"}, {"alg": "RS512"}, {"crit": ["x"]}])
async def test_signature_of_another_kind_is_not_taken(
    hub: Hub, provider: Provider, head: dict[str, Any]
) -> None:
    provider.head = head
    assert hub.guards.oidc is not None
    with pytest.raises(NotSignedIn):
        await hub.guards.oidc.end(*await go(hub, provider))


async def test_provider_elsewhere_must_be_encrypted() -> None:
    options = {
        "store.url": "memory:",
        "security.oidc_issuer": "http://id.firm.example",
        "security.oidc_client_id": "x",
    }
    hub = build(read_config(options=options), {})
    await hub.open()
    assert hub.guards.oidc is not None
    with pytest.raises(ProviderTrouble):
        await hub.guards.oidc.begin(BACK)
    await hub.stop()
