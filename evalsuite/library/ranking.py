"""What the ranking tasks share: NovelEval's files, prompts for listwise ranking, the task itself.

``inputs`` hold ``query`` and ``passages``, a list of ``{"id", "title", "text"}`` in the order in
which they are given; the target is the grade of each id.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence

from evalsuite.datasets import DataFile, Dataset
from evalsuite.records import Answer, Message, Sample, Score
from evalsuite.scoring.ranking import score_ranking
from evalsuite.task import Published, Split, Task, Variant

_MOST_WORDS = 300  # of a passage in RankGPT's prompt
NOVELEVAL = Dataset(
    name="noveleval",
    licence="Apache-2.0",
    source="https://github.com/sunnweiwei/RankGPT/tree/"
    "0d62bc3855c7c118048a7c47c18e719b938e291a/NovelEval",
    files={
        "queries": DataFile(
            path="tasks/retrieval/noveleval/queries.tsv",
            sha256="78ed1ab0c4cc42a9b2d3a774d85a751cb792b01a7dfd9c1fa1401278b4736519",
            form="lines",
        ),
        "corpus": DataFile(
            path="tasks/retrieval/noveleval/corpus.tsv",
            sha256="a62a5609a69ab2ec330d48c72bcd5a1bf3eb243ffcb2fa355013ab2512b1a99a",
            form="lines",
        ),
        "qrels": DataFile(
            path="tasks/retrieval/noveleval/qrels.txt",
            sha256="39b0be49af40899346a32caa4e8c4aa79c15b03d7e8eef4cb0682db14109750f",
            form="lines",
        ),
    },
)
_README = "RankGPT, NovelEval/README.md (arXiv:2304.09542)"
NOVELEVAL_PUBLISHED = tuple(
    Published(metric="ndcg@10", value=value, system=system, source=_README, n=21, note=note)
    for system, value, note in (
        ("BM25", 0.5577, "its tokenizer is not named"),
        ("monoT5-3B", 0.8462, "pointwise"),
        ("gpt-3.5-turbo", 0.7571, "variant rankgpt"),
        ("gpt-4", 0.9045, "variant rankgpt"),
    )
)


def ranking_task(
    *,
    name: str,
    summary: str,
    samples: Callable[[Split], Iterable[Sample]],
    data: Dataset,
    published: tuple[Published, ...] = (),
    reference: str = "",
) -> Task:
    """A task of listwise ranking; success is that the first passage is of the highest grade."""
    return Task(
        name=name,
        family="ranking",
        summary=summary,
        samples=samples,
        prompt=prompt,
        score=score,
        success="ndcg@1",
        max_output_tokens=256,
        shot=shot,
        variants={
            "rankgpt": Variant(prompt=rankgpt_prompt),
            "passages_first": Variant(prompt=passages_first_prompt),
        },
        data=(data,),
        published=published,
        source=data.source,
        licence=data.licence,
        reference=reference,
    )


def noveleval_samples(split: Split) -> Iterator[Sample]:
    """The 21 queries with 20 passages each, all of them in the test split."""
    if split != "test":
        return
    passages: defaultdict[str, list[dict[str, str]]] = defaultdict(list)
    for row in NOVELEVAL.rows("corpus"):
        # Passages hold tabs of their own, so this is no table.
        name, text = row["line"].split("\t", 1)
        passages[name.split("-")[0]].append({"id": name, "title": "", "text": text.strip()})
    grades: defaultdict[str, dict[str, int]] = defaultdict(dict)
    for row in NOVELEVAL.rows("qrels"):
        query, _, name, grade = row["line"].split()
        grades[query][name] = int(grade)
    for row in NOVELEVAL.rows("queries"):
        number, query = row["line"].split("\t", 1)
        yield Sample(
            id=f"query-{number}",
            inputs={"query": query.strip(), "passages": passages[number]},
            target=grades[number],
        )


# --- asking -------------------------------------------------------------------------------------


def prompt(sample: Sample) -> str:
    """The query, the numbered passages, the form of the answer."""
    return (
        f"Query: {sample.inputs['query']}\n\n{_numbered(sample)}\n\n"
        f"Rank the {len(sample.inputs['passages'])} passages by how relevant they are to the "
        "query, the most relevant first. Answer with all their numbers, as [2] > [1] > [3], and "
        "nothing else."
    )


def passages_first_prompt(sample: Sample) -> str:
    """The numbered passages, then the query and the form of the answer."""
    return (
        f"{_numbered(sample)}\n\nRank the passages above by how relevant they are to the query: "
        f"{sample.inputs['query']}\nThe most relevant first, all their numbers, as "
        "[2] > [1] > [3], and nothing else."
    )


def rankgpt_prompt(sample: Sample) -> Sequence[Message]:
    """The chat of RankGPT (Sun et al. 2023): a turn a passage, of at most 300 words."""
    query, passages = sample.inputs["query"], sample.inputs["passages"]
    turns = [
        Message(
            role="system",
            content="You are RankGPT, an intelligent assistant that can rank passages based on "
            "their relevancy to the query.",
        ),
        Message(
            role="user",
            content=f"I will provide you with {len(passages)} passages, each indicated by number "
            f"identifier []. \nRank the passages based on their relevance to query: {query}.",
        ),
        Message(role="assistant", content="Okay, please provide the passages."),
    ]
    for number, passage in enumerate(passages, start=1):
        words = " ".join(_worded(passage).split()[:_MOST_WORDS])
        turns += [
            Message(role="user", content=f"[{number}] {words}"),
            Message(role="assistant", content=f"Received passage [{number}]."),
        ]
    last = (
        f"Search Query: {query}. \nRank the {len(passages)} passages above based on their "
        "relevance to the search query. The passages should be listed in descending order using "
        "identifiers. The most relevant passages should be listed first. The output format should "
        "be [] > [], e.g., [1] > [2]. Only response the ranking results, do not say any word or "
        "explain."
    )
    return (*turns, Message(role="user", content=last))


def _numbered(sample: Sample) -> str:
    passages = enumerate(sample.inputs["passages"], start=1)
    return "\n".join(f"[{number}] {_worded(passage)}" for number, passage in passages)


def _worded(passage: dict[str, str]) -> str:
    title = f"{passage['title']}: " if passage["title"] else ""
    return f"{title}{' '.join(passage['text'].split())}"


def shot(sample: Sample) -> str:
    """The passages by their grade, those of the same grade in the given order."""
    ids = [passage["id"] for passage in sample.inputs["passages"]]
    numbers = sorted(range(1, len(ids) + 1), key=lambda n: -sample.target.get(ids[n - 1], 0))
    return " > ".join(f"[{number}]" for number in numbers)


def score(sample: Sample, answer: Answer) -> list[Score]:
    """The figures of :func:`~evalsuite.scoring.ranking.score_ranking`."""
    ids = [passage["id"] for passage in sample.inputs["passages"]]
    return score_ranking(answer, sample.target, ids)
