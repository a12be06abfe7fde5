"""People of the firm's own: made by an administrator, signing in for the first time."""

from __future__ import annotations

from e2e.console.conftest import Visit

OWN = "four words and more"
WORDS = {
    "zh": {
        "use": "使用用户名和密码", "login": "用户名", "password": "密码", "enter": "登录",
        "now": "当前密码", "new": "新密码", "again": "再次输入新密码", "keep": "保存",
    },
    "en": {
        "use": "Use login and password", "login": "Login", "password": "Password", "enter": "Sign in",
        "now": "Password until now", "new": "New password", "again": "New password once more",
        "keep": "Keep it",
    },
}  # fmt: skip


def add_person(visit: Visit, login: str, name: str, *roles: str) -> str:
    """Make an account; return the password for the first sign-in."""
    wish = {"login": login, "name": name, "roles": list(roles)}
    made = visit.hub.run(visit.hub.factory.hub("POST", "/users", wish))
    return str(made["password"])


def sign_in_first(visit: Visit, login: str, first: str) -> None:
    """Sign in with a password that somebody else chose, and choose one's own."""
    page, words = visit.page, WORDS[visit.language]
    page.locator("[data-ready=sign-in]").wait_for()
    # Of a demo the form asks for an access key first.
    page.get_by_text(words["use"]).click()
    page.get_by_label(words["login"]).fill(login)
    page.get_by_label(words["password"], exact=True).fill(first)
    page.get_by_role("button", name=words["enter"]).first.click()
    page.locator("[data-ready=choose-password]").wait_for()
    page.get_by_label(words["now"]).fill(first)
    page.get_by_label(words["new"], exact=True).fill(OWN)
    page.get_by_label(words["again"]).fill(OWN)
    page.get_by_role("button", name=words["keep"]).click()
    page.locator(".shell").wait_for()
