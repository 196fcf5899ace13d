"""The steps of one run, and what a plan foresees of them: they bring the warehouse and the destination together."""
