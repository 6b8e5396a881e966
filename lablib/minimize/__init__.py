"""How few system calls a program needs: launched again and again, under filters of ours that deny it more and more.

`launch` starts it and ends it, `child` is it until execve(2), `oracle` says whether it still behaves, `search` asks for
less and less, `fallback` tells what it did about the calls it was denied, `names` and `formats` write the list down.
"""
