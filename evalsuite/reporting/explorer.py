"""The samples a report carries: what was asked, what each system said, and the calls in between.

The page holds an index of every answer, small enough to filter at once (``explorer_index``), and
the texts in compressed blocks (``explorer_pack``), which its script opens when they are looked at.
Where the texts of all samples would make the file too large, some are listed without theirs.
"""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import msgspec
import numpy as np

from evalsuite.analysis.summary import Summary
from evalsuite.reporting import explorer_index
from evalsuite.reporting.explorer_pack import LONGEST_TEXT, Integers, Part, squeezed, strings
from evalsuite.reporting.explorer_parts import READERS, answer_texts, parts
from evalsuite.reporting.explorer_places import Places, in_turns, places
from evalsuite.store import Run

MOST_SAMPLES = 100_000
MOST_BYTES = 40_000_000
"""Of packed texts: a page of this size opens in about two seconds."""
PILOT = 500
"""Samples that are packed to see how large the texts of all of them would be."""
ANSWERS_A_BLOCK = 2_000


@dataclass(frozen=True)
class Explorer:
    """What the page's script reads, and how many samples are in it.

    ``header`` (deflated JSON), ``index`` (deflated arrays) and ``blocks`` (of each part) are
    base64. Of ``n_total`` samples, ``n_shown`` are listed and ``n_whole`` have their texts, of
    which ``n_cut`` were cut short.
    """

    header: str
    index: str
    blocks: Mapping[str, list[str]]
    n_total: int
    n_shown: int
    n_whole: int
    n_cut: int

    @property
    def note(self) -> str:
        """What was left out to keep the file small, in words; "" where nothing was."""
        said = []
        if self.n_shown < self.n_total:
            said.append(
                f"Lists {self.n_shown:,} of {self.n_total:,} samples, so counts here are not "
                "those of the run."
            )
        if self.n_whole < self.n_shown:
            said.append(f"The texts of {self.n_whole:,} of them are in this file.")
        if said:
            said.append(
                "Chosen so that tasks take turns, and that of a task those come first on which "
                "systems disagree or an answer is missing. The run folder holds all."
            )
        if self.n_cut:
            said.append(f"Texts cut at {LONGEST_TEXT:,} characters: {self.n_cut:,}.")
        return " ".join(said)


def explore(
    run: Run,
    summary: Summary,
    *,
    most_samples: int = MOST_SAMPLES,
    most_bytes: int = MOST_BYTES,
) -> Explorer:
    """Pack the samples of ``run`` for the page.

    At most ``most_samples`` are listed, and their texts take up about ``most_bytes``, as well as
    the size of ``PILOT`` samples tells that of the others. Tasks take turns in both.
    """
    samples = run.read("samples", ["task", "sample_id"])
    repeats = run.read("responses", ["repeat"])["repeat"]
    systems = [item.entry.name for item in summary.systems]
    where = places(samples, systems, int(repeats.max()) + 1 if len(repeats) else 1)
    rank = {entry.name: number for number, entry in enumerate(summary.manifest.tasks)}
    tasks = np.asarray(samples["task"].map(rank).fillna(len(rank)), dtype=np.int64)
    arrays, kinds = explorer_index.answers(run, where)
    first = explorer_index.noteworthy(arrays["outcomes"], where)
    listed = in_turns(tasks, first, most_samples)
    size = int(np.clip(ANSWERS_A_BLOCK // max(1, where.slots_a_sample), 10, 500))
    # what was answered is most of what there is, and tells at little cost how much may fit
    pilot = _spread(len(listed))
    answered = {"said": answer_texts(run, where, listed[pilot])}
    n = int(most_bytes / _bytes_each(answered, np.arange(len(pilot)), size))
    whole = listed[in_turns(tasks[listed], first[listed], n)]
    held = parts(run, where, whole)
    n = int(most_bytes / _bytes_each(held, _spread(len(whole)), size))
    inside = in_turns(tasks[whole], first[whole], n)
    with ThreadPoolExecutor(READERS) as packers:
        made = packers.map(lambda part: part.blocks(inside, size), held.values())
        packed = dict(zip(held, made, strict=True))
    header, index = _index(run, summary, where, listed, whole[inside], size, arrays, kinds)
    return Explorer(
        header=header,
        index=index,
        blocks={name: blocks for name, (blocks, _) in packed.items()},
        n_total=len(samples),
        n_shown=len(listed),
        n_whole=len(inside),
        n_cut=sum(n_cut for _, n_cut in packed.values()),
    )


def _spread(n: int) -> Integers:
    """At most ``PILOT`` of ``n`` places, evenly apart."""
    return np.linspace(0, n - 1, min(n, PILOT)).astype(np.int64)


def _bytes_each(held: Mapping[str, Part], pilot: Integers, size: int) -> float:
    """What a sample takes up in a page, by those of the ``pilot``."""
    packed = [part.blocks(pilot, size)[0] for part in held.values()]
    return sum(len(block) for blocks in packed for block in blocks) / max(1, len(pilot)) or 1.0


def _index(
    run: Run,
    summary: Summary,
    where: Places,
    listed: Integers,
    whole: Integers,
    size: int,
    answers: explorer_index.Arrays,
    kinds: list[str],
) -> tuple[str, str]:
    """The header and the arrays of the samples ``listed``, packed."""
    samples = run.read("samples", ["task", "sample_id"]).iloc[listed]
    codes, tasks = samples["task"].factorize()
    judged, judges = explorer_index.verdicts(run, where)
    sliced, fields = explorer_index.slices(run, listed)
    arrays = {
        name: array.reshape(where.n_samples, -1)[listed].ravel()
        for name, array in {**answers, **judged}.items()
    }
    texts = np.zeros(where.n_samples, dtype="<u4")
    texts[whole] = np.arange(1, len(whole) + 1)
    described, content = explorer_index.layout(
        {**arrays, **sliced, "tasks": codes.astype("<u2"), "texts": texts[listed]}
    )
    families = {entry.name: entry.family for entry in summary.manifest.tasks}
    header: dict[str, Any] = {
        "n": len(listed),
        "n_whole": len(whole),
        "ids": strings(samples["sample_id"]).to_pylist(),
        "tasks": [{"name": name, "family": families.get(name, "")} for name in tasks],
        "systems": list(where.systems),
        "repeats": where.n_repeats,
        "kinds": kinds,
        "judges": judges,
        "slices": fields,
        "block": size,
        "arrays": described,
    }
    return squeezed(msgspec.json.encode(header)), squeezed(content)
