"""The hf backend: models that are fine-tuned, with transformers and PEFT. Needs the extra `hf`."""

VERSION = 1
"""Of the code between items and numbers: change it with anything that changes a number, so that no kept result of the
older code is taken for one of the newer."""
