"""How diverse the methods of a study are, how complex, and what is found again."""
