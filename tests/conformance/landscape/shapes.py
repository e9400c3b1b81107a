"""Classes of the landscape, and the steps that use them."""

from __future__ import annotations

import enum
from collections import namedtuple
from dataclasses import dataclass, field
from typing import NamedTuple

from helpers import Base


class Shape(Base):
    """A class with everything."""

    sides: int = 4
    __slots__ = ("_name",)

    def __init__(self, name="square"):
        """Name it."""
        self._name = name

    @property
    def name(self):
        return self._name

    @classmethod
    def make(cls):
        return cls("made")

    @staticmethod
    def plain():
        return 7

    def scale(self, number):
        return super().scale(number) + self.sides


def classes():
    return Shape.make().name, Shape().scale(2), Shape.plain()


@dataclass
class Settings:
    """Settings."""

    level: int = 1
    names: list = field(default_factory=lambda: ["x"])


SETTINGS = Settings(2)


def dataclasses_used():
    return Settings(), SETTINGS.level


class Color(enum.Enum):
    RED = "r"
    BLUE = "b"


class Mode(enum.IntFlag):
    READ = 1
    WRITE = 2


BOTH = Mode.READ | Mode.WRITE
ALIAS = dict[str, list[int]]


class Broken(Exception):
    """An exception with a part."""

    def __init__(self, part):
        super().__init__(part)
        self.part = part


def exceptions():
    return Broken(1).part


def flags_and_aliases():
    return BOTH.value, str(ALIAS)


def enums():
    return Color.RED.value, Mode.READ | Mode.WRITE, Color("b")


class Point(NamedTuple):
    x: int = 0
    y: int = 1


Pair = namedtuple("Pair", "a b", defaults=[5])


def named_tuples():
    return Point(), Pair(1)
