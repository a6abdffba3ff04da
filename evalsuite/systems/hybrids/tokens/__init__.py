"""What hybrids of local models share that work together on the tokens of one answer."""
