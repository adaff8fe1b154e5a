"""The doors: what may come in. Bad input raises ValueError: the rule, what came, what to do instead.

Each guard returns what it let through, in the one form the formulas behind it work on.
"""

import operator
from collections.abc import Iterable, Sequence
from functools import partial
from numbers import Real
from typing import Any, NoReturn

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

CPU = torch.device("cpu")


def refuse(rule: str, came: object, instead: str) -> NoReturn:
    """Raise the one kind of error this package has for bad input."""
    raise ValueError(f"{rule}; got {came}. {instead}")


def whole(name: str, value: Any, *, at_least: int, at_most: int | None = None) -> int:
    """A whole number in its range; True and 2.0 are not whole numbers."""
    rule = f"{name} is a whole number ≥ {at_least}" + ("" if at_most is None else f" and ≤ {at_most}")
    number = index(value)
    if number is None or isinstance(value, bool):
        refuse(rule, repr(value), "Pass a plain integer.")
    if number < at_least or (at_most is not None and number > at_most):
        refuse(rule, number, "Nothing is clipped: choose a number inside.")
    return number


def all_whole(name: str, values: Iterable[int] | Tensor, *, at_most: int | None = None) -> list[int]:
    """Whole numbers ≥ 0: looked at all at once, and one by one only where something is wrong."""
    numbers = getattr(values, "tolist", partial(list, values))()  # an array's, as Python's own
    if set(map(type, numbers)) == {int} and min(numbers) >= 0 and (at_most is None or max(numbers) <= at_most):
        return numbers
    return [whole(name, value, at_least=0, at_most=at_most) for value in numbers]


def integer(name: str, value: Any) -> int:
    """A whole number of either sign."""
    number = index(value)
    if number is None or isinstance(value, bool):
        refuse(f"{name} is a whole number", repr(value), "Pass a plain integer.")
    return number


def rate(name: str, value: float) -> float:
    """A share in [0, 1], both ends included."""
    number = float(scalar(name, value))
    if not 0 <= number <= 1:
        refuse(f"{name} is a rate in [0, 1]", number, "Pass a fraction, 0.15 for 15 %.")
    return number


def inner_rate(name: str, value: float) -> float:
    """A share in (0, 1), where neither end makes sense."""
    number = float(scalar(name, value))
    if not 0 < number < 1:
        refuse(f"{name} is a rate in (0, 1), both ends left out", number, "Pass a fraction, 0.15 for 15 %.")
    return number


def at_least(name: str, value: float, low: float) -> float:
    """A finite number ≥ low."""
    number = float(scalar(name, value))
    if not low <= number < float("inf"):
        refuse(f"{name} is a finite number ≥ {low}", number, "Choose a number inside.")
    return number


def positive(name: str, value: float | Tensor) -> float:
    """A finite number > 0, or a 0-d tensor that holds one."""
    number = float(scalar(name, value))
    if not 0 < number < float("inf"):
        refuse(f"{name} is a finite number > 0", number, "Choose a number inside.")
    return number


def scalar(name: str, value: float | Tensor) -> float | Tensor:
    """A number or a 0-d tensor; True and "3" are neither."""
    rule = f"{name} is a number or a 0-d tensor"
    if isinstance(value, Tensor) and value.ndim:
        refuse(rule, f"the shape {list(value.shape)}", "Sum it first.")
    if not isinstance(value, Tensor) and not is_real(value):
        refuse(rule, repr(value), "Pass a plain number.")
    return value


def one_of(name: str, value: str, choices: Sequence[str]) -> str:
    """One of a few words."""
    if value not in choices:
        refuse(f"{name} is one of {', '.join(map(repr, choices))}", repr(value), "Choose one of these.")
    return value


def generator(value: Any) -> torch.Generator:
    """A generator on the CPU: only there does one seed mean one draw on every machine."""
    if not isinstance(value, torch.Generator) or value.device != CPU:
        came = f"one on {value.device}" if isinstance(value, torch.Generator) else repr(value)
        refuse("generator is a torch.Generator on the CPU", came, "Pass torch.Generator().manual_seed(seed).")
    return value


def shape(value: Iterable[int]) -> torch.Size:
    """The shape of a tensor that has elements."""
    sizes = [None] if isinstance(value, int) else [index(size) for size in value]
    if not all(size is not None and size > 0 for size in sizes):
        refuse("shape is a sequence of sizes ≥ 1", repr(value), "Pass a tuple such as (2, 5).")
    return torch.Size(size for size in sizes if size is not None)


def ids(name: str, value: Any, *, like: Tensor | None = None, one_sequence: bool = False) -> Int[Tensor, "*batch T"]:
    """Token ids: integers ≥ 0, one sequence [T] or a batch [B, T] (or shaped as `like`), not empty, as int64."""
    value = integers(name, value)
    shaped(name, value, like, (1,) if one_sequence else (1, 2))
    lowest = value.min().item()
    if lowest < 0:
        refuse(f"{name} holds token ids ≥ 0", lowest, "Mark what is not scored in the labels, not here.")
    return value


def one_id(name: str, value: Any) -> int:
    """A single token id."""
    return whole(name, value, at_least=0)


def groups(name: str, value: Any, *, like: Tensor | None = None) -> Int[Tensor, "*batch T"]:
    """Numbers of documents or words: integers ≥ 0, and −1 for a position that belongs to none."""
    value = integers(name, value)
    shaped(name, value, like, (1, 2))
    if value.min() < -1:
        refuse(f"{name} holds numbers ≥ 0, or -1 for none", int(value.min()), "Number from 0.")
    return value


def mask(name: str, value: Any, *, like: Tensor | None = None) -> Bool[Tensor, "*batch T"]:
    """A mask: booleans, or integers that are only 0 or 1."""
    if not isinstance(value, Tensor) or value.is_floating_point() or value.is_complex():
        refuse(f"{name} is a boolean tensor", kind(value), "Compare first, for instance ids != pad_id.")
    shaped(name, value, like, (1, 2))
    not_empty(name, value)
    if value.dtype != torch.bool and ((value != 0) & (value != 1)).any():
        came = f"values up to {int(value.long().max())}"
        refuse(f"{name} holds only 0 and 1", came, "Compare first: mask = values > 0.")
    return value.bool()


def scores(name: str, value: Any) -> Float[Tensor, "..."]:
    """A floating-point tensor with elements: logits or losses."""
    if not isinstance(value, Tensor) or not value.is_floating_point():
        refuse(f"{name} is a floating-point tensor", kind(value), "Convert with .float().")
    if value.dtype.itemsize < 2:
        refuse(f"{name} has at least 16 bits a number", kind(value), "Convert with .float().")
    not_empty(name, value)
    return value


def logits(value: Any) -> Float[Tensor, "*batch V"]:
    """Scores over the vocabulary, the last axis."""
    value = scores("logits", value)
    if not value.ndim:
        refuse("logits are [..., V], the vocabulary last", "a single number", "Give them a last axis.")
    return value


def targets(value: Any, logits: Tensor, ignore_index: int) -> Int[Tensor, "*batch"]:
    """One class per position of `logits`: an id below V, or ignore_index."""
    return targets_of(value, logits.shape, ignore_index)


def targets_of(value: Any, shape: Sequence[int], ignore_index: int) -> Int[Tensor, "*batch"]:
    """One class per position of logits that need not be there, only their shape [..., V]."""
    value, V, ignore_index = integers("targets", value), shape[-1], integer("ignore_index", ignore_index)
    if value.shape != torch.Size(shape[:-1]):
        came = f"logits {list(shape)} with targets {list(value.shape)}"
        refuse("targets have the shape of logits without the last axis", came, "Nothing is broadcast.")
    wrong = value[(value != ignore_index) & ((value < 0) | (value >= V))]
    if wrong.numel():
        rule = f"targets are ids below V = {V}, or ignore_index = {ignore_index}"
        refuse(rule, int(wrong[0]), "Check that tokenizer and model have one vocabulary.")
    return value


def classes_to_share(log_p: Tensor, over: str) -> int:
    """The number of classes, where label smoothing has somewhere to put its share."""
    if over == "others" and log_p.shape[-1] == 1:
        refuse("smoothing over the others needs at least two classes", "V = 1", "Smooth over all, or not at all.")
    return log_p.shape[-1]


def losses(value: Any, targets: Any) -> tuple[Float[Tensor, "*batch"], Int[Tensor, "*batch"]]:
    """Losses per position and the targets they belong to, of one shape."""
    value, targets = scores("losses", value), integers("targets", targets)
    shaped("losses", value, targets, ())
    return value, targets


def sequence(name: str, values: Iterable[int]) -> list[int]:
    """Token ids as a list that is not empty."""
    if not isinstance(values, Iterable):
        refuse(f"{name} is a sequence of token ids", repr(values), "Put it in a list.")
    numbers = all_whole(f"a token of {name}", values)
    if not numbers:
        refuse(f"{name} has at least one token", "none", "Leave empty texts out.")
    return numbers


def index(value: Any) -> int | None:
    """The whole number that a value stands for, if it does."""
    try:
        return operator.index(value)
    except TypeError:
        return None


def is_real(value: Any) -> bool:
    """A real number, Python's or NumPy's; True is none."""
    return isinstance(value, Real) and not isinstance(value, bool)


def integers(name: str, value: Any) -> Tensor:
    if not isinstance(value, Tensor) or value.dtype == torch.bool or value.is_floating_point() or value.is_complex():
        refuse(f"{name} is a tensor of integers", kind(value), "Convert with .long().")
    not_empty(name, value)
    return value.long()


def not_empty(name: str, value: Tensor) -> None:
    if not value.numel():
        refuse(f"{name} has at least one element", f"the shape {list(value.shape)}", "Leave empty sequences out.")


def shaped(name: str, value: Tensor, like: Tensor | None, dims: tuple[int, ...]) -> None:
    if like is not None and value.shape != like.shape:
        rule = f"{name} has the shape of what it belongs to, {list(like.shape)}"
        refuse(rule, list(value.shape), "Nothing is broadcast: expand it first.")
    if like is None and value.ndim not in dims:
        wanted = " or ".join(["[T]", "[B, T]"][: len(dims)])
        refuse(f"{name} is {wanted}", f"the shape {list(value.shape)}", "Reshape it, or take one sequence at a time.")


def kind(value: Any) -> str:
    return f"a tensor of {value.dtype}" if isinstance(value, Tensor) else f"{type(value).__name__} {value!r:.60}"
