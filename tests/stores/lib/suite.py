# SPDX-License-Identifier: Apache-2.0
"""What the tests against central stores share.

    suite.run(pyroscope.Pyroscope, case, ..)    each case gets the running store
"""
import harness as h
import provision

MINUTE_NS = 60_000_000_000
DURATION_NS = 10_000_000_000
PERIOD_NS = 10_101_010  # 99 Hz


def run(make_store, *cases):
    """Skips all when the store cannot be had."""
    try:
        store = make_store()
    except provision.Unavailable as e:
        h.skip_all(str(e))
    with store:
        for case in cases:
            h.case(case, store)
    h.done()
