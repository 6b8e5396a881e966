"""The kernel's interfaces, standard library only, named as the kernel and its manual pages name them."""
