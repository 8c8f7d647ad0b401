"""Sizes that are not known yet: polynomials over named sizes, such as ``64*N`` or ``H + 2``."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from math import prod

Monomial = tuple[str, ...]


@dataclass(frozen=True)
class Expression:
    """A sum of products of named sizes; arithmetic gives an `int` once the names cancel."""

    terms: tuple[tuple[Monomial, int], ...]

    def __add__(self, other: "Dim") -> "Dim":
        return _normal([*self.terms, *_terms(other)])

    __radd__ = __add__

    def __neg__(self) -> "Dim":
        return self * -1

    def __sub__(self, other: "Dim") -> "Dim":
        return self + -other

    def __rsub__(self, other: "Dim") -> "Dim":
        return -self + other

    def __mul__(self, other: "Dim") -> "Dim":
        return _normal(
            (tuple(sorted(a + b)), x * y) for a, x in self.terms for b, y in _terms(other)
        )

    __rmul__ = __mul__

    def __floordiv__(self, other: "Dim") -> "Dim":
        if self == other:
            return 1
        quotient = _exact_quotient(self, other)
        return symbol(f"({self})//({other})") if quotient is None else quotient

    def __rfloordiv__(self, other: int) -> "Dim":
        return symbol(f"({other})//({self})")

    def __str__(self) -> str:
        return " + ".join(_product(names, factor) for names, factor in self.terms).replace(
            "+ -", "- "
        )

    def evaluate(self, sizes: Mapping[str, int]) -> int | None:
        """Return the number for given sizes, or None when one of the names has none."""
        if any(name not in sizes for names, _ in self.terms for name in names):
            return None
        return sum(factor * prod(sizes[name] for name in names) for names, factor in self.terms)


Dim = int | Expression
Shape = tuple[Dim, ...]


def symbol(name: str) -> Expression:
    """Make the size called ``name``."""
    return Expression((((name,), 1),))


def product(sizes: Iterable[Dim]) -> Dim:
    """Multiply sizes."""
    result: Dim = 1
    for size in sizes:
        result = result * size
    return result


def evaluate(size: Dim, sizes: Mapping[str, int]) -> int | None:
    """Return the number of a size, or None when it depends on a name without one."""
    return size if isinstance(size, int) else size.evaluate(sizes)


def known(shape: Iterable[Dim]) -> tuple[int, ...] | None:
    """Return the shape when all its sizes are numbers, else None."""
    sizes = tuple(shape)
    return None if any(isinstance(size, Expression) for size in sizes) else sizes  # type: ignore[return-value]  # all int


def _terms(size: Dim) -> tuple[tuple[Monomial, int], ...]:
    return (((), int(size)),) if not isinstance(size, Expression) else size.terms


def _normal(terms: Iterable[tuple[Monomial, int]]) -> Dim:
    sums: dict[Monomial, int] = {}
    for names, factor in terms:
        sums[names] = sums.get(names, 0) + factor
    kept = tuple(
        (names, sums[names]) for names in sorted(sums, key=lambda n: (-len(n), n)) if sums[names]
    )
    if not kept:
        return 0
    return kept[0][1] if kept[0][0] == () else Expression(kept)


def _exact_quotient(numerator: Expression, divisor: Dim) -> Dim | None:
    divisors = _terms(divisor)
    if len(divisors) != 1:
        return None
    (names, factor), quotient = divisors[0], []
    for own, value in numerator.terms:
        rest = list(own)
        for name in names:
            if name not in rest:
                return None
            rest.remove(name)
        if factor == 0 or value % factor:
            return None
        quotient.append((tuple(rest), value // factor))
    return _normal(quotient)


def _product(names: Monomial, factor: int) -> str:
    if not names:
        return str(factor)
    text = "*".join(name if name.isidentifier() else f"({name})" for name in names)
    return text if factor == 1 else f"{factor}*{text}"
