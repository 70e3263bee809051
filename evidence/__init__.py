"""Images, statements and sightings, with their provenance and grades."""
