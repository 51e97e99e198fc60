"""What a cluster needs for so many hours of recordings a day, from a measured rate. Prices are assumptions.

    python benchmarks/sizing.py --audio-s-per-cpu-s 7 --price-per-core-hour 0.04
    python benchmarks/sizing.py --audio-s-per-gpu-s 500 --price-per-gpu-hour 4

Take the rate from a scan of your own calls: seconds of sound divided by the processor seconds of all processes
(``/usr/bin/time -v callmood scan``: user and system time), or by the seconds of a GPU that was busy.
"""

import argparse
from math import ceil
from typing import NamedTuple


class Size(NamedTuple):
    """For a number of hours of recordings a day."""

    hours: float
    work_hours: float
    """Of cores or GPUs a day."""
    units: int
    """Cores or GPUs that finish in the night."""
    machines: int
    money: float
    """A day, for the machines of the night."""
    writing_h: float
    """Processor time for storing the calls, which one process does for each database."""
    databases: int
    """Into which the calls are divided so that each is written in the night."""
    gbit_s: float
    """Read from storage during the night: twice, by the process that hands out the calls and by the workers."""


def size(
    hours: float,
    *,
    rate: float,
    night_h: float,
    units_per_machine: int,
    price: float,
    spare: float,
    call_min: float,
    write_ms: float,
    mb_per_hour: float,
) -> Size:
    """``rate``: seconds of sound in a second of a core or GPU; ``price``: of one for an hour; ``spare``: the share
    of them that is not counted on, for lost machines and nights with more calls."""
    work_hours = hours / rate
    units = ceil(work_hours / night_h / (1 - spare))
    machines = ceil(units / units_per_machine)
    writing_h = hours * 60 / call_min * write_ms / 1000 / 3600
    return Size(
        hours,
        work_hours,
        units,
        machines,
        machines * units_per_machine * night_h * price,
        writing_h,
        ceil(writing_h / night_h),
        2 * hours * mb_per_hour * 8 / 1000 / (night_h * 3600),
    )


def table(sizes: list[Size], unit: str) -> str:
    head = ("hours a day", f"{unit}-hours", f"{unit}s", "machines", "money a day", "money an hour of calls")
    rows = [
        (
            f"{one.hours:,.0f}",
            f"{one.work_hours:,.0f}",
            f"{one.units:,}",
            f"{one.machines:,}",
            f"{one.money:,.0f}",
            f"{one.money / one.hours:.4f}",
            f"{one.writing_h:.1f} h",
            f"{one.databases}",
            f"{one.gbit_s:.2f} Gbit/s",
        )
        for one in sizes
    ]
    lines = [(*head, "storing", "databases", "from storage"), ("---:",) * 9, *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    rate = parser.add_mutually_exclusive_group(required=True)
    rate.add_argument("--audio-s-per-cpu-s", type=float)
    rate.add_argument("--audio-s-per-gpu-s", type=float)
    parser.add_argument("--hours", type=float, nargs="+", default=[1_000, 100_000])
    parser.add_argument("--night-hours", type=float, default=8)
    parser.add_argument("--cores-per-machine", type=int, default=16)
    parser.add_argument("--gpus-per-machine", type=int, default=1)
    parser.add_argument("--price-per-core-hour", type=float, default=0.04)
    parser.add_argument("--price-per-gpu-hour", type=float, default=4.0)
    parser.add_argument("--spare", type=float, default=0.2)
    parser.add_argument("--call-minutes", type=float, default=6)
    parser.add_argument("--write-ms", type=float, default=18, help="to store a call")
    parser.add_argument("--mb-per-hour", type=float, default=115, help="of recordings: 8 kHz, 16 bit, stereo")
    options = parser.parse_args()
    on_gpu = options.audio_s_per_gpu_s is not None
    sizes = [
        size(
            hours,
            rate=options.audio_s_per_gpu_s if on_gpu else options.audio_s_per_cpu_s,
            night_h=options.night_hours,
            units_per_machine=options.gpus_per_machine if on_gpu else options.cores_per_machine,
            price=options.price_per_gpu_hour if on_gpu else options.price_per_core_hour,
            spare=options.spare,
            call_min=options.call_minutes,
            write_ms=options.write_ms,
            mb_per_hour=options.mb_per_hour,
        )
        for hours in options.hours
    ]
    print(table(sizes, "GPU" if on_gpu else "core"))


if __name__ == "__main__":
    main()
