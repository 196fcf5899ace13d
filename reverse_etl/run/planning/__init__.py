"""Plans what a run of a sync would do. It only reads."""
