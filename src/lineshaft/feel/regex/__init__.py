"""Regular expressions in the flavour of XPath, matched in bounded time (see ``engine``)."""

from lineshaft.feel.regex.engine import Pattern, compile_pattern, replacement_parts

__all__ = ["Pattern", "compile_pattern", "replacement_parts"]
