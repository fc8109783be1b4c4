"""Programs in a model's text: found, parsed, and judged by their shape; nothing here runs one."""
