from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evalsuite.library.ner import bio_answer, inline_answer, json_answer, lines_answer
from evalsuite.records import Sample
from evalsuite.scoring.entity_forms import Form, Said, read_form
from evalsuite.scoring.placing import Mention, place
from evalsuite.scoring.spans import Span, from_records

LABELS = ("PER", "ORG", "LOC")
TEXT = "Mara Bell left Torli for Torli Bank ."
MENTIONS = (Mention("PER", "Mara Bell"), Mention("LOC", "Torli"), Mention("ORG", "Torli Bank"))
SPANS = (Span(0, 9, "PER"), Span(15, 20, "LOC"), Span(25, 35, "ORG"))


def read(answer: str, text: str = TEXT) -> Said:
    return read_form(answer, text, LABELS)


@pytest.mark.parametrize(
    "answer",
    [
        "PER: Mara Bell; LOC: Torli; ORG: Torli Bank",
        "per: Mara Bell\n- LOC: Torli\n- ORG: 'Torli Bank'",
        '[{"label": "PER", "text": "Mara Bell"}, {"type": "LOC", "entity": "Torli"},'
        ' {"label": "ORG", "text": "Torli Bank"}]',
        '```json\n{"PER": ["Mara Bell"], "LOC": ["Torli"], "ORG": ["Torli Bank"]}\n```',
    ],
)
def test_mentions(answer: str) -> None:
    said = read(answer)
    assert (said.mentions, said.spans, said.unreadable) == (MENTIONS, (), 0)


@pytest.mark.parametrize(
    ("form", "answer"),
    [
        ("inline", "<PER>Mara Bell</PER> left <LOC>Torli</LOC> for <ORG>Torli Bank</ORG> ."),
        ("inline", "<per> Mara  Bell</per> left <loc>Torli</loc>\nfor <org>Torli Bank </org>."),
        (
            "bio",
            "Mara B-PER\nBell I-PER\nleft O\nTorli B-LOC\nfor O\nTorli B-ORG\nBank I-ORG\n. O",
        ),
        (
            "bio",
            "Mara\tI-per\nBell\tI-per\nleft\tO\nTorli\tB-loc\nfor\tO\n\nTorli\tB-org\nBank\tI-org\n.\tO",
        ),
    ],
)
def test_forms_with_places(form: Form, answer: str) -> None:
    assert read(answer) == Said(form, spans=SPANS)


def test_nested_tags() -> None:
    said = read("Mara Bell left Torli for <ORG><LOC>Torli</LOC> Bank</ORG> .")
    assert said.spans == (Span(25, 30, "LOC"), Span(25, 35, "ORG"))


def test_other_tags_are_entities_only_in_pairs() -> None:
    said = read("<FOO>Mara</FOO> Bell left <LOC>Torli</LOC> for Torli Bank .")
    assert said.spans == (Span(0, 4, "FOO"), Span(15, 20, "LOC"))
    text = "a <br> for <x Mara"
    assert read("a <br> for <x <PER>Mara</PER>", text).spans == (Span(14, 18, "PER"),)


@pytest.mark.parametrize("answer", ["none", "None.", "[]", "{}", "No entities", "```\nnone\n```"])
def test_nothing_can_be_said(answer: str) -> None:
    said = read(answer)
    assert (said.mentions, said.spans, said.unreadable) == ((), (), 0)


@pytest.mark.parametrize(
    ("answer", "form"),
    [
        ("", "lines"),
        ("   ", "lines"),
        ("I see nobody here", "lines"),
        ("PER:", "lines"),
        ("These are the people I found: Mara Bell", "lines"),
        ('Sure: [{"label": "PER", "text": "Mara Bell"}]', "lines"),
        ("**PER:** Mara Bell", "lines"),
        (TEXT, "lines"),  # that there is nothing has to be said
        ("[broken", "json"),
        ("[1, 2]", "json"),
        ("[" * 9999, "json"),
        ("<PER>Mara left Torli", "inline"),
        ("<PER>Mara</LOC> Bell left Torli for Torli Bank .", "inline"),
        ("</PER>Mara Bell left Torli for Torli Bank .", "inline"),
        ("<PER></PER>Mara Bell left Torli for Torli Bank .", "inline"),
        ("<PER>Mara Bell</PER> went from Torli to Torli Bank .", "inline"),
        ("Mara B-PER\nBell I-PER\nleft O", "bio"),
        ("Mara B-PER\nBill I-PER\nleft O\nTorli O\nfor O\nTorli O\nBank O\n. O", "bio"),
    ],
)
def test_unreadable(answer: str, form: Form) -> None:
    said = read(answer)
    assert (said.form, said.mentions, said.spans) == (form, (), ())
    assert said.unreadable >= 1


def test_a_text_that_begins_with_a_bracket_is_no_json() -> None:
    assert read("[ <PER>Bo</PER> ]", "[ Bo ]") == Said("inline", spans=(Span(2, 4, "PER"),))
    assert read("[ O\nBo B-PER\n] O", "[ Bo ]") == Said("bio", spans=(Span(2, 4, "PER"),))


def test_a_line_is_no_tagged_token() -> None:
    assert read("PER: B-boys").mentions == (Mention("PER", "B-boys"),)


def test_partly_readable_answers_keep_what_can_be_read() -> None:
    said = read("PER: Mara Bell; and so on")
    assert (said.mentions, said.unreadable) == ((Mention("PER", "Mara Bell"),), 1)


tokens = st.lists(st.text("abc<>[]{}.:'", min_size=1, max_size=3), min_size=1, max_size=8)


@settings(deadline=None)
@given(tokens, st.data())
def test_right_answers_come_back_in_every_form(words: list[str], data: st.DataObject) -> None:
    starts = [sum(len(word) + 1 for word in words[:at]) for at in range(len(words) + 1)]
    cuts = data.draw(st.sets(st.integers(0, len(words)), max_size=6).map(sorted))
    gold = [
        {"start": starts[a], "end": starts[b] - 1, "label": data.draw(st.sampled_from(LABELS))}
        for a, b in zip(cuts[::2], cuts[1::2], strict=False)
    ]
    sample = Sample(id="1", inputs={"text": " ".join(words)}, target=gold)
    text = sample.inputs["text"]
    wanted = from_records(gold)
    assert list(read(bio_answer(sample), text).spans) == wanted
    assert list(read(inline_answer(sample), text).spans) == wanted
    named = tuple(Mention(s.label, text[s.start : s.end]) for s in wanted)
    assert read(json_answer(sample), text).mentions == named
    # In JSON or lines the words have no place: those that stand twice may take another one.
    placed = place(named, text)
    assert len(placed.placed) == len(named) and not placed.hallucinated
    if not any(mark in text for mark in ":'[{"):
        assert read(lines_answer(sample), text).mentions == named
