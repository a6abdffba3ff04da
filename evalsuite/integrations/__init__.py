"""Runs carried to where a team keeps its own: MLflow, and collectors of OpenTelemetry."""
