"""Runs the command line: ``python -m onnxfi``."""

from onnxfi.cli.main import main

if __name__ == "__main__":
    main()
