"""The hf backend: models that are fine-tuned, with transformers and PEFT. Needs the extra `hf`."""
