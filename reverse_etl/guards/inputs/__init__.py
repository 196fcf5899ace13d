"""Guards on what a run reads: the manifest, the build of the model and the sync snapshot."""
