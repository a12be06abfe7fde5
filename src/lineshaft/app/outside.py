"""The directories outside that people sign in with, as the configuration says: LDAP, OpenID Connect."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress

from lineshaft.app.config import SecurityConfig
from lineshaft.base.clock import Clock
from lineshaft.base.text import Text
from lineshaft.security.audit import Audit
from lineshaft.security.ldap import LdapDirectory, LdapSettings
from lineshaft.security.oidc import Oidc, OidcSettings
from lineshaft.security.secrets import REFERENCE
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

    async def sign_in(self, login: str, password: str) -> OutsidePerson | None:
        """Return who signs in."""
        return await self._made().sign_in(login, password)


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
