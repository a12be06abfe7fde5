"""Whether a mapping file may send what it sends: asked when it is checked and when it is written."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lineshaft.mapping import CompiledMapping


def check_flows(mapping: CompiledMapping, file: Path) -> None:
    """Check a mapping by the rules of the pack that its file lies in, else by the shipped ones.

    Raises:
        DefinitionError: Names each field, its class, the system, and what to write where it is wanted.
    """
    from lineshaft.app.packs import files_in
    from lineshaft.app.sensitive_flows import check_sensitive
    from lineshaft.sdk.sensitive import SHIPPED, read_sensitive

    folder = next((each for each in file.resolve().parents if (each / "pack.yaml").is_file()), None)
    if folder is None:
        # No pack says what the systems are: what stands before the dot is one.
        system, dot, _ = mapping.target.partition(".")
        check_sensitive([mapping], {system} if dot else set(), SHIPPED)
        return
    files = files_in(folder)
    systems = {
        path.removeprefix("systems/").removesuffix(".yaml") for path in files if path.startswith("systems/")
    }
    rules = [(path, content) for path, content in files.items() if path.startswith("sensitive/")]
    check_sensitive([mapping], systems, read_sensitive(rules))
