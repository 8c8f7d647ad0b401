"""Options of execution models."""

from plumline.errors import InputError


def check_option(model: str, option: str, value: object, low: int, high: int) -> None:
    """Raise `InputError` unless the option is a whole number from low to high."""
    if type(value) is not int or not low <= value <= high:
        raise InputError(f"{model}:{option}={value}: give a whole number from {low} to {high}")


def check_switch(model: str, option: str, value: object) -> None:
    """Raise `InputError` unless the option is on or off."""
    if not isinstance(value, bool):
        raise InputError(f"{model}:{option}={value}: write on or off")
