"""End-to-end tests: a real JupyterLab, a real kernel and a real Chromium with a WAV as microphone."""
