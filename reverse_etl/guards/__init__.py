"""Guards: checks that can stop a sync before it sends. One file each, in a folder for what it looks at."""
