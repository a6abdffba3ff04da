"""Judgements and what is made of them: pairwise ratings."""
