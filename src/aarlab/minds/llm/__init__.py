"""The researcher that is a language model: a small loop around a provider's API. Needs the extra `llm`."""
