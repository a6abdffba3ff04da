"""CLINC150: 150 intents of an assistant, and queries outside all of them (Larson et al. 2019).

    how much has the dow changed today
    -> oos

Success: the right intent; out of scope is the answer ``oos``, one of the 151. The field's figures,
accuracy on in-scope queries and recall of the others, are among the corpus metrics. Test is the
official test split (4500 in scope, 1000 out of it), in a mixed order, because the files are sorted.
Of the first 20 training examples of each intent, 18 are for training and 2 for validation; of the
100 out-of-scope validation queries, which are the only ones here, each gets half.

    evalsuite run --task classification/clinc150 --system classical/auto
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any

from evalsuite.datasets import DataFile, Dataset
from evalsuite.library.classification import LabelQuestion, in_mixed_order, label_task, unseen
from evalsuite.records import Sample
from evalsuite.scoring.labels import (
    Labels,
    Predictions,
    accuracy,
    f1_of,
    precision_of,
    recall_of,
)
from evalsuite.task import Split, Variant

_FOLDER = "tasks/classification/clinc150"
DATA = Dataset(
    name="clinc150",
    licence="CC-BY-3.0",
    source="https://github.com/clinc/oos-eval",
    files={
        "test": DataFile(
            path=f"{_FOLDER}/test.jsonl",
            sha256="ea313ca0c411f2239ba67289a77171752fdd8af4ab1aca585795e2756770a2e0",
        ),
        "oos_test": DataFile(
            path=f"{_FOLDER}/oos_test.jsonl",
            sha256="5b9218be696953d5cd2eac93c0152631114938b79c8415e1de3dbbba2f8b94e7",
        ),
        "oos_practice": DataFile(
            path=f"{_FOLDER}/oos_val.jsonl",
            sha256="54ac326d10c26cbd75481f40d2069ccafe6c65aee714673f651d12ad22cb4872",
        ),
        "practice": DataFile(
            path=f"{_FOLDER}/train_20_per_intent.jsonl",
            sha256="89fc45894ac7da8bc54143a4383ecda56b3ca65f4f35349bdbc807a1a6d9b2f7",
        ),
    },
)
OUT_OF_SCOPE = "oos"
TRAIN_PER_INTENT, TRAIN_OUT_OF_SCOPE = 18, 50
DOMAINS = {
    "banking": """
        freeze_account routing pin_change bill_due pay_bill account_blocked
        interest_rate min_payment bill_balance transfer order_checks balance
        spending_history transactions report_fraud
    """,
    "credit_cards": """
        replacement_card_duration expiration_date damaged_card improve_credit_score
        report_lost_card card_declined credit_limit_change apr redeem_rewards
        credit_limit rewards_balance application_status credit_score new_card
        international_fees
    """,
    "kitchen_and_dining": """
        food_last confirm_reservation how_busy ingredients_list calories nutrition_info
        recipe restaurant_reviews restaurant_reservation meal_suggestion
        restaurant_suggestion cancel_reservation ingredient_substitution cook_time
        accept_reservations
    """,
    "home": """
        what_song play_music todo_list_update reminder reminder_update calendar_update
        order_status update_playlist shopping_list calendar next_song order todo_list
        shopping_list_update smart_home
    """,
    "auto_and_commute": """
        current_location oil_change_when oil_change_how uber traffic tire_pressure
        schedule_maintenance gas mpg distance directions last_maintenance gas_type
        tire_change jump_start
    """,
    "travel": """
        plug_type travel_notification translate flight_status international_visa
        timezone exchange_rate travel_suggestion travel_alert vaccines lost_luggage
        book_flight book_hotel carry_on car_rental
    """,
    "utility": """
        weather alarm date find_phone share_location timer make_call calculator
        definition measurement_conversion flip_coin spelling time roll_dice text
    """,
    "work": """
        pto_request_status next_holiday insurance_change insurance meeting_schedule
        payday taxes income rollover_401k pto_balance pto_request w2 schedule_meeting
        direct_deposit pto_used
    """,
    "small_talk": """
        who_made_you meaning_of_life who_do_you_work_for do_you_have_pets
        what_are_your_hobbies fun_fact what_is_your_name where_are_you_from goodbye
        thank_you greeting tell_joke are_you_a_bot how_old_are_you what_can_i_ask_you
    """,
    "meta": """
        change_speed user_name whisper_mode yes change_volume no change_language repeat
        change_accent cancel sync_device change_user_name change_ai_name reset_settings
        maybe
    """,
}
INTENTS = tuple(intent for names in DOMAINS.values() for intent in names.split())


def samples(split: Split) -> Iterator[Sample]:
    """Queries in a mixed order, in scope and out of it."""
    return in_mixed_order(_test() if split == "test" else _practice(split))


def _test() -> Iterator[Sample]:
    for file in ("test", "oos_test"):
        for number, row in enumerate(DATA.rows(file)):
            yield _sample(f"{file}-{number}", row)


def _practice(split: Split) -> Iterator[Sample]:
    seen: Counter[str] = Counter()
    tested = [sample.inputs["text"] for sample in _test()]
    for file in ("practice", "oos_practice"):
        for row in unseen(DATA.rows(file), tested):
            intent = row["intent"]
            seen[intent] += 1
            most = TRAIN_OUT_OF_SCOPE if intent == OUT_OF_SCOPE else TRAIN_PER_INTENT
            if (seen[intent] <= most) == (split == "train"):
                yield _sample(f"{intent}-{seen[intent]}", row)


def _sample(name: str, row: Mapping[str, Any]) -> Sample:
    return Sample(id=name, inputs={"text": row["text"]}, target=row["intent"])


def in_scope_accuracy(targets: Labels, predictions: Predictions) -> float | None:
    """Accuracy over the queries that are in scope; calling one of them ``oos`` is wrong."""
    pairs = [(t, p) for t, p in zip(targets, predictions, strict=True) if t != OUT_OF_SCOPE]
    return accuracy([t for t, _ in pairs], [p for _, p in pairs])


QUESTION = LabelQuestion(
    labels=(*INTENTS, OUT_OF_SCOPE),
    what="Query",
    asked="What does this user of an assistant want?",
    noun="intent",
    hint=f"If none of the others fits, the intent is {OUT_OF_SCOPE}.",
    common_words=True,
)


def by_domain(sample: Sample) -> str:
    """The intents under the ten domains of the data set."""
    listed = "\n".join(
        f"{domain.replace('_', ' ')}: {', '.join(names.split())}"
        for domain, names in DOMAINS.items()
    )
    return (
        f"{QUESTION.asked} The intents, by domain:\n{listed}\n\nIf none of them fits, the intent "
        f"is {OUT_OF_SCOPE}. Answer with the intent and nothing else.\n\n"
        f"Query: {sample.inputs['text']}"
    )


TASK = label_task(
    QUESTION,
    name="classification/clinc150",
    family="classification",
    summary="One of 150 intents, or out of scope",
    samples=samples,
    data=DATA,
    reference="https://aclanthology.org/D19-1131",
    figures={
        "in_scope_accuracy": in_scope_accuracy,
        "oos_recall": partial(recall_of, OUT_OF_SCOPE),
        "oos_precision": partial(precision_of, OUT_OF_SCOPE),
        "oos_f1": partial(f1_of, OUT_OF_SCOPE),
    },
    variants={"by_domain": Variant(prompt=by_domain)},
)
