"""Keyword options of a registered function, checked against its signature before it is called."""

import inspect
from collections.abc import Callable, Collection, Mapping
from typing import Any, get_type_hints

from plumline._names import unknown
from plumline.errors import InputError


def check_options(
    owner: str,
    function: Callable[..., Any],
    options: Mapping[str, Any],
    reserved: Collection[str] = (),
) -> None:
    """Raise `InputError` for an option that ``function`` lacks or a value of another type.

    Args:
        owner: what the user calls the function.
        function: its keyword-only parameters are the options; annotations are classes or unions.
        options: what the user gave.
        reserved: keyword-only parameters that are not options.
    """
    parameters = inspect.signature(function).parameters.values()
    choices = {p.name for p in parameters if p.kind is p.KEYWORD_ONLY} - set(reserved)
    hints = get_type_hints(function)
    for name, value in options.items():
        if name not in choices:
            raise unknown(f"{owner} option", name, choices)
        if not isinstance(value, hints[name]):
            wanted = getattr(hints[name], "__name__", str(hints[name]))
            raise InputError(f"{owner} option {name!r} must be {wanted}, not {value!r}")
