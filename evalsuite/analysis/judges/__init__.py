"""How far verdicts may be believed: figures of judges, with intervals and n."""
