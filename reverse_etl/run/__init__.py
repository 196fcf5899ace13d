"""The steps of one run, and the plan of a run. They connect the warehouse and the destination."""
