"""The directories outside that people sign in with, as the configuration says: LDAP, OpenID Connect."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress

from lineshaft.app.config import SecurityConfig
from lineshaft.base.clock import Clock
from lineshaft.base.text import Text, text
from lineshaft.security import passwords
from lineshaft.security.audit import Audit
from lineshaft.security.ldap import LdapDirectory, LdapSettings
from lineshaft.security.oidc import Oidc, OidcSettings
from lineshaft.security.secrets import REFERENCE
from lineshaft.security.sign_in_methods import Checkable, SignInMethod, SignInMethods, Step
from lineshaft.security.signing_in import Joining, OutsidePerson, SigningIn
from lineshaft.store.port import Store

Secret = Callable[[str], str]


class _Ldap:
    """A directory whose own password is looked up when it is needed: it may be set while the hub runs."""

    def __init__(self, rules: SecurityConfig, secret: Secret) -> None:
        self._rules = rules
        self._secret = secret
        self._made()

    def _made(self) -> LdapDirectory:
        rules = self._rules
        return LdapDirectory(
            LdapSettings(
                rules.ldap_url,
                rules.ldap_base,
                rules.ldap_user_filter,
                rules.ldap_bind_dn,
                _value(rules.ldap_bind_password, self._secret),
                rules.ldap_start_tls,
                rules.ldap_ca_file,
                rules.ldap_name_attribute,
                rules.ldap_mail_attribute,
                rules.ldap_group_attribute,
                rules.ldap_department_attribute,
            )
        )

    def steps(self) -> list[Step]:
        """Return what a test of it does."""
        return self._made().steps()

    async def sign_in(self, login: str, password: str) -> OutsidePerson | None:
        """Return who signs in."""
        return await self._made().sign_in(login, password)


def methods_of(rules: SecurityConfig, ldap: _Ldap | None, oidc: Oidc | None) -> SignInMethods:
    """Return how people may sign in, as the configuration says."""
    outside: dict[str, Checkable] = {}
    if ldap is not None:
        outside["ldap"] = ldap
    if oidc is not None:
        outside["oidc"] = oidc
    groups = text("Groups and their roles", "组与角色对应"), "; ".join(rules.group_roles)
    methods = [
        SignInMethod(
            "password",
            text("Login and password", "用户名与密码"),
            True,
            [
                (text("Characters of a password, at least", "密码最少字符数"), str(passwords.LENGTH_MIN)),
                (text("Wrong tries before it slows down", "开始限速前的错误次数"), str(passwords.FREE_TRIES)),
                (
                    text("Wait after further ones, s", "其后等待(秒)"),
                    f"{passwords.FIRST_DELAY_S:.0f}–{passwords.LAST_DELAY_S:.0f}",
                ),
                (text("A session ends after, h", "会话时长(小时)"), f"{rules.session_hours:g}"),
                (text("Without use after, min", "闲置退出(分钟)"), f"{rules.session_idle_minutes:g}"),
            ],
        ),
        SignInMethod(
            "ldap",
            text("LDAP / Active Directory", "LDAP / AD 域"),
            ldap is not None,
            [
                (text("Address", "地址"), rules.ldap_url),
                (text("People below", "人员所在节点"), rules.ldap_base),
                (text("Filter", "过滤条件"), rules.ldap_user_filter),
                (text("The hub's own login", "系统绑定账号"), rules.ldap_bind_dn),
                groups,
            ]
            if ldap is not None
            else [],
            ldap is not None,
        ),
        SignInMethod(
            "oidc",
            text("OpenID Connect", "OpenID Connect 单点登录"),
            oidc is not None,
            [
                (text("Provider", "身份提供方"), rules.oidc_issuer),
                (text("Client", "客户端"), rules.oidc_client_id),
                (text("Scopes", "授权范围"), " ".join(rules.oidc_scopes)),
                (text("Login is", "登录名取自"), rules.oidc_login_claim),
                groups,
            ]
            if oidc is not None
            else [],
            oidc is not None,
        ),
    ]
    return SignInMethods(lambda: methods, lambda: outside)


def directory_of(rules: SecurityConfig, secret: Secret) -> _Ldap | None:
    """Return the LDAP directory, where there is one."""
    return _Ldap(rules, secret) if rules.ldap_url else None


def joining_of(rules: SecurityConfig) -> Joining:
    """Return what becomes of people whom a directory outside vouches for."""
    pairs = (each.rpartition("=") for each in rules.group_roles)
    return Joining({group.strip(): role.strip() for group, _, role in pairs}, rules.default_roles)


def provider_of(
    rules: SecurityConfig,
    secret: Secret,
    store: Store,
    clock: Clock,
    *,
    audit: Audit,
    signing_in: SigningIn,
) -> Oidc | None:
    """Return the identity provider, where there is one."""
    if not rules.oidc_issuer:
        return None
    settings = OidcSettings(
        rules.oidc_issuer,
        rules.oidc_client_id,
        lambda: _value(rules.oidc_client_secret, secret),
        Text(rules.oidc_title_en, rules.oidc_title_zh),
        rules.oidc_scopes,
        rules.oidc_login_claim,
        rules.oidc_groups_claim,
        rules.oidc_department_claim,
    )
    return Oidc(settings, store, clock, audit, signing_in)


def _value(setting: str, secret: Secret) -> str:
    if not setting:
        return ""
    with suppress(KeyError):
        return secret(setting.removeprefix(REFERENCE))
    return ""
