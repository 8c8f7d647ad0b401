"""The errors that a user can cause: one line that names the wrong value and the cure."""


def printable(text: str) -> str:
    """Escape line ends and other control characters: texts from a file may hold anything."""
    return "".join(c if c.isprintable() else repr(c)[1:-1] for c in text)


class InputError(ValueError):
    """A value, a file or a network that cannot be used; the command line exits with 2."""

    def __init__(self, message: str) -> None:
        super().__init__(printable(message))


class ArtifactError(InputError):
    """A ``.plum`` file that is truncated, damaged, too new, or not one at all."""


class UnsupportedOperatorError(InputError):
    """An ONNX graph with operators, or uses of operators, that plumline does not compile."""


class MissingDependencyError(InputError):
    """A package of an optional extra is not installed; the text gives the ``pip install`` line."""
