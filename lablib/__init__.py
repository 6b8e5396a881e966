"""Container Labs without a screen: the kernel's interfaces, machines, checks, course and grading."""
