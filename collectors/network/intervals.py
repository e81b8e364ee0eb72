"""Sets of whole numbers as sorted, disjoint ranges: ports and addresses are told apart by nothing else."""

from collections.abc import Iterable

type Range = tuple[int, int]
type Ranges = tuple[Range, ...]


def joined(ranges: Iterable[Range]) -> Ranges:
    """Sort ranges and join those that overlap or touch; both ends of a range belong to it."""
    made: list[Range] = []
    for first, last in sorted(ranges):
        if made and first <= made[-1][1] + 1:
            made[-1] = (made[-1][0], max(made[-1][1], last))
        else:
            made.append((first, last))
    return tuple(made)


def common(ones: Ranges, others: Ranges) -> Ranges:
    """Give what two sets have in common."""
    met = ((max(one[0], other[0]), min(one[1], other[1])) for one in ones for other in others)
    return joined(pair for pair in met if pair[0] <= pair[1])


def without(ones: Ranges, others: Ranges) -> Ranges:
    """Give what the first set has and the second has not."""
    left = list(ones)
    for first, last in others:
        left = [
            part
            for begin, end in left
            for part in ((begin, min(end, first - 1)), (max(begin, last + 1), end))
            if part[0] <= part[1]
        ]
    return joined(left)


def size(ranges: Ranges) -> int:
    """Count the numbers in a set."""
    return sum(last - first + 1 for first, last in ranges)


def cells(sets: Iterable[Ranges], whole: Range) -> tuple[Range, ...]:
    """Cut a whole where any set begins or ends: all numbers of a cell are in the same sets."""
    cuts = {whole[0]}
    for ranges in sets:
        for first, last in ranges:
            cuts.update((first, last + 1))
    starts = sorted(cut for cut in cuts if whole[0] <= cut <= whole[1])
    ends = [start - 1 for start in starts[1:]] + [whole[1]]
    return tuple(zip(starts, ends, strict=True))
