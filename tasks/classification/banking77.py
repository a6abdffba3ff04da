"""BANKING77: what a bank's customer wants, one of 77 intents (Casanueva et al. 2020).

    I still have not received my new card, I ordered over a week ago.
    -> card_arrival

Success: the right intent, by its name in any spelling of its joints ("card arrival"). Test is the
official split (3080). The first 17 of 20 examples of each intent are for training, the other 3 for
validation, but for two texts that stand in the test split too. The files are sorted by intent, so
samples come in a mixed order. One text of the test split is there twice.

    evalsuite run --task classification/banking77 --system classical/auto
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from evalsuite.datasets import DataFile, Dataset
from evalsuite.library.classification import LabelQuestion, in_mixed_order, label_task, unseen
from evalsuite.records import Sample
from evalsuite.scoring.labels import accuracy
from evalsuite.task import Split

DATA = Dataset(
    name="banking77",
    licence="CC-BY-4.0",
    source="https://github.com/PolyAI-LDN/task-specific-datasets",
    files={
        "test": DataFile(
            path="tasks/classification/banking77/test.csv",
            sha256="d12d6e3bc4c3103966ae786dc435913c0c563dfa328f5a3646d0e62cfeeb474d",
            url="https://raw.githubusercontent.com/PolyAI-LDN/task-specific-datasets/"
            "57ec275d8078af65b7731c2a98be812d844a6d6b/banking_data/test.csv",
        ),
        "train": DataFile(
            path="tasks/classification/banking77/train_20_per_class.csv",
            sha256="d632c23a62ebc5685fd6fa6404fe4426fb265093311dbf0908f1325135777f6e",
        ),
    },
)
TRAIN_PER_INTENT = 17
_NAMES = """
    Refund_not_showing_up activate_my_card age_limit apple_pay_or_google_pay atm_support
    automatic_top_up balance_not_updated_after_bank_transfer
    balance_not_updated_after_cheque_or_cash_deposit beneficiary_not_allowed cancel_transfer
    card_about_to_expire card_acceptance card_arrival card_delivery_estimate card_linking
    card_not_working card_payment_fee_charged card_payment_not_recognised
    card_payment_wrong_exchange_rate card_swallowed cash_withdrawal_charge
    cash_withdrawal_not_recognised change_pin compromised_card contactless_not_working
    country_support declined_card_payment declined_cash_withdrawal declined_transfer
    direct_debit_payment_not_recognised disposable_card_limits edit_personal_details
    exchange_charge exchange_rate exchange_via_app extra_charge_on_statement failed_transfer
    fiat_currency_support get_disposable_virtual_card get_physical_card getting_spare_card
    getting_virtual_card lost_or_stolen_card lost_or_stolen_phone order_physical_card
    passcode_forgotten pending_card_payment pending_cash_withdrawal pending_top_up
    pending_transfer pin_blocked receiving_money request_refund reverted_card_payment?
    supported_cards_and_currencies terminate_account top_up_by_bank_transfer_charge
    top_up_by_card_charge top_up_by_cash_or_cheque top_up_failed top_up_limits top_up_reverted
    topping_up_by_card transaction_charged_twice transfer_fee_charged transfer_into_account
    transfer_not_received_by_recipient transfer_timing unable_to_verify_identity
    verify_my_identity verify_source_of_funds verify_top_up virtual_card_not_working
    visa_or_mastercard why_verify_identity wrong_amount_of_cash_received
    wrong_exchange_rate_for_cash_withdrawal
"""
INTENTS = tuple(_NAMES.split())


def samples(split: Split) -> Iterator[Sample]:
    """Queries in a mixed order."""
    return in_mixed_order(_test() if split == "test" else _practice(split))


def _test() -> Iterator[Sample]:
    for number, row in enumerate(DATA.rows("test")):
        yield Sample(
            id=f"test-{number}", inputs={"text": row["text"].strip()}, target=row["category"]
        )


def _practice(split: Split) -> Iterator[Sample]:
    seen: Counter[str] = Counter()
    for row in unseen(DATA.rows("train"), (row["text"] for row in DATA.rows("test"))):
        intent = row["category"]
        seen[intent] += 1
        if (seen[intent] <= TRAIN_PER_INTENT) == (split == "train"):
            number = seen[intent]
            yield Sample(
                id=f"{intent}-{number}", inputs={"text": row["text"].strip()}, target=intent
            )


QUESTION = LabelQuestion(
    labels=INTENTS,
    what="Query",
    asked="What does this customer of a bank want?",
    noun="intent",
)
TASK = label_task(
    QUESTION,
    name="classification/banking77",
    family="classification",
    summary="Which of 77 things a bank's customer wants",
    samples=samples,
    data=DATA,
    reference="arXiv:2003.04807",
    figures={"accuracy": accuracy},
)
