"""How much arithmetic an inference takes."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Operations:
    """Additions (subtractions too) and multiplications of one sample.

    A sum of n numbers is n - 1 additions. A multiplication by 1 or -1 is none: a sign makes an
    addition a subtraction.
    """

    additions: int = 0
    multiplications: int = 0

    @property
    def total(self) -> int:
        """Additions and multiplications together."""
        return self.additions + self.multiplications

    def __add__(self, other: "Operations") -> "Operations":
        return Operations(
            self.additions + other.additions, self.multiplications + other.multiplications
        )

    def __mul__(self, times: int) -> "Operations":
        return Operations(self.additions * times, self.multiplications * times)
