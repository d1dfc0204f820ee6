"""Tests of the front end on a bare page: a real Chromium and a real call in this process, without JupyterLab."""
