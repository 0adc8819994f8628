"""What a mind with a language in its head may do, whatever drives it: tools, briefing, and the record of both."""
