"""Guards: checks that can stop a sync before it sends. One file each; `table.py` lists them."""
