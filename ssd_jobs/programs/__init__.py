"""Programs in a model's text: how they are found, parsed and filtered; nothing here runs one."""
