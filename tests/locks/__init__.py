"""Lock and requirements files of every tool are read, and wrong ones are refused."""
