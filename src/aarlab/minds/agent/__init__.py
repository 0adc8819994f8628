"""Researchers that are coding agents: harnesses of others, with our tools, our money and our record."""
