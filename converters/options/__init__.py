"""The options in a layer's configuration: the known ones, and the refusal of everything else."""
