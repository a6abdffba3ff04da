from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evalsuite.scoring.entity_forms import Said, read_form
from evalsuite.scoring.entity_repair import mended
from evalsuite.scoring.placing import Mention
from evalsuite.scoring.spans import Span

LABELS = ("person", "location", "creative-work")
TEXT = "Mara Bell left Torli to write Ice , Cold ."
MARA, TORLI = Mention("person", "Mara Bell"), Mention("location", "Torli")
ICE = Mention("creative-work", "Ice , Cold")


def repaired(answer: str) -> Said:
    return mended(read_form(answer, TEXT, LABELS), answer, TEXT, LABELS)


@pytest.mark.parametrize(
    "answer",
    [
        # prose around it
        'Here they are:\n[{"type": "person", "text": "Mara Bell"}, '
        '{"type": "location", "text": "Torli"}]\nLet me know!',
        "Sure!\n```\nperson: Mara Bell; location: Torli\n```\nAnything else?",
        "<think>person: Bo? No.</think>\nperson: Mara Bell; location: Torli",
        "Looking at it:\n1. person: Mara Bell\n2. location: Torli\n\nThese are all.",
        # broken JSON: a comma too many, Python's quotes, cut off
        '[{"type": "person", "text": "Mara Bell"}, {"type": "location", "text": "Torli"},]',
        "[{'type': 'person', 'text': 'Mara Bell'}, {'type': 'location', 'text': 'Torli'}]",
        '[{"type": "person", "text": "Mara Bell"}, {"type": "location", "text": "Torli"}, {"ty',
        '{"type": "person", "text": "Mara Bell"}\n{"type": "location", "text": "Torli"}',
        # a draft before the answer
        'First [{"type": "person", "text": "Bo"}], but then '
        '[{"type": "person", "text": "Mara Bell"}, {"type": "location", "text": "Torli"}].',
        # a text that did not come back unchanged
        "<person>Mara Bell</person> went away from <location>Torli</location> .",
        "Mara B-person\nBell I-person\nleft O\nTorli B-location",
        # lines in other shapes
        "* **Person**: Mara Bell\n* **Location**: Torli\nok",
        "**Person:** Mara Bell\n**Location:** Torli",
        "Mara Bell (person)\nTorli [location]",
        "Mara Bell - person\nTorli -> location",
        "persons: Mara Bell\nLOCATIONS: Torli\nok",
    ],
)
def test_what_is_mended(answer: str) -> None:
    letter = read_form(answer, TEXT, LABELS)
    assert letter.unreadable or letter.mentions != (MARA, TORLI)
    said = repaired(answer)
    assert (said.mentions, said.unreadable) == ((MARA, TORLI), 0)


def test_spellings_of_labels() -> None:
    assert repaired("Creative Work: Ice , Cold").mentions == (ICE,)
    assert repaired('{"creative_works": ["Ice , Cold"]}').mentions == (ICE,)


def test_entries_that_say_that_there_is_nothing() -> None:
    assert read_form("person: none; location: Torli", TEXT, LABELS).mentions[0].text == "none"
    assert repaired("person: none; location: Torli").mentions == (TORLI,)
    assert repaired("person: none\nlocation: none") == Said("lines")


def test_several_words_after_one_type() -> None:
    assert repaired("Well:\nperson: Mara Bell, Torli").mentions == (
        MARA,
        Mention("person", "Torli"),
    )
    # A comma that stands in the text separates nothing.
    assert repaired("Well:\ncreative-work: Ice , Cold").mentions == (ICE,)


def test_places_are_kept() -> None:
    answer = TEXT.replace("Torli", "<location>Torli</location>")
    fenced = f"Here:\n```\n{answer}\n```\nDone."
    assert repaired(fenced).spans == (Span(15, 20, "location"),)


@pytest.mark.parametrize("answer", ["", "Nobody is named here.", "[1, 2", "<think>person: Bo"])
def test_what_cannot_be_mended(answer: str) -> None:
    assert repaired(answer) == Said("lines", unreadable=1)


def test_prose_with_a_colon_is_no_entity() -> None:
    answer = "These are the ones I found: two.\nlocation: Torli"
    assert read_form(answer, TEXT, LABELS) == Said("lines", (TORLI,), unreadable=1)
    assert repaired(answer).mentions == (TORLI,)


def test_wrong_predictions_are_never_dropped() -> None:
    for before in ("", "Well then\n"):
        assert repaired(f"{before}animal: Zebra; location: Torli").mentions == (
            Mention("animal", "Zebra"),
            TORLI,
        )


mentions = st.lists(
    st.builds(Mention, st.sampled_from(LABELS), st.text("ab .", min_size=1).map(str.strip)),
    min_size=1,
).filter(lambda found: all(one.text for one in found))


@settings(deadline=None)
@given(mentions)
def test_answers_to_the_letter_stay_as_they_are(found: list[Mention]) -> None:
    answer = "; ".join(f"{one.label}: {one.text}" for one in found)
    assert repaired(answer) == read_form(answer, TEXT, LABELS)


@settings(deadline=None)
@given(st.text("ab:;,'\"[]{}()<>/*-\n \tOBI`1.") | st.text())
def test_anything_can_be_read(answer: str) -> None:
    for said in (repaired(answer), read_form(answer, TEXT, LABELS)):
        assert said.unreadable >= 0
        assert all(one.text.strip() for one in said.mentions) or "[" in answer or "{" in answer
