#!/usr/bin/env bash
# Speaks the recordings of the turn tests again, and lets transformers extract the reference features.
# Needs flite, sox, and a Python with numpy and transformers (PYTHON=…, default python3). See README.md.
set -euo pipefail
cd "$(dirname "$0")"
n=0
while read -r sentence; do
  flite -voice slt -t "$sentence" -o /tmp/turn.wav
  sox -D /tmp/turn.wav -b 16 -c 1 "spoken/$n.wav" rate -v 16000 \
    silence 1 0.002 0.1% reverse silence 1 0.002 0.1% reverse
  n=$((n + 1))
done < spoken/sentences.txt
rm -f /tmp/turn.wav
"${PYTHON:-python3}" - <<'PYTHON'
import wave
import numpy as np
from transformers import WhisperFeatureExtractor

with wave.open("../fixtures/sentence.wav") as file:
    pcm = np.frombuffer(file.readframes(60_000), dtype="<i2")
samples = np.zeros(128_000, dtype=np.float32)
samples[-len(pcm):] = pcm / 32768
features = WhisperFeatureExtractor(chunk_length=8)(
    samples, sampling_rate=16_000, do_normalize=True, return_tensors="np"
).input_features[0]
np.savez_compressed("whisper_reference.npz", every_tenth_column=features[:, ::10].astype(np.float32))
PYTHON
