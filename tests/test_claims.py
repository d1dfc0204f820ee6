"""A detector hears one call at a time."""

from __future__ import annotations

import asyncio
import copy
import pickle
from collections.abc import Callable
from typing import Any, TypeAlias

import numpy as np
import pytest

from micdrop_widget import MicdropClient, MicdropError, MicdropServer, SmartTurn, VolumeVAD, detect_speech
from micdrop_widget._claims import Claim, claimed
from micdrop_widget.errors import DetectorInUseError, MicdropErrorCode
from micdrop_widget.vad import VAD, CombinedVAD
from tests.harness.callers import quiet

SILENCE = quiet(3000)


def test_what_is_claimed_is_refused_in_words_until_it_is_released() -> None:
    vad, turn = VolumeVAD(), SmartTurn()
    with claimed(vad, turn):
        for wanted in ([vad], [turn], [VolumeVAD(), turn]):
            with (
                pytest.raises(
                    DetectorInUseError, match=r"^This \w+ is used by another call now.*copy\.copy"
                ) as refused,
                claimed(*wanted),
            ):
                pytest.fail("it was claimed twice")
            assert refused.value.code is MicdropErrorCode.Mic
        with claimed(copy.copy(vad), copy.copy(turn)):
            pass
    with claimed(vad, turn):
        pass


def test_a_detector_is_released_alone_and_one_that_is_not_claimed_is_no_error() -> None:
    vad, turn = VolumeVAD(), SmartTurn()
    claims = Claim()
    claims.add(vad, turn)
    claims.remove(VolumeVAD())
    claims.remove(vad)
    claims.remove(vad)
    with claimed(vad), pytest.raises(DetectorInUseError), claimed(turn):
        pytest.fail("it was claimed twice")
    claims.release()


def test_a_claim_that_fails_claims_nothing() -> None:
    free, used = VolumeVAD(), VolumeVAD()
    with claimed(used):
        with pytest.raises(DetectorInUseError), claimed(free, used):
            pass
        with claimed(free):
            pass


def test_one_detector_twice_in_one_combination_is_no_second_use() -> None:
    vad = VolumeVAD()
    for _ in range(2):
        with claimed(vad, vad):
            pass


def test_the_error_can_be_pickled() -> None:
    with claimed(SILENCE), pytest.raises(DetectorInUseError) as refused, claimed(SILENCE):
        pass
    assert str(pickle.loads(pickle.dumps(refused.value))) == str(refused.value)


Options: TypeAlias = dict[str, Any]


def alone(vad: VAD) -> tuple[Options, Options]:
    return {"vad": vad}, {"vad": vad}


def in_a_list(vad: VAD) -> tuple[Options, Options]:
    return {"vad": vad}, {"vad": ["volume", vad]}


def in_a_combination(vad: VAD) -> tuple[Options, Options]:
    return {"vad": CombinedVAD([vad])}, {"vad": vad}


def of_turns(vad: VAD) -> tuple[Options, Options]:
    turn_detector = SmartTurn()
    return ({"vad": "volume", "turn_detector": turn_detector},) * 2


@pytest.mark.parametrize("share", [alone, in_a_list, in_a_combination, of_turns])
async def test_a_second_call_does_not_start_with_the_detector_of_the_first(
    share: Callable[[VAD], tuple[Options, Options]],
) -> None:
    first_options, second_options = share(VolumeVAD())
    async with MicdropServer() as server:
        first = MicdropClient(server.url, source=SILENCE, **first_options)
        second = MicdropClient(server.url, source=SILENCE, **second_options)
        async with first, second:
            await first.start()
            with pytest.raises(MicdropError, match="is used by another call now") as refused:
                await second.start()
            assert not second.state.isStarted
            assert first.state.isListening
            assert str(refused.value).count("copy.copy") == 1
            await first.stop()
            await second.start()
            assert second.state.isListening


async def test_a_call_keeps_its_detector_when_its_microphone_is_opened_again() -> None:
    vad = VolumeVAD()
    async with MicdropServer() as server, MicdropClient(server.url, source=SILENCE, vad=vad) as call:
        await call.start()
        await call.change_mic_device("another")
        assert call.state.isMicStarted
        with pytest.raises(DetectorInUseError, match="This VolumeVAD is used by another call now"):
            detect_speech(np.zeros(512, np.int16), vad=vad)
        assert detect_speech(np.zeros(512, np.int16), vad=copy.copy(vad)).segments == ()
        await asyncio.sleep(0)
        assert call.state.isMicStarted
