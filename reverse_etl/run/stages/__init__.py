"""The stages of a run, one file each, in the words of the commit protocol."""
