"""TALLRec's book data: what a reader liked and disliked, and one more book.

Bao et al. 2023, arXiv:2305.00447, from Book-Crossing.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from random import Random

from evalsuite.datasets import DataFile, Dataset
from evalsuite.scoring.label_names import folded_name
from evalsuite.task import Split

TALLREC_BOOK = Dataset(
    name="tallrec_book",
    licence="Apache-2.0 (TALLRec); Book-Crossing's own terms",
    source="https://github.com/SAI990323/TALLRec",
    files={
        "test": DataFile(
            path="tasks/recommendation/tallrec_book/test_800.jsonl",
            sha256="4559588a748da378db699f58ea107b153a6975a24e561c68142806a68e50cc0a",
        ),
        "practice": DataFile(
            path="tasks/recommendation/tallrec_book/valid_first100.jsonl",
            sha256="9fc515c8089c54ca23589ea79cb0aab2617f97d047b59bacc4a617180de15184",
        ),
    },
)
REFERENCE = "arXiv:2305.00447"
TRAIN = 70
CANDIDATES = 20

_FORM = re.compile(
    r"User Preference: (?P<liked>.*)\nUser Unpreference: (?P<disliked>.*)\n"
    r'Whether the user will like the target book "(?P<target>.*)"\?',
    re.DOTALL,
)
_BOOK = re.compile(r'"(?P<title>.*?)" written by (?P<author>.*?)(?=, "|\Z)', re.DOTALL)


@dataclass(frozen=True, kw_only=True)
class Reader:
    """One row: books as "TITLE by AUTHOR"; ``likes`` says whether the target was liked.

    Two of the 800 test rows have their target among the liked books too, one of them with "No".
    """

    id: str
    liked: tuple[str, ...]
    disliked: tuple[str, ...]
    target: str
    likes: bool

    @property
    def new(self) -> bool:
        """Whether the target is none of the books that the reader is known to have rated."""
        return self.target not in (*self.liked, *self.disliked)


def readers(split: Split) -> Iterator[Reader]:
    """Readers in the order of the file.

    Test is a sample of 800 of the published test rows. The training rows are not here: of the first
    100 validation rows, 70 are for training and 30 for validation.

    Raises:
        ValueError: For a row of another form than TALLRec's.
    """
    first, last = {"test": (0, None), "train": (0, TRAIN), "validation": (TRAIN, None)}[split]
    rows = TALLREC_BOOK.rows("test" if split == "test" else "practice")
    for number, row in enumerate(islice(rows, first, last)):
        match = _FORM.fullmatch(row["input"])
        if match is None:
            raise ValueError(f"{split} row {number} is not of TALLRec's form")
        (target,) = _books(match["target"])
        yield Reader(
            id=f"{split}-{number}",
            liked=tuple(_books(match["liked"])),
            disliked=tuple(_books(match["disliked"])),
            target=target,
            likes=row["output"].startswith("Yes"),
        )


def _books(text: str) -> list[str]:
    return [f"{match['title']} by {match['author']}" for match in _BOOK.finditer(text)]


def candidates(reader: Reader, catalogue: Sequence[str], count: int = CANDIDATES) -> list[str]:
    """The target among ``count`` books in a drawn order, the others unknown to the reader.

    The others are drawn without replacement, each book of the catalogue being as likely, by a
    generator that is seeded with the reader's id. No two differ in case or punctuation alone.

    Raises:
        ValueError: If the catalogue has too few books that the reader does not know.
    """
    draw = Random(f"candidates {reader.id}")
    known = {folded_name(book) for book in (*reader.liked, *reader.disliked, reader.target)}
    chosen = [reader.target]
    for book in draw.sample(list(catalogue), len(catalogue)):
        if folded_name(book) not in known:
            known.add(folded_name(book))
            chosen.append(book)
        if len(chosen) == count:
            break
    else:
        raise ValueError(f"the catalogue has no {count - 1} books that {reader.id} does not know")
    draw.shuffle(chosen)
    return chosen


def catalogue_of(found: Sequence[Reader]) -> list[str]:
    """Every book that occurs with one of the readers, once, sorted."""
    return sorted({book for one in found for book in (*one.liked, *one.disliked, one.target)})
