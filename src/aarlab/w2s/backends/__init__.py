"""Language models that turn texts into features. `features` is the door; nothing here needs torch."""
