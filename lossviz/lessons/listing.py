"""The code that ran, as one script: the source of the functions that made the numbers, and today's inputs.

Nothing is rewritten: each function is printed as it stands in the package, whatever it uses by name is imported from
where it lives, and the script ends in the very call that the page made. Run elsewhere, it prints the same numbers.
"""

import ast
import builtins
import functools
import inspect
import sys
import textwrap
from collections.abc import Callable, Mapping, Sequence
from types import ModuleType
from typing import Any

from lossviz.models import load

HEADER = """\
# Needs the lossviz package. One thread gives the same digits on every run.
import torch

torch.set_num_threads(1)
"""


def listing(functions: Sequence[Callable[..., Any]], inputs: Mapping[str, Any], call: str) -> str:
    """A script: `functions` in full, `inputs` as literals, and `call`, the last lines, which print the numbers.

    Names that `call` uses are looked up where the first function lives.
    """
    given = "\n".join(f"{name} = {_literal(value)}" for name, value in inputs.items())
    return "\n".join([_preamble(tuple(functions), call), "# Today's inputs", given, "", call, ""])


def _literal(value: Any) -> str:
    written = repr(value)
    if isinstance(value, str) or len(written) < 100:
        return written
    return "(\n" + "\n".join(f"    {line}" for line in textwrap.wrap(written, 110)) + "\n)"


@functools.lru_cache(maxsize=32)
def _preamble(functions: tuple[Callable[..., Any], ...], call: str) -> str:
    """Everything above the inputs: imports, constants, sources."""
    sources = {function: inspect.getsource(function) for function in functions}
    shown = {function.__name__: function for function in functions}
    needed: dict[str, tuple[Any, str]] = {}
    for function, source in [*sources.items(), (functions[0], call)]:
        space = {"load": load, **vars(sys.modules[function.__module__])}
        for name in _names(source) & space.keys():
            _check_one_meaning(name, space[name], shown.get(name, needed.get(name, (space[name],))[0]))
            if name not in shown:
                needed[name] = (space[name], function.__module__)
    imports, constants = _bindings(needed)
    return "\n".join([HEADER, *imports, "", *constants, "", "\n\n".join(sources.values()), ""])


def _check_one_meaning(name: str, value: Any, known: Any) -> None:
    """One script has one meaning for a name; two modules that use it for two things cannot share a listing."""
    if value is not known:
        raise ValueError(f"a name means one thing in a listing; {name!r} means {value!r} and {known!r}: rename one")


def _names(source: str) -> set[str]:
    """The names that a piece of code reads and that Python does not bring along."""
    tree = ast.parse(textwrap.dedent(source))
    read = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)}
    return read - set(dir(builtins))


def _bindings(needed: Mapping[str, tuple[Any, str]]) -> tuple[list[str], list[str]]:
    """The lines that give a script these names as the package has them: imports, one a module, and constants."""
    modules: dict[str, set[str]] = {}
    lines, constants = set(), []
    for name, (value, user) in sorted(needed.items()):
        if isinstance(value, ModuleType):
            lines.add(_import_module(name, value.__name__))
        elif isinstance(value, int | float | str):
            constants.append(f"{name} = {value!r}")
        else:
            home = getattr(value, "__module__", None)
            home = home if home in sys.modules and vars(sys.modules[home]).get(name) is value else user
            modules.setdefault(home, set()).add(name)
    lines |= {f"from {home} import {', '.join(sorted(names))}" for home, names in modules.items()}
    return sorted(lines - {"import torch"}), constants


def _import_module(name: str, module: str) -> str:
    if module == name:
        return f"import {name}"
    parent, _, last = module.rpartition(".")
    return f"from {parent} import {last}" + ("" if last == name else f" as {name}")
