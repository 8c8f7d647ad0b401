"""The errors that a user can cause: one line that names the wrong value and the cure."""


class InputError(ValueError):
    """A value, a file or a network that cannot be used; the command line exits with 2."""


class ArtifactError(InputError):
    """A ``.plum`` file that is truncated, damaged, too new, or not one at all."""


class UnsupportedOperatorError(InputError):
    """An ONNX graph with operators, or uses of operators, that plumline does not compile."""


class MissingDependencyError(InputError):
    """A package of an optional extra is not installed; the text gives the ``pip install`` line."""
