"""The dashboard: studies in a browser on this machine, for its operator alone (docs/design/web.md)."""
