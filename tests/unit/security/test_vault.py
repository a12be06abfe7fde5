"""Secrets at rest: rotated keys read old values, a lost key says so, nothing stands in another's place."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from lineshaft.base.errors import ConfigError
from lineshaft.security.vault import KeyLost, SealBroken, Vault, keys_of, new_key, vault_of

OLD, NEW = bytes(range(32)), bytes(range(1, 33))


def test_rotated_key_reads_what_the_old_one_sealed_and_brings_it_over() -> None:
    sealed = Vault([OLD]).seal("s3cret", "secret:erp")
    both = Vault([NEW, OLD])
    assert both.open(sealed, "secret:erp") == "s3cret"
    over = both.resealed(sealed, "secret:erp")
    assert over is not None
    assert Vault([NEW]).open(over, "secret:erp") == "s3cret"
    assert both.resealed(over, "secret:erp") is None


def test_lost_key_says_so_in_words() -> None:
    sealed = Vault([OLD]).seal("s3cret", "secret:erp")
    with pytest.raises(KeyLost) as lost:
        Vault([NEW]).open(sealed, "secret:erp")
    assert sealed.split(".")[1] in str(lost.value.message)
    assert lost.value.hint is not None
    assert "LINESHAFT_MASTER_KEYS" in str(lost.value.hint)
    assert "主密钥" in lost.value.message.in_language("zh")


@pytest.mark.parametrize("part", [2, 3])
def test_changed_or_exchanged_value_is_refused(part: int) -> None:
    vault = Vault([OLD])
    sealed = vault.seal("s3cret", "secret:erp")
    with pytest.raises(SealBroken):
        vault.open(sealed, "secret:crm")
    parts = sealed.split(".")
    parts[part] = parts[part][:-6] + ("AAAA==" if not parts[part].endswith("AAAA==") else "BBBB==")
    for wrong in (".".join(parts), "", "v1.a.b", sealed.replace("v1", "v2")):
        with pytest.raises(SealBroken):
            vault.open(wrong, "secret:erp")


def test_same_value_is_never_sealed_the_same_way_twice() -> None:
    vault = Vault([OLD])
    assert len({vault.seal("s3cret", "secret:erp") for _ in range(20)}) == 20


def test_key_is_made_for_the_owner_alone_and_found_again(tmp_path: Path) -> None:
    sealed = vault_of({}, tmp_path).seal("s3cret", "p")
    assert stat.S_IMODE((tmp_path / "master.keys").stat().st_mode) == 0o600
    assert vault_of({}, tmp_path).open(sealed, "p") == "s3cret"
    given = vault_of({"LINESHAFT_MASTER_KEYS": new_key()}, tmp_path)
    with pytest.raises(KeyLost):
        given.open(sealed, "p")
    (tmp_path / "master.keys").chmod(0o644)
    with pytest.raises(ConfigError, match="0644"):
        vault_of({}, tmp_path)


@pytest.mark.parametrize("words", ["", "short", "c2hvcnQ=", "%%%"])
def test_wrong_key_is_not_repeated_in_the_error(words: str) -> None:
    with pytest.raises(ConfigError) as raised:
        Vault(keys_of(words))
    assert not words or words not in str(raised.value.message)
