"""Analysis: SQL views, incidents and reports over captures."""
