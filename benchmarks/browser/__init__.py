"""Rows that need a real JupyterLab and a real Chromium. Page, kernel and server share one machine and its clock."""
