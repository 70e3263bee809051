"""The investigators' pages in the admin."""
