"""Published tables and figures, made again: see docs/reproduce.md."""

from plumline.reproduce import plum
from plumline.reproduce.budget import BUDGETS, Budget
from plumline.reproduce.facts import Fact, facts
from plumline.reproduce.item import items, papers
from plumline.reproduce.run import Made, reproduce

__all__ = ["BUDGETS", "Budget", "Fact", "Made", "facts", "items", "papers", "plum", "reproduce"]
