"""Values -> text for people, or JSON for programs: two renderers of the same values."""
