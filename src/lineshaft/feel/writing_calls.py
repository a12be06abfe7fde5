"""Compiling function invocations (DMN 1.5, table 63): built-ins directly, all others through ``calls``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lineshaft.feel import tree
from lineshaft.feel.builtins import BUILTINS
from lineshaft.feel.builtins.declaration import Builtin, Overload, as_function, wrong_count
from lineshaft.feel.errors import Fault

if TYPE_CHECKING:
    from lineshaft.feel.compiler import Compiler

_ASKING = frozenset({"is defined", "get or else"})
"""Functions whose first argument is asked for, so that nothing about it is worth a warning."""


def write_call(c: Compiler, node: tree.Call) -> str:
    """Write a function invocation."""
    function = node.function
    if isinstance(function, tree.Name):
        builtin = c.builtin(function.name)
        if builtin is not None:
            return _builtin_call(c, node, builtin)
    c.is_plain = False
    out = c.out
    atom = _function_named(c, function, node.at) if isinstance(function, tree.Name) else c.value(function)
    arguments = "".join(f"{c.value(argument)}, " for argument in node.arguments)
    if node.names:
        names = out.constant(node.names)
        return out.assign(f"call_named({atom}, {names}, ({arguments}), s, {node.at})")
    return out.assign(f"call({atom}, ({arguments}), s, {node.at})")


def _function_named(c: Compiler, function: tree.Name, at: int) -> str:
    """Write the look-up of a function that is not surely a built-in."""
    out, name = c.out, function.name
    builtin = BUILTINS.get(name)
    if builtin is None:
        known = out.constant(sorted({*BUILTINS, *c.declared}))
        return c.lookup(
            name, function.at, missing=f"missing_function({out.constant(name)}, s, {known}, {at})"
        )
    atom = c.lookup(name, function.at)
    # A number called `date` or `count` does not keep the function from being called.
    return out.assign(f"{atom} if is_function({atom}) else {out.constant(as_function(builtin))}")


def _builtin_call(c: Compiler, node: tree.Call, builtin: Builtin) -> str:
    out = c.out
    nodes: list[tree.Node | None]
    if node.names:
        overload = builtin.overload_for_names(node.names)
        nodes = _by_name(node, overload) if overload is not None else []
    else:
        overload = builtin.overload_for(len(node.arguments))
        nodes = list(node.arguments)
    if overload is None:
        if node.names:
            fault = Fault("`{name}` has no such parameters", "`{name}` 没有这些参数", name=builtin.name)
        else:
            fault = wrong_count(builtin, len(node.arguments))
        return out.assign(f"s.fault({out.constant(fault)}, {node.at})")
    atoms: list[str] = []
    for position, argument in enumerate(nodes):
        if argument is None:
            atoms.append("None")
        elif position == 0 and builtin.name in _ASKING:
            atoms.append(c.muted(argument))
        else:
            atoms.append(c.value(argument))
    return _invocation(c, node, overload, atoms)


def _by_name(node: tree.Call, overload: Overload) -> list[tree.Node | None]:
    """Return the arguments in the order of the parameters; optional ones at the end may be missing."""
    given = dict(zip(node.names, node.arguments, strict=True))
    found: list[tree.Node | None] = [given.get(parameter.name) for parameter in overload.parameters]
    while found and found[-1] is None and overload.parameters[len(found) - 1].optional:
        found.pop()
    return found


def _invocation(c: Compiler, node: tree.Call, overload: Overload, atoms: list[str]) -> str:
    """Write the call of a built-in: each argument through its conversion, faults to warnings."""
    out = c.out
    parts: list[str] = []
    for position, parameter in enumerate(overload.parameters):
        if parameter.variadic:
            is_named = bool(node.names) and len(atoms) == len(overload.parameters)
            atom = f"as_list({atoms[position]}) or []" if is_named else f"[{', '.join(atoms[position:])}]"
        elif position < len(atoms):
            atom = atoms[position]
        else:
            break
        convert = parameter.converter
        if c.loops and position == 0 and not parameter.variadic and not overload.needs_runtime:
            out.line(f"s.charge({atom})")
        parts.append(atom if convert is None else f"{out.constant(convert)}({atom})")
    if overload.needs_runtime:
        c.is_plain = False
        parts.insert(0, "s")
    result = out.fresh()
    with out.block("try:"):
        out.line(f"{result} = {out.constant(overload.implementation)}({', '.join(parts)})")
    with out.block("except Fault as e:"):
        out.line(f"{result} = s.fault(e, {node.at})")
    return result
