"""Many sets of numbers swept once: which of them hold where, and who comes first where they overlap."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence

from collectors.network.intervals import Range, Ranges

type Layer = tuple[Range, int]
"""A range of numbers, and the sets that hold all of them as bits."""


def layers(sets: Iterable[tuple[int, Ranges]], whole: Range) -> list[Layer]:
    """Cut a whole where any set begins or ends, and tell which sets hold each piece.

    Takes sets of disjoint ranges, each with the bit that stands for it. Gives the pieces in order, without
    a gap; a range that ends before it begins holds nothing. It costs a sort, however the sets overlap.
    """
    toggled: defaultdict[int, int] = defaultdict(int, {whole[0]: 0})
    for bit, ranges in sets:
        for first, last in ranges:
            if first <= last and first <= whole[1] and last >= whole[0]:
                toggled[max(first, whole[0])] ^= bit
                toggled[last + 1] ^= bit
    starts = sorted(point for point in toggled if point <= whole[1])
    made: list[Layer] = []
    held = 0
    for start, following in zip(starts, [*starts[1:], whole[1] + 1], strict=True):
        held ^= toggled[start]
        made.append(((start, following - 1), held))
    return made


def bits(mask: int) -> Iterable[int]:
    """Give the places of the bits that are set, lowest first."""
    while mask:
        lowest = mask & -mask
        yield lowest.bit_length() - 1
        mask ^= lowest


class Places:
    """Places in a row, each taken once: whoever comes later gets what is left."""

    def __init__(self, count: int) -> None:
        # What stands at a place leads on to a free one, and at the end to none.
        self._following = list(range(count + 1))

    def free_from(self, place: int) -> int:
        """Give the first free place from one on; the number of places if none is left."""
        following = self._following
        root = place
        while following[root] != root:
            root = following[root]
        while following[place] != root:
            following[place], place = root, following[place]
        return root

    def take(self, first: int, end: int) -> Iterable[int]:
        """Take what is free from one place up to another, and give it."""
        place = self.free_from(first)
        while place < end:
            self._following[place] = place + 1
            yield place
            place = self.free_from(place + 1)


class Pieces:
    """All that some sets hold, cut into pieces that the same of them hold.

    Args:
        sets: each is known by its place.
        whole: what they are parts of.
    """

    def __init__(self, sets: Sequence[Ranges], whole: Range) -> None:
        found: Counter[int] = Counter()
        for (first, last), held in layers(((1 << place, one) for place, one in enumerate(sets)), whole):
            found[held] += last - first + 1
        del found[0]
        self.held_by = list(found)
        self.sizes = list(found.values())
        self.of: list[list[int]] = [[] for _ in sets]
        for piece, held in enumerate(self.held_by):
            for place in bits(held):
                self.of[place].append(piece)


class Winners:
    """Which set takes each piece while sets come and go: the first of those present that hold it.

    Args:
        counted: the sets whose share of the whole is counted.
    """

    def __init__(self, pieces: Pieces, counted: int) -> None:
        self._pieces = pieces
        self._counted = counted
        self._present = 0
        self._winner = [0] * len(pieces.sizes)
        self._wins: Counter[int] = Counter()
        self.taken = 0
        """How much all sets that are present have taken."""
        self.counted_taken = 0
        """How much of it the counted sets have."""

    def change_to(self, present: int) -> None:
        """Let these sets be present; only pieces of those that came or went are looked at."""
        for place in bits(present ^ self._present):
            for piece in self._pieces.of[place]:
                self._settle(piece, present & self._pieces.held_by[piece])
        self._present = present

    def _settle(self, piece: int, contenders: int) -> None:
        was, now = self._winner[piece], contenders & -contenders
        if was != now:
            self._winner[piece] = now
            for winner, change in ((was, -1), (now, 1)):
                if winner:
                    self._wins[winner] += change
                    size = change * self._pieces.sizes[piece]
                    self.taken += size
                    self.counted_taken += size if winner & self._counted else 0

    def counted(self) -> list[int]:
        """Give the counted sets that have taken anything, by their places."""
        return [place for place in bits(self._present & self._counted) if self._wins[1 << place]]
