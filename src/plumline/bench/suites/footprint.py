"""Memory and times around a run of ResNet-18: every runtime in new processes of its own."""

import json
import tempfile
from dataclasses import asdict
from pathlib import Path
from statistics import median

from plumline._extras import require
from plumline.bench import contenders, footprint
from plumline.bench.comparison import OURS
from plumline.bench.machine import Machine
from plumline.bench.records import Records
from plumline.bench.subject import Subject
from plumline.bench.suite import Case, Say, Settings, suite
from plumline.bench.suites.models import NETWORKS, untrained_case

NETWORK = NETWORKS[0]
COLUMNS = ("peak_mib", "resident_mib", "load_seconds", "first_call_seconds", "compile_seconds")
REPEATS, REPEATS_FROM_TURNS = 3, 10


@suite(
    "footprint",
    "peak memory, load and compile time of ResNet-18",
    metric="peak_mib",
    columns=COLUMNS,
)
def run(settings: Settings, records: Records, say: Say) -> None:
    """Measure each scheme, batch size and number of threads; medians of three processes."""
    for scheme in NETWORK.schemes:
        case = untrained_case(NETWORK, scheme, settings)
        if settings.wants(scheme) and settings.takes(case):
            for batch in settings.batches or (1,):
                for threads in settings.threads or (1,):
                    _measure(case, settings, batch, threads, records, say)


def _measure(
    case: Case, settings: Settings, batch: int, threads: int, records: Records, say: Say
) -> None:
    key = case.key("footprint", settings, batch, threads)
    if records.has(key):
        return
    names = contenders.able(case.subject)
    repeats = REPEATS if settings.turns >= REPEATS_FROM_TURNS else 1
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        _write(case.subject, batch, folder)
        # In turns, so that what disturbs one disturbs all.
        rounds = [
            {n: footprint.ask(n, folder, threads) for n in (*names, footprint.COMPILE)}
            for _ in range(repeats)
        ]
        sizes = {n: footprint.path_for(n, folder).stat().st_size for n in names}
    medians = {n: _medians([answers[n] for answers in rounds]) for n in rounds[0]}
    medians[OURS] |= medians[footprint.COMPILE]
    heeded, machine = contenders.heeded(settings.cap), asdict(Machine.here())
    rows = [
        {
            **key,
            "part": case.part,
            "contender": contender,
            "version": contenders.look_up(contender).version,
            "cap_heeded": heeded[contender],
            **{column: medians[contender].get(column, "") for column in COLUMNS},
            "file_bytes": sizes[contender],
            **machine,
        }
        for contender in names
    ]
    records.add(rows)
    for row in rows:
        say(f"{case.name} {case.scheme} {row['contender']:20} {row['peak_mib']:8.1f} MiB at most")


def _medians(answers: list[dict[str, float]]) -> dict[str, float]:
    return {column: median(answer[column] for answer in answers) for column in answers[0]}


def _write(subject: Subject, batch: int, folder: Path) -> None:
    """Write every form of the network, and the shapes of its inputs."""
    from plumline.compiler import compile_artifact

    assert isinstance(subject.onnx, bytes)
    (folder / footprint.FILES["onnx"]).write_bytes(subject.onnx)
    compile_artifact(subject.onnx).write(folder / footprint.FILES["artifact"])
    if subject.module is not None:
        require("torch", "train").save(subject.module, folder / footprint.FILES["module"])
    (folder / footprint.SHAPES).write_text(json.dumps(subject.shapes(batch)), "utf-8")
