"""Row `hearing`: what each detector makes of speech, of noise, and of speech in noise."""
