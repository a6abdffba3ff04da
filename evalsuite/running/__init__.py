"""The engine: schedule, trace, journal, resume, fit, score."""
