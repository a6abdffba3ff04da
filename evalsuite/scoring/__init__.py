"""Pure metrics, one file a family; ``sandbox`` runs generated code."""
