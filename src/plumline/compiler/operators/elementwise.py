"""Add, Sub, Mul, Div."""

from plumline.compiler.graph import Value
from plumline.compiler.lowering import Context, lowers


@lowers("Add", "Sub", "Mul", "Div")
def arithmetic(context: Context) -> Value:
    """Number by number, with broadcasting."""
    return context.emit(context.operator.lower(), [context.value(0), context.value(1)])
