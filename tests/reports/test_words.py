"""Codes in words, and commands that a shell takes as they stand."""

import shlex

import pytest

from forecasting.reports.words import REASONS, command_for, explain_reason, name_need
from forecasting.terms import Reason


def test_every_reason_of_quarantine_has_words():
    assert set(REASONS) == {str(reason) for reason in Reason}
    assert explain_reason("switch_restarted") == "switch restarted"


@pytest.mark.parametrize("place", ["care.voice", "it's", 'quo"te', "$(rm -rf ~)", "`ls`", "a b", "back\\slash"])
@pytest.mark.parametrize(
    "need",
    ["failed", "incomplete", "alarm", "order", "short", "change", "surge", "event", "rejected", "repair", "believe"],
)
def test_a_shell_reads_one_word_for_each_argument(need, place):
    command = command_for(need, stream="calls", place=place, by_day="2026-03-01", origin="2026-03-29")
    words = shlex.split(command)
    assert words[0] == "forecasting"
    assert need in ("repair", "believe") or name_need(need)
    if need in ("alarm", "order", "surge", "change"):
        assert place in words
    if need == "short":
        assert words[1] == "sql"
        assert place.replace("'", "''") in words[2]
