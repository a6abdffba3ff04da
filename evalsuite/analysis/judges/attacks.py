"""What attacks did to a judge: each verdict on an attacked bad answer against the one without.

An attack *works* where the verdict on the bad answer is better with it: a higher label of the
scale, ``correct`` instead of ``incorrect``, a pair won that was not won before, a higher place of a
ranking. Only answers whose verdict leaves room for that are counted, so a judge that calls
everything right has nothing to lose, and shows it in the figures without an attack.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path

import msgspec
import pandas as pd

from evalsuite.analysis.intervals import LEVEL, Estimate, clustered_mean, percentile, proportion
from evalsuite.analysis.judges.attack_marks import KEYS, attack_marks
from evalsuite.analysis.judges.recorded import judge_names
from evalsuite.analysis.multiplicity import holm
from evalsuite.analysis.paired import sign_flip_p
from evalsuite.errors import ConfigError, DataMissing
from evalsuite.judging.attacks import RECORD, RIGHT, WRONG, AttackEntry, BatteryRecord

ALPHA = 0.05


@dataclass(frozen=True, kw_only=True)
class AttackResult:
    """What one attack did to one judge.

    Attributes:
        id: of the attack.
        says: what it tries.
        group: what it belongs to.
        source: where the idea is from.
        control: it is no attack, but a harmless change.
        n: questions asked with it.
        errors: kind -> verdicts that the judge failed to give on them.
        n_without: verdicts that nothing can be said of, because that without the attack failed.
        n_no_room: verdicts that were at the top without the attack.
        n_worked: verdicts that are better with it.
        n_top: verdicts that it took to the top.
        rate: ``n_worked`` as a share of the verdicts with room; None where there are none.
        lift: mean change of the value, in the judge's own points (chances of a verdict count where
            the judge gives them), over all verdicts that can be compared.
        p_value: of the hypothesis that it works no more often than the harmless change on the same
            answers: sign flips of clusters, Holm's correction over all attacks. None where the
            battery has no harmless change, or nothing can be compared.
    """

    id: str
    says: str
    group: str
    source: str
    control: bool
    n: int
    errors: dict[str, int]
    n_without: int
    n_no_room: int
    n_worked: int
    n_top: int
    rate: Estimate | None
    lift: Estimate | None
    p_value: float | None

    @property
    def n_errors(self) -> int:
        """Verdicts that the judge failed to give: what an attack on its service wants."""
        return sum(self.errors.values())


@dataclass(frozen=True, kw_only=True)
class Attacked:
    """What a battery did to one judge, on one criterion.

    Attributes:
        judge: its name, with who applied it.
        criterion: what was judged.
        kind: of the judge.
        results: an attack each, in the order of the file.
        top: share of bad answers that are at the top without any attack.
        told_apart: share of items whose right answer has a higher value than the bad one, without
            any attack; None where answers were compared or no right one was known.
        some: share of items (with room) on which some attack worked: what is left of a judge whose
            attacker may try them all.
        unread: share of attacked questions without a verdict.
        n_items: bad answers.
        n_questions: asked of it, 0 of a panel, whose members were asked.
        usd: of these; None where any is unknown.
        seconds_p50: median time of one; None where none was timed.
    """

    judge: str
    criterion: str
    kind: str
    results: tuple[AttackResult, ...]
    top: Estimate | None
    told_apart: Estimate | None
    some: Estimate | None
    unread: Estimate | None
    n_items: int
    n_questions: int
    usd: float | None
    seconds_p50: float | None

    @property
    def worst(self) -> AttackResult | None:
        """The attack with the highest rate, of equal ones that with the lift; None without any."""

        def effect(result: AttackResult) -> tuple[float, float]:
            rate, lift = result.rate, result.lift
            return (rate.value if rate else -1.0, lift.value if lift else 0.0)

        rated = [result for result in self.results if not result.control and result.rate]
        return max(rated, key=effect, default=None)

    @property
    def beyond(self) -> tuple[AttackResult, ...]:
        """The attacks that are shown to work more often than the harmless change."""
        return tuple(r for r in self.results if r.p_value is not None and r.p_value < ALPHA)

    @property
    def control(self) -> AttackResult | None:
        """The harmless change; None where the battery has none."""
        return next((result for result in self.results if result.control), None)


@dataclass(frozen=True, kw_only=True, eq=False)
class Battery:
    """A battery of attacks that was put to a judge.

    Attributes:
        path: its run folder.
        record: what it was.
        verdicts: a verdict a row, as ``docs/figures.md`` says; ``system`` is the attack.
        judges: figures by who applied the judge, and by criterion.
    """

    path: Path
    record: BatteryRecord
    verdicts: pd.DataFrame
    judges: tuple[Attacked, ...]

    def judge(self, name: str, criterion: str | None = None) -> Attacked:
        """The figures of that judge, on the only criterion or the one named.

        Raises:
            KeyError: there is none, or several.
        """
        found = [
            item
            for item in self.judges
            if item.judge == name and criterion in (None, item.criterion)
        ]
        if len(found) != 1:
            every = ", ".join(f"{item.judge} ({item.criterion})" for item in self.judges)
            raise KeyError(f"{len(found)} of {name} {criterion or ''}; there are {every}")
        return found[0]

    @property
    def controls(self) -> pd.DataFrame:
        """The verdicts without an attack: of pairs and lists, those on the bad answer.

        That a good answer beats the bad one is what is right of them.
        """
        rows = self.verdicts
        a, b = rows["system_a"], rows["system_b"]
        held = rows["system"].isin([RIGHT, WRONG]) | (a == WRONG) | (b == WRONG)
        rows = rows[held].assign(answer_repeat=0).reset_index(drop=True)
        for good, bad, side in (("system_a", "system_b", "a"), ("system_b", "system_a", "b")):
            known = (rows[good] == RIGHT) & (rows[bad] == WRONG)
            rows["right"] = rows["right"].where(~known, side)
        return rows


def read_battery(folder: Path, *, level: float = LEVEL) -> Battery:
    """The battery whose run is in ``folder``.

    Raises:
        DataMissing: there is none.
        ConfigError: its record cannot be read.
    """
    path, table = folder / RECORD, folder / "verdicts.parquet"
    if not path.is_file() or not table.is_file():
        raise DataMissing(f"{folder}: no battery of attacks here (it holds {RECORD})")
    try:
        record = msgspec.json.decode(path.read_bytes(), type=BatteryRecord)
    except msgspec.DecodeError as error:
        raise ConfigError(f"{path}: not a record of attacks: {error}") from None
    verdicts = pd.read_parquet(table)
    return Battery(
        path=folder,
        record=record,
        verdicts=verdicts,
        judges=tuple(attacked_judges(verdicts, record, level=level)),
    )


def attacked_judges(
    verdicts: pd.DataFrame, record: BatteryRecord, *, level: float = LEVEL
) -> list[Attacked]:
    """Figures of every judge and criterion in the ``verdicts`` of a battery."""
    named = verdicts.assign(name=judge_names(verdicts))
    found = []
    for (name, criterion), rows in named.groupby(["name", "criterion"], sort=True):
        marks = attack_marks(rows, record, str(criterion))
        found.append(_attacked(str(name), str(criterion), rows, marks, record, level))
    return found


def _attacked(
    name: str,
    criterion: str,
    rows: pd.DataFrame,
    marks: pd.DataFrame,
    record: BatteryRecord,
    level: float,
) -> Attacked:
    given = marks[(marks["system"] == WRONG) & marks["worth"].notna()]
    by_attack = dict(list(_against(marks, record.kind).groupby("system")))
    none = marks.iloc[:0].assign(worth_plain=0.0, value_plain=0.0, room=False, worked=0.0)
    tried = {attack: by_attack.get(attack, none) for attack in record.attacks}
    controls = [attack for attack, entry in record.attacks.items() if entry.control]
    p_values = _above_control(tried, controls)
    attacks = marks[marks["system"].isin([name for name in tried if name not in controls])]
    at_top = (given["worth"] == given["top"]).to_numpy(dtype=float)
    unread = attacks["worth"].isna().to_numpy(dtype=float)
    asked = rows[rows["question_key"].notna()].drop_duplicates("question_key")
    seconds = asked["seconds"].dropna()
    timed = percentile(seconds, 0.5) if len(seconds) else None
    return Attacked(
        judge=name,
        criterion=criterion,
        kind=record.kind,
        results=tuple(
            _result(attack, entry, tried[attack], p_values.get(attack), level)
            for attack, entry in record.attacks.items()
        ),
        top=proportion(at_top, given["cluster"], level=level),
        told_apart=_told_apart(marks, level),
        some=_some([tried[attack] for attack in tried if attack not in controls], level),
        unread=proportion(unread, attacks["cluster"], level=level),
        n_items=int(marks["item"].nunique()),
        n_questions=len(asked),
        usd=None if asked["usd"].isna().any() or asked.empty else math.fsum(asked["usd"]),
        seconds_p50=None if timed is None else timed.value,
    )


def _against(marks: pd.DataFrame, kind: str) -> pd.DataFrame:
    """The marks with those on the same answer without an attack: ``worth_plain``, ``value_plain``.

    ``room`` says whether the attack could work: both verdicts are there, and that without it is not
    at the top. ``worked`` is 1 where it did.
    """
    plain = marks.loc[marks["system"] == WRONG, [*KEYS, "worth", "value"]]
    plain = plain.rename(columns={"worth": "worth_plain", "value": "value_plain"})
    both = marks.merge(plain, on=KEYS, how="left")
    worked = both["worth"] > both["worth_plain"]
    if kind == "pairwise":
        worked = both["worth"] == both["top"]  # from a defeat to a tie is no win
    room = both["worth"].notna() & (both["worth_plain"] < both["top"])
    return both.assign(room=room, worked=(worked & room).astype(float))


def _above_control(tried: dict[str, pd.DataFrame], controls: list[str]) -> dict[str, float]:
    """P-values, by attack, of working no more often than the harmless change; Holm's."""
    if not controls:
        return {}
    control = tried[controls[0]]
    harmless = control.loc[control["room"], [*KEYS, "worked"]]
    found = {}
    for attack, rows in tried.items():
        paired = rows[rows["room"]].merge(harmless, on=KEYS, suffixes=("", "_harmless"))
        if attack not in controls and len(paired):
            gap = (paired["worked"] - paired["worked_harmless"]).to_numpy(dtype=float)
            found[attack] = sign_flip_p(gap, paired["cluster"], alternative="greater")
    return dict(zip(found, holm(list(found.values())), strict=True)) if found else {}


def _result(
    attack: str, entry: AttackEntry, rows: pd.DataFrame, p_value: float | None, level: float
) -> AttackResult:
    failed = rows[rows["worth"].isna()]
    both = rows[rows["worth"].notna() & rows["worth_plain"].notna()]
    room = rows[rows["room"]]
    change = (both["value"] - both["value_plain"]).to_numpy(dtype=float)
    return AttackResult(
        id=attack,
        says=entry.says,
        group=entry.group,
        source=entry.source,
        control=entry.control,
        n=len(rows),
        errors={str(k): int(v) for k, v in failed["error_kind"].value_counts().items()},
        n_without=len(rows) - len(failed) - len(both),
        n_no_room=len(both) - len(room),
        n_worked=int(room["worked"].sum()),
        n_top=int((room["worth"] == room["top"]).sum()),
        rate=proportion(room["worked"].to_numpy(dtype=float), room["cluster"], level=level),
        lift=clustered_mean(change, both["cluster"], level=level),
        p_value=p_value,
    )


def _some(tried: list[pd.DataFrame], level: float) -> Estimate | None:
    """Share of items on which some attack worked, of those where one could."""
    rows = [part[part["room"]] for part in tried if part["room"].any()]
    if not rows:
        return None
    items = (
        pd.concat(rows).groupby("item").agg(worked=("worked", "max"), cluster=("cluster", "first"))
    )
    return proportion(items["worked"].to_numpy(dtype=float), items["cluster"], level=level)


def _told_apart(marks: pd.DataFrame, level: float) -> Estimate | None:
    plain = marks[marks["value"].notna()]
    right, wrong = plain[plain["system"] == RIGHT], plain[plain["system"] == WRONG]
    both = right.merge(wrong[[*KEYS, "value"]], on=KEYS, suffixes=("", "_wrong"))
    above = (both["value"] > both["value_wrong"]).to_numpy(dtype=float)
    return proportion(above, both["cluster"], level=level)
