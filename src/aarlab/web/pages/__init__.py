"""The pages: one module each, with a `router` and, where it belongs to a study, a `tab` (docs/design/web.md)."""
