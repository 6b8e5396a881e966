"""Our process on a machine: the only one with privilege. Standard library only; it is copied into the run folder and
started as `python3 -IS`, as the first process of a guest or as a child of ours on a host."""
