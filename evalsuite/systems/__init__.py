"""What answers samples: one file a backend, and hybrids made of other systems."""
