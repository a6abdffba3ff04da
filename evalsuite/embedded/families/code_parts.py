"""The operations that functions of the code family are composed of, and their probes."""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from evalsuite.embedded.families import words

__all__ = [
    "ARGUMENTS",
    "LIST_FINALS",
    "LIST_STEPS",
    "NOUNS",
    "PAIRS",
    "TESTS",
    "TEXT_FINALS",
    "TEXT_STEPS",
    "VALUES",
    "VERBS",
    "Phrase",
    "constants",
    "probes",
]

Constants = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Phrase:
    """One operation: told forwards, told inside out, and as code."""

    forward: str
    inside: str
    code: str


VERBS = words(
    "fold scan pick trim join walk sift pack turn read clip rate weigh mark cast draw bind sort "
    "test move shape press stack merge"
)
NOUNS = words(
    "rows bits notes marks lines parts codes items tags steps keys cells links blocks tones "
    "grids rates units waves beads loads shifts turns lots"
)
ARGUMENTS: dict[str, tuple[str, ...]] = {
    "list": ("nums", "values", "data", "row", "xs", "scores"),
    "text": ("text", "s", "word", "line", "name", "phrase"),
}
PAIRS = (("a", "b"), ("m", "n"), ("p", "q"), ("left", "right"), ("old", "new"))
_LETTERS = tuple("abcdehilmnorstu")


def _filter(test: str) -> str:
    return "[x for x in {v} if " + test + "]"


def _map(value: str) -> str:
    return "[" + value + " for x in {v}]"


LIST_STEPS: dict[str, Phrase] = {
    "even": Phrase("keep the even numbers", "the even ones among", _filter("x % 2 == 0")),
    "odd": Phrase("keep the odd numbers", "the odd ones among", _filter("x % 2 == 1")),
    "positive": Phrase("keep the positive numbers", "the positive ones among", _filter("x > 0")),
    "negative": Phrase("keep the negative numbers", "the negative ones among", _filter("x < 0")),
    "above": Phrase("keep those above {k}", "the ones above {k} among", _filter("x > {k}")),
    "below": Phrase("keep those below {k}", "the ones below {k} among", _filter("x < {k}")),
    "least": Phrase(
        "keep those of at least {k}", "the ones of at least {k} among", _filter("x >= {k}")
    ),
    "most": Phrase(
        "keep those of at most {k}", "the ones of at most {k} among", _filter("x <= {k}")
    ),
    "multiple": Phrase(
        "keep the multiples of {k}", "the multiples of {k} among", _filter("x % {k} == 0")
    ),
    "other": Phrase("drop every {k}", "the ones other than {k} among", _filter("x != {k}")),
    "square": Phrase("square each number", "the squares of", _map("x * x")),
    "double": Phrase("double each number", "the doubles of", _map("2 * x")),
    "opposite": Phrase("flip each sign", "the opposites of", _map("-x")),
    "halve": Phrase("halve each number, rounding down", "the rounded halves of", _map("x // 2")),
    "plus": Phrase("add {k} to each number", "the sums with {k} of", _map("x + {k}")),
    "times": Phrase("multiply each number by {k}", "the {k}-folds of", _map("x * {k}")),
    "mod": Phrase("take each number modulo {k}", "the remainders by {k} of", _map("x % {k}")),
    "size": Phrase("drop each sign", "the absolute values of", _map("abs(x)")),
    "head": Phrase("keep the first {k}", "the first {k} of", "{v}[:{k}]"),
    "tail": Phrase("keep the last {k}", "the last {k} of", "{v}[-{k}:]"),
    "skip": Phrase("skip the first {k}", "all but the first {k} of", "{v}[{k}:]"),
    "chop": Phrase("cut off the last {k}", "all but the last {k} of", "{v}[:-{k}]"),
    "second": Phrase("keep every second one", "every second one of", "{v}[::2]"),
    "sort": Phrase("sort them", "the sorted copy of", "sorted({v})"),
    "reverse": Phrase("reverse the order", "the reversed copy of", "{v}[::-1]"),
    "unique": Phrase("sort them without repeats", "the sorted set of", "sorted(set({v}))"),
}
LIST_FINALS: dict[str, Phrase] = {
    "sum": Phrase("the sum", "the sum of", "sum({v})"),
    "largest": Phrase("the largest or 0", "the largest or 0 of", "max({v}, default=0)"),
    "smallest": Phrase("the smallest or 0", "the smallest or 0 of", "min({v}, default=0)"),
    "count": Phrase("the count", "the count of", "len({v})"),
    "list": Phrase("the list", "the list of", "{v}"),
    "mean": Phrase("the whole mean", "the whole mean of", "sum({v}) // max(len({v}), 1)"),
    "spread": Phrase("the spread", "the spread of", "max({v}, default=0) - min({v}, default=0)"),
}
TEXT_STEPS: dict[str, Phrase] = {
    "reverse": Phrase("reverse it", "the reverse of", "{v}[::-1]"),
    "upper": Phrase("put it in upper case", "the upper case of", "{v}.upper()"),
    "lower": Phrase("put it in lower case", "the lower case of", "{v}.lower()"),
    "swap": Phrase("swap the case", "the swapped case of", "{v}.swapcase()"),
    "spaces": Phrase("remove the spaces", "the spaceless form of", "{v}.replace(' ', '')"),
    "skip": Phrase("skip the first {k}", "all but the first {k} of", "{v}[{k}:]"),
    "chop": Phrase("cut off the last {k}", "all but the last {k} of", "{v}[:-{k}]"),
    "head": Phrase("keep the first {k}", "the first {k} of", "{v}[:{k}]"),
    "tail": Phrase("keep the last {k}", "the last {k} of", "{v}[-{k}:]"),
    "repeat": Phrase("repeat it {k} times", "{k} copies of", "{v} * {k}"),
    "words": Phrase("reverse the words", "the reversed words of", "' '.join({v}.split()[::-1])"),
    "sort": Phrase("sort the words", "the sorted words of", "' '.join(sorted({v}.split()))"),
    "second": Phrase("keep every second one", "every second one of", "{v}[::2]"),
    "replace": Phrase(
        "turn '{c}' into '{d}'", "the '{c}' to '{d}' form of", "{v}.replace('{c}', '{d}')"
    ),
    "without": Phrase("remove each '{c}'", "the '{c}'-free form of", "{v}.replace('{c}', '')"),
    "consonants": Phrase(
        "drop the vowels",
        "the vowel-free form of",
        "''.join(x for x in {v} if x not in 'aeiou')",
    ),
}
TEXT_FINALS: dict[str, Phrase] = {
    "text": Phrase("the text", "the text of", "{v}"),
    "length": Phrase("the length", "the length of", "len({v})"),
    "words": Phrase("the word count", "the word count of", "len({v}.split())"),
    "vowels": Phrase("the vowel count", "the vowel count of", "sum(x in 'aeiou' for x in {v})"),
    "letters": Phrase(
        "the count of distinct letters", "the count of distinct letters of", "len(set({v}))"
    ),
    "list": Phrase("the words", "the words of", "{v}.split()"),
}

# What a case distinction asks about its two numbers, and what it may return: said, code.
TESTS: dict[str, tuple[str, str]] = {
    "even": ("{a} is even", "{a} % 2 == 0"),
    "odd": ("{b} is odd", "{b} % 2 == 1"),
    "more": ("{a} is above {b}", "{a} > {b}"),
    "equal": ("{a} equals {b}", "{a} == {b}"),
    "negative": ("{b} is negative", "{b} < 0"),
    "multiple": ("{a} is a multiple of {k}", "{a} % {k} == 0"),
    "above": ("{b} is above {k}", "{b} > {k}"),
    "both": ("both are positive", "{a} > 0 and {b} > 0"),
    "either": ("either is below {k}", "{a} < {k} or {b} < {k}"),
    "sum": ("they add up to at least {k}", "{a} + {b} >= {k}"),
    "far": ("they are more than {k} apart", "abs({a} - {b}) > {k}"),
}
VALUES: dict[str, tuple[str, str]] = {
    "plus": ("{a} plus {k}", "{a} + {k}"),
    "times": ("{b} times {k}", "{b} * {k}"),
    "minus": ("{a} minus {b}", "{a} - {b}"),
    "larger": ("the larger one", "max({a}, {b})"),
    "smaller": ("the smaller one", "min({a}, {b})"),
    "product": ("their product", "{a} * {b}"),
    "square": ("the square of {b}", "{b} * {b}"),
    "halve": ("{a} divided by {k}, rounded down", "{a} // {k}"),
    "gap": ("their distance", "abs({a} - {b})"),
    "mod": ("{b} modulo {k}", "{b} % {k}"),
    "number": ("{k}", "{k}"),
}

_SENTENCES = (
    "The quick brown fox jumps over a lazy dog",
    "hello world",
    "Never odd or even",
    "mouse under the stone stairs",
    "Banana and Cherry",
)


def constants(rng: random.Random) -> dict[str, str]:
    """One draw of the constants an operation may mention."""
    first, second = rng.sample(_LETTERS, 2)
    return {"k": str(rng.randint(2, 9)), "c": first, "d": second}


def probes(rng: random.Random, kind: str, used: list[dict[str, str]]) -> list[list[Any]]:
    """Arguments to grade with: edge cases, and values around the constants in use."""
    edges = [int(one["k"]) for one in used]
    if kind == "list":
        return _lists(rng, edges)
    if kind == "text":
        letters = "".join(one["c"] + one["d"] for one in used)
        shuffled = "".join(rng.sample(letters + letters.upper() + "   ", len(letters) * 2 + 3))
        return [[""], [shuffled], *([text] for text in _SENTENCES)]
    return _numbers(rng, edges)


def _lists(rng: random.Random, edges: list[int]) -> list[list[Any]]:
    near = [edge + shift for edge in edges for shift in (-1, 0, 1)]
    made = [[], [edges[0]], near + near[::-1], [-value for value in near] + near]
    for size in (6, 10, 16, 24):
        made.append([rng.randint(-15, 40) for _ in range(size)])
    return [[values] for values in made]


def _numbers(rng: random.Random, edges: list[int]) -> list[list[Any]]:
    made = [[0, 0], [7, 7], [-6, 3], [8, -5], [1, 30]]
    for edge in edges:
        made += [[edge, edge + 1], [edge + 1, edge], [2 * edge, edge]]
    made += [[rng.randint(-20, 40), rng.randint(-20, 40)] for _ in range(6)]
    return made
