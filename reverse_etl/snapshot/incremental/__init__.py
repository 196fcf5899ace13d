"""Quick comparisons: how far the last complete run compared a model, and whether recent rows are enough now."""
