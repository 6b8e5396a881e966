"""A guest in QEMU: the distribution's own kernel, where User-Mode Linux is not to be had or lacks something."""
