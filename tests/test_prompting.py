from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evalsuite.catalog import find_task
from evalsuite.errors import ConfigError
from evalsuite.prompting import (
    POOL,
    Prompting,
    Select,
    base_name,
    form_of,
    parse_name,
    prompted,
    variants_of,
)
from evalsuite.records import Answer, Message, Sample, Score
from evalsuite.scoring.choice import score_choice
from evalsuite.task import Prompt, Split, Task, Variant

COLOURS = ("red", "green", "blue")


def sample(number: int, split: str, text: str | None = None, target: str = "red") -> Sample:
    return Sample(id=f"{split}-{number}", inputs={"text": text or f"thing {number}"}, target=target)


def task(
    *,
    train: Sequence[Sample] = (),
    validation: Sequence[Sample] = (),
    test: Sequence[Sample] = (),
    prompt: Prompt = lambda s: f"What colour is the {s.inputs['text']}?",
    **more: Any,
) -> Task:
    splits = {"train": train, "validation": validation, "test": test}

    def score(one: Sample, answer: Answer) -> Sequence[Score]:
        return [score_choice(answer, one.target, COLOURS)]

    return Task(
        name="colour/things",
        family="colour",
        summary="Colours",
        samples=lambda split: iter(splits[split]),
        prompt=prompt,
        score=score,
        success="choice_match",
        **{"shot": lambda one: str(one.target), **more},
    )


TRAIN = [sample(i, "train", target=COLOURS[i % 3]) for i in range(30)]
TEST = [sample(i, "test", text=f"other {i}") for i in range(5)]


def shown(asked: Task, one: Sample) -> list[str]:
    """The questions of the examples in a chat, in order."""
    *turns, _ = asked.messages(one)
    assert [turn.role for turn in turns] == ["user", "assistant"] * (len(turns) // 2)
    return [turn.content for turn in turns[::2]]


# --- names ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("prompting", "name"),
    [
        (Prompting(), "reasoning/gsm8k"),
        (Prompting(select="similar"), "reasoning/gsm8k"),
        (Prompting(variant="terse"), "reasoning/gsm8k@terse"),
        (Prompting(shots=5), "reasoning/gsm8k@5-shot"),
        (Prompting(form="completion"), "reasoning/gsm8k@completion"),
        (
            Prompting(variant="terse", shots=5, select="similar", form="completion"),
            "reasoning/gsm8k@terse+5-shot+similar+completion",
        ),
    ],
)
def test_a_name_says_how_a_task_is_asked(prompting: Prompting, name: str) -> None:
    assert f"reasoning/gsm8k{prompting.suffix}" == name
    assert base_name(name) == "reasoning/gsm8k"
    assert form_of(name) == prompting.form


@given(
    st.builds(
        Prompting,
        variant=st.sampled_from(["plain", "terse", "two-step"]),
        form=st.sampled_from(["chat", "completion"]),
        shots=st.integers(1, 99),
        select=st.sampled_from(["first", "random", "similar"]),
        seed=st.integers(0, 9),
    )
)
def test_a_name_is_read_as_it_is_written(prompting: Prompting) -> None:
    base, read = parse_name(f"a/b{prompting.suffix}", seed=prompting.seed)
    assert (base, read) == ("a/b", prompting)


def test_a_way_to_ask_can_be_asked_in_a_further_way() -> None:
    wordings = {"terse": Variant(prompt=lambda one: f"{one.inputs['text']}?")}
    terse = prompted(task(train=TRAIN, test=TEST, variants=wordings), Prompting(variant="terse"))
    both = prompted(terse, Prompting(shots=1, select="random"))
    assert both.name == "colour/things@terse+1-shot+random"
    assert both.messages(TEST[0])[-1].content == "other 0?"


def test_words_of_a_name_may_stand_in_any_order_and_say_the_default() -> None:
    _, read = parse_name("a/b@completion+random+3-shot+plain")
    assert read == Prompting(form="completion", select="random", shots=3)


def test_a_path_with_an_at_sign_in_a_folder_is_a_path() -> None:
    assert parse_name("me@home/tasks/mine.py") == ("me@home/tasks/mine.py", None)
    assert parse_name("me@home/mine.py@2-shot") == ("me@home/mine.py", Prompting(shots=2))


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("a/b@", "after the @ write a variant"),
        ("a/b@terse+formal", "each once"),
        ("a/b@2-shot+3-shot", "each once"),
        ("a/b@similar", r"write similar\+5-shot"),
    ],
)
def test_a_name_that_cannot_be_read_says_what_to_write(name: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message) as caught:
        parse_name(name)
    assert "\n" not in str(caught.value)


# --- variants ------------------------------------------------------------------------------------


def test_a_variant_replaces_what_it_states_and_nothing_else() -> None:
    def formal(one: Sample) -> Sequence[Score]:
        return []

    terse = Variant(
        prompt=lambda one: f"{one.inputs['text']}: colour?",
        shot=lambda one: f"It is {one.target}.",
        max_output_tokens=4,
        generated=True,
    )
    plain = task(train=TRAIN, test=TEST, choices=lambda one: COLOURS, variants={"terse": terse})
    asked = prompted(plain, Prompting(variant="terse", shots=1))
    assert asked.name == "colour/things@terse+1-shot"
    assert [turn.content for turn in asked.messages(TEST[0])] == [
        "thing 0: colour?",
        "It is red.",
        "other 0: colour?",
    ]
    assert asked.choices is None and asked.max_output_tokens == 4
    assert asked.score is plain.score and asked.samples is plain.samples
    assert variants_of(plain) == ("plain", "terse")


def test_the_plain_prompt_is_the_task_itself_under_its_own_name() -> None:
    plain = task(test=TEST, choices=lambda one: COLOURS, stop=("\n",))
    asked = prompted(plain, Prompting())
    assert asked.name == plain.name and asked.stop == plain.stop
    request = plain.request(TEST[0], split="test", seed=0, repeat=0)
    assert asked.request(TEST[0], split="test", seed=0, repeat=0) == request


@pytest.mark.parametrize(
    ("change", "prompting", "message"),
    [
        ({}, Prompting(variant="ters"), "no prompt 'ters': did you mean 'terse'"),
        ({}, Prompting(variant="zzz"), "no prompt 'zzz': it has plain, terse"),
        ({"shot": None}, Prompting(shots=2), "cannot be shown by example"),
        ({}, Prompting(shots=-1), "-1 examples cannot be"),
        (
            {"variants": {"first": Variant(prompt=lambda one: "?")}},
            Prompting(),
            "a variant cannot be called 'first'",
        ),
    ],
)
def test_what_cannot_be_asked_is_refused_at_once(
    change: dict[str, Any], prompting: Prompting, message: str
) -> None:
    plain = task(train=TRAIN, variants={"terse": Variant(prompt=lambda one: "?")})
    with pytest.raises(ConfigError, match=message) as caught:
        prompted(replace(plain, **change), prompting)
    assert "\n" not in str(caught.value)


# --- the form ------------------------------------------------------------------------------------


def test_examples_are_turns_between_the_systems_and_the_question() -> None:
    def chat(one: Sample) -> Sequence[Message]:
        return (
            Message(role="system", content="Be brief."),
            Message(role="user", content=str(one.inputs["text"])),
        )

    asked = prompted(task(train=TRAIN, test=TEST, prompt=chat), Prompting(shots=2))
    assert [(turn.role, turn.content) for turn in asked.messages(TEST[0])] == [
        ("system", "Be brief."),
        ("user", "thing 0"),
        ("assistant", "red"),
        ("user", "thing 1"),
        ("assistant", "green"),
        ("user", "other 0"),
    ]


def test_a_completion_is_one_text_that_ends_where_the_answer_begins() -> None:
    def chat(one: Sample) -> Sequence[Message]:
        return (
            Message(role="system", content="Name colours."),
            Message(role="user", content=f"{one.inputs['text']}\n"),
        )

    plain = task(train=TRAIN, test=TEST, prompt=chat, stop=("END",))
    asked = prompted(plain, Prompting(shots=2, form="completion"))
    (turn,) = asked.messages(TEST[0])
    assert turn.content == (
        "Name colours.\n\n"
        "Question: thing 0\nAnswer: red\n\n"
        "Question: thing 1\nAnswer: green\n\n"
        "Question: other 0\nAnswer:"
    )
    assert asked.stop == ("END", "\nQuestion:")
    goes_on = " blue\n\nQuestion: other 1\nAnswer:"
    assert min(goes_on.find(stop) for stop in asked.stop if stop in goes_on) == len(" blue\n")


def test_a_prompt_that_has_the_words_already_does_not_get_them_twice() -> None:
    worded = task(test=TEST, prompt=lambda one: f"Question: {one.inputs['text']}?\nAnswer:")
    (turn,) = prompted(worded, Prompting(form="completion")).messages(TEST[0])
    assert turn.content == "Question: other 0?\nAnswer:"


def test_a_completion_has_no_place_for_images() -> None:
    def picture(one: Sample) -> Sequence[Message]:
        return (Message(role="user", content="What is this?", images=("data:image/png;base64,A",)),)

    asked = prompted(task(test=TEST, prompt=picture), Prompting(form="completion"))
    with pytest.raises(ConfigError, match="without images"):
        asked.messages(TEST[0])


# --- which examples ------------------------------------------------------------------------------


def test_the_first_examples_are_the_first_and_the_same_for_every_question() -> None:
    asked = prompted(task(train=TRAIN, test=TEST), Prompting(shots=3))
    first = [f"What colour is the thing {i}?" for i in range(3)]
    assert [shown(asked, one) for one in TEST] == [first] * len(TEST)


def test_a_random_set_is_drawn_once_and_again_by_its_seed() -> None:
    plain = task(train=TRAIN, test=TEST)
    sets = {
        seed: [
            shown(prompted(plain, Prompting(shots=4, select="random", seed=seed)), one)
            for one in TEST
        ]
        for seed in range(5)
    }
    assert all(each == [each[0]] * len(TEST) for each in sets.values())
    assert len({tuple(each[0]) for each in sets.values()}) == 5
    again = prompted(plain, Prompting(shots=4, select="random", seed=3))
    assert shown(again, TEST[0]) == sets[3][0]


def test_a_random_set_has_its_classes_in_balance_the_most_frequent_ones_first() -> None:
    many = [sample(i, "train", target="red" if i < 20 else COLOURS[i % 3]) for i in range(40)]
    plain = task(train=many, test=TEST, choices=lambda one: COLOURS)
    for seed in range(10):
        seven = prompted(plain, Prompting(shots=7, select="random", seed=seed)).messages(TEST[0])
        answers = Counter(turn.content for turn in seven if turn.role == "assistant")
        assert sorted(answers.values()) == [2, 2, 3] and answers["red"] == 3
        one = prompted(plain, Prompting(shots=1, select="random", seed=seed)).messages(TEST[0])
        assert one[1].content == "red", "with one example, the most frequent class is shown"


def test_similar_examples_are_the_nearest_with_the_nearest_last() -> None:
    pytest.importorskip("sklearn")
    texts = ["a red fox", "an old car", "a red fox in snow", "stars", "the red fox ran home"]
    train = [sample(i, "train", text=text) for i, text in enumerate(texts)]
    asked_of = sample(0, "test", text="the red fox ran")
    asked = prompted(task(train=train, test=[asked_of]), Prompting(shots=2, select="similar"))
    assert shown(asked, asked_of) == [
        "What colour is the a red fox?",
        "What colour is the the red fox ran home?",
    ]


def test_similar_agrees_with_cosines_by_hand() -> None:
    """Two documents, smooth idf: ln((1 + n) / (1 + df)) + 1, as scikit-learn documents it."""
    pytest.importorskip("sklearn")
    train = [sample(0, "train", text="cat mat"), sample(1, "train", text="cat dog dog")]
    asked_of = sample(0, "test", text="mat dog")
    asked = prompted(task(train=train), Prompting(shots=2, select="similar"))
    # "cat" is in both (idf 1), "mat" and "dog" in one (idf 1 + ln 1.5 = 1.405). Counts 1 and 2
    # weigh 1 and 1 + ln 2 = 1.693. Cosines: 0.576 for "cat mat", 0.652 for "cat dog dog".
    assert shown(asked, asked_of)[-1] == "What colour is the cat dog dog?"


def test_variants_show_the_same_similar_examples() -> None:
    pytest.importorskip("sklearn")
    plain = task(
        train=TRAIN,
        test=TEST,
        variants={"long": Variant(prompt=lambda one: f"{one.inputs['text']} " + "colour " * 50)},
    )
    numbers = [
        [re.findall(r"thing \d+", text)[0] for text in shown(prompted(plain, way), TEST[3])]
        for way in (
            Prompting(shots=3, select="similar"),
            Prompting(shots=3, select="similar", variant="long"),
        )
    ]
    assert numbers[0] == numbers[1]


texts = st.text(alphabet="ab ", max_size=4)


@settings(max_examples=60, deadline=None)
@given(
    train=st.lists(st.tuples(st.integers(0, 30), texts), min_size=1, max_size=25),
    asked=st.tuples(st.integers(0, 30), texts),
    select=st.sampled_from(["first", "random", "similar"]),
    shots=st.integers(1, 4),
    form=st.sampled_from(["chat", "completion"]),
)
def test_no_example_gives_the_answer_away(
    train: list[tuple[int, str]],
    asked: tuple[int, str],
    select: Select,
    shots: int,
    form: Any,
) -> None:
    """Ids and texts collide on purpose; every target is a secret that only its own sample has."""

    def made(split: str, at: int, pair: tuple[int, str]) -> Sample:
        number, text = pair
        own = f"secret-{'asked' if split == 'test' else at}."
        return Sample(id=f"s{number}", inputs={"text": f"word {text}"}, target=own)

    pool = [made("train", at, pair) for at, pair in enumerate(train)]
    question = made("test", 0, asked)
    plain = task(train=pool, test=[question], prompt=lambda one: str(one.inputs["text"]))
    way = Prompting(shots=shots, select=select, form=form)
    try:
        text = "\n".join(turn.content for turn in prompted(plain, way).messages(question))
    except ConfigError as refusal:
        assert f"{shots} examples are wanted" in str(refusal) or "no words" in str(refusal)
        return
    assert "secret-asked." not in text
    normal = " ".join(str(question.inputs["text"]).casefold().split())
    for at in map(int, re.findall(r"secret-(\d+)\.", text)):
        assert pool[at].id != question.id
        assert " ".join(str(pool[at].inputs["text"]).casefold().split()) != normal
    assert len(re.findall(r"secret-\d+\.", text)) == shots
    assert len(set(re.findall(r"secret-\d+\.", text))) == shots


def test_examples_come_from_validation_where_there_is_no_train_split() -> None:
    validation = [sample(i, "validation", text=f"spare {i}") for i in range(3)]
    asked = prompted(task(validation=validation, test=TEST), Prompting(shots=1))
    assert shown(asked, TEST[0]) == ["What colour is the spare 0?"]


@pytest.mark.parametrize("answered", ["train", "validation"])
def test_examples_never_come_from_the_split_that_is_answered(answered: Split) -> None:
    def counted(split: Split) -> Iterator[Sample]:
        assert split != answered, "the split that is answered was read"
        return iter([sample(i, split, text=f"{split} {i}") for i in range(3)])

    asked = prompted(replace(task(), samples=counted), Prompting(shots=2), answered=answered)
    other = {"train": "validation", "validation": "train"}[answered]
    assert all(other in text for text in shown(asked, TEST[0]))


@pytest.mark.parametrize(
    ("splits", "message"),
    [
        ({}, "has no examples to show: neither a train nor a validation split"),
        ({"train": TRAIN[:2]}, "3 examples are wanted, and its train split has 2"),
        ({"train": [*TRAIN[:2], TEST[0]]}, "beside sample 'test-0' there are 2"),
        ({"train": [TRAIN[0]] * 5}, "its train split has 1"),
    ],
)
def test_a_pool_that_is_too_small_is_one_clear_line(splits: dict[str, Any], message: str) -> None:
    asked = prompted(task(**splits), Prompting(shots=3))
    with pytest.raises(ConfigError, match=message) as caught:
        asked.messages(TEST[0])
    assert "\n" not in str(caught.value)


def test_a_pool_that_is_sorted_by_class_is_drawn_from_all_of_it() -> None:
    """6,000 samples, the first 2,000 of them red: a pool of the first ones would know no other."""
    train = [sample(i, "train", target=COLOURS[i // 2000]) for i in range(6000)]
    plain = task(train=train, test=TEST, choices=lambda one: COLOURS)
    asked = prompted(plain, Prompting(shots=6, select="random"))
    answers = Counter(turn.content for turn in asked.messages(TEST[0]) if turn.role == "assistant")
    assert answers == {"red": 2, "green": 2, "blue": 2}
    first = prompted(plain, Prompting(shots=6)).messages(TEST[0])
    assert [turn.content for turn in first[:-1:2]] == [
        f"What colour is the thing {i}?" for i in range(6)
    ]


@pytest.mark.parametrize("select", ["first", "random", "similar"])
def test_an_endless_pool_is_read_once_and_bounded(select: Select) -> None:
    pytest.importorskip("sklearn")
    read: list[Split] = []

    def endless(split: Split) -> Iterator[Sample]:
        number = 0
        while True:
            read.append(split)
            yield sample(number, split, text=f"{split} {number}")
            number += 1

    asked = prompted(
        replace(task(), samples=endless, endless=True), Prompting(shots=2, select=select)
    )
    for one in TEST:
        asked.messages(one)
    assert set(read) == {"train"} and len(read) <= (10 if select == "first" else POOL)


@pytest.mark.parametrize("name", ["tabular/rows", "reasoning/arithmetic", "ner/entities"])
def test_the_generated_tasks_can_be_asked_with_examples(name: str, tmp_path: Path) -> None:
    plain = replace(find_task(name, base=tmp_path), shot=lambda one: str(one.target))
    asked = prompted(plain, Prompting(shots=3, select="random", form="completion"))
    for one in islice(plain.samples("test"), 5):
        text = asked.messages(one)[0].content
        assert text.count("Question:") == 4 and text.endswith("Answer:")
