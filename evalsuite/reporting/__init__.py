"""What people read: the terminal, Markdown, one HTML file, and a figure."""
