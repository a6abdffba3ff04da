"""Function calls in answers: reading them, checking them, matching them with the right ones."""
