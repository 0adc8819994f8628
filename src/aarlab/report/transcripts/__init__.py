"""Transcripts of language models: read, put together, and given to other tools."""
