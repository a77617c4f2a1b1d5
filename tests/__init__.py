"""Tests of onnxfi; run them with `make test`."""
