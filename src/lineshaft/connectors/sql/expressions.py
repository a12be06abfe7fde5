"""The computed parts of a manifest of kind ``sql``: see ``lineshaft.mapping.leaves``."""

from lineshaft.mapping.leaves import Expression, Names, as_text, compile_node

__all__ = ["Expression", "Names", "as_text", "compile_node"]
