"""Anomalies in the log of the Blue Gene/L supercomputer (Oliner and Stearley 2007; Loghub-2.0, 2k).

    ciod: failed to read message prefix on control stream (CioStream socket to 172.16.96.116:33569
    -> anomaly

Success: the right label, where an anomaly is a line that operators tagged as an alert. The field's
figure is the F1 of anomalies, ``f1_anomaly``: 91 % of test lines are normal. Each line is judged
alone. Splits are by the hash of the text, about 60/30/10; lines of one template are a cluster. The
licence of the data allows research use only.

    evalsuite run --task logs/bgl_anomaly --system classical/auto
"""

from __future__ import annotations

from functools import partial

from evalsuite.library.classification import LabelQuestion, label_task
from evalsuite.library.logs import ANOMALY, NORMAL, REFERENCE, alert_lines, loghub
from evalsuite.scoring.labels import accuracy, f1_of, precision_of, recall_of

QUESTION = LabelQuestion(
    labels=(NORMAL, ANOMALY),
    what="Log line",
    asked="Does this line of a supercomputer's log report something that operators must look at?",
    noun="label",
    hint=f"If it does, the label is {ANOMALY}.",
)
TASK = label_task(
    QUESTION,
    name="logs/bgl_anomaly",
    family="logs",
    summary="Alerts among a supercomputer's log lines",
    samples=alert_lines,
    data=loghub("BGL"),
    reference=REFERENCE,
    figures={
        "accuracy": accuracy,
        "f1_anomaly": partial(f1_of, ANOMALY),
        "precision_anomaly": partial(precision_of, ANOMALY),
        "recall_anomaly": partial(recall_of, ANOMALY),
    },
)
