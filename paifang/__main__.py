"""`python -m paifang` is the command line."""

from paifang.runtime.cli import main

main()
