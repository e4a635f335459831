"""Attacks 30 to 42: what a file can carry. Whatever the target's secret is, the same comes back; the honest twin passes."""

import base64
import json
import random
import zlib
from collections.abc import Callable

import pytest

from output_checks.identifiers import is_nhs_number
from output_checks.order import label_key
from tests.attacks.planted import Seen, judged, offered
from tests.output_checks.test_checks_pictures import PIXELS, chunk, png

NHS = "9434765919"
SECRETS = ("826.86", "12.5")
FIGURE = {"statistic": "figure", "underlying": "deaths"}
TEXT = {"statistic": "text", "why": "method"}
COUNTS = {"statistic": "frequencies", "of": "c", "by": ["region"], "columns": {"n": "count"}}
MEANS = {
    "statistic": "linear_aggregation",
    "of": "c",
    "by": ["region"],
    "value": "cost",
    "n": "n",
    "columns": {"n": "n", "cost": "mean"},
}
PLAIN = b"region,n\nNorth,400\nSouth,200\n"


def counts(text: str) -> Seen:
    return offered("t.csv", text.encode(), COUNTS)


def person(secret: int) -> list[tuple[str, str, str]]:
    chance = random.Random(7)  # noqa: S311 - repeatable on purpose
    rows = [
        (f"g{at}", f"{chance.uniform(10, 90):.2f}", f"2021-{at % 12 + 1:02}-{at % 28 + 1:02}x{at}")
        for at in range(60)
    ]
    return [*rows, ("g60", SECRETS[secret], "2021-01-01x60")]


def row_per_person(secret: int) -> Seen:
    body = "\n".join(",".join(row) for row in person(secret))
    return offered("agg.csv", f"agg,value,day\n{body}\n".encode())


def row_per_person_declared(secret: int) -> Seen:
    body = "\n".join(f"{group},1,{value}" for group, value, _ in person(secret))
    return offered("agg.csv", f"region,n,cost\n{body}\n".encode(), MEANS)


def identifier(spelling: Callable[[str], str]) -> Callable[[int], Seen]:
    known = (NHS, next(n for i in range(10**4) if is_nhs_number(n := f"94347{i:05}") and n != NHS))
    return lambda secret: counts(f"region,n\n{spelling(known[secret])},40\nSouth,200\n")


def decimals(secret: int) -> Seen:
    rows = f"region,n,cost\nNorth,400,51.3000000{SECRETS[secret].replace('.', '')}\nSouth,200,48.2\n"
    return offered("t.csv", rows.encode(), MEANS | {"n": "n"})


def decimals_of_a_count(secret: int) -> Seen:
    return counts(f"region,n\nNorth,400.0000{SECRETS[secret].replace('.', '')}\n")


def in_a_label(packed: Callable[[bytes], str]) -> Callable[[int], Seen]:
    return lambda secret: counts(
        f"region,n\n{packed(b'patient seven: ' + SECRETS[secret].encode())},40\nSouth,200\n"
    )


def invisible(secret: int) -> Seen:
    return counts("region,n\nNorth" + "\u200b" * (secret + 1) + ",400\nSouth,200\n")


def bytes_around(secret: int) -> Seen:
    """Line ends, spaces, quotes and a byte order mark instead of words: the table is the same."""
    ways = (b"\xef\xbb\xbfregion,n\r\nNorth,400\r\nSouth,200\r\n", b'region,n\nNorth ,400\n"South",0200\n')
    return offered("t.csv", ways[secret], COUNTS)


def extra_cells(secret: int) -> Seen:
    return counts(f"region,n\nNorth,400,{SECRETS[secret]}\nSouth,200\n")


def comment(secret: int) -> Seen:
    return counts(f"# {SECRETS[secret]}\nregion,n\nNorth,400\n")


def file_of(path: str, start: bytes) -> Callable[[int], Seen]:
    return lambda secret: offered(path, start + SECRETS[secret].encode(), FIGURE)


def picture(carry: Callable[[bytes], bytes]) -> Callable[[int], bytes]:
    """What may leave of a picture of ours, with the secret in it: a person looks at the pixels and at nothing else."""
    return lambda secret: judged("f.png", carry(SECRETS[secret].encode()), FIGURE).twin or b""


def last_bits(secret: bytes) -> bytes:
    bits = [int(bit) for byte in secret.ljust(8) for bit in f"{byte:08b}"]
    pixels = PIXELS.reshape(-1).copy()
    pixels[: len(bits)] = (pixels[: len(bits)] & 0xFE) | bits
    return png(b"".join(b"\0" + row.tobytes() for row in pixels.reshape(PIXELS.shape)))


def written_in(secret: bytes) -> bytes:
    lines = b"".join(b"\0" + row.tobytes() for row in PIXELS)
    return png(lines, more=chunk(b"tEXt", b"Comment\0" + secret) + chunk(b"eXIf", secret))


def after_the_end(secret: bytes) -> bytes:
    return png(b"".join(b"\0" + row.tobytes() for row in PIXELS)) + secret


def drawing(inside: str) -> Callable[[int], Seen]:
    def drawn(secret: int) -> Seen:
        text = f'<svg xmlns="http://www.w3.org/2000/svg">{inside.format(SECRETS[secret].replace(chr(46), ""))}</svg>'
        report = judged("f.svg", text.encode(), FIGURE)
        return Seen(str(report.verdict), report.twin)

    return drawn


def page(inside: str) -> Callable[[int], Seen]:
    return lambda secret: offered("r.html", f"<p>It ran.</p>{inside.format(SECRETS[secret])}".encode(), TEXT)


def leftovers(secret: int) -> Seen:
    """The categories that a filter left behind: nobody is in them, but their names came from the data."""
    return counts(f"region,n\nNorth,400\nlives at {SECRETS[secret]},0\n")


def histogram(secret: int) -> Seen:
    top = ("826.86", "612.53")[secret]
    rows = f"region,n\n10.2-205.4,400\n205.4-400.6,300\n400.6-{top},80\n"
    return counts(rows)


def whole_group(secret: int) -> Seen:
    ill = ("40", "0")[secret]
    well = ("0", "40")[secret]
    rows = f"age,ill,n,total\nold,yes,{ill},40\nold,no,{well},40\nyoung,yes,30,90\nyoung,no,60,90\n"
    declaration = {
        "statistic": "frequencies",
        "of": "c",
        "by": ["age", "ill"],
        "columns": {"n": "count", "total": "margin"},
    }
    return offered("t.csv", rows.encode(), declaration)


def implicit_nought(secret: int) -> Seen:
    rows = ("region,n\nNorth,400\nSouth,200\nIsle,1\n", "region,n\nNorth,400\nSouth,200\nIsle,0\n")
    return counts(rows[secret])


def absent_nought(secret: int) -> Seen:
    rows = ("region,n\nNorth,400\nSouth,200\nIsle,3\n", "region,n\nNorth,400\nSouth,200\n")
    return counts(rows[secret])


ATTACKS: list[tuple[int, str, Callable[[int], object]]] = [
    (30, "one row for each patient, called aggregates", row_per_person),
    (30, "one row for each patient, declared as means", row_per_person_declared),
    (31, "an NHS number", identifier(str)),
    (31, "an NHS number with spaces", identifier(lambda n: f"{n[:3]} {n[3:6]} {n[6:]}")),
    (31, "an NHS number in hexadecimal", identifier(lambda n: hex(int(n)))),
    (31, "an NHS number padded with noughts", identifier(lambda n: f"000{n}")),
    (31, "an NHS number in base64", identifier(lambda n: base64.b64encode(n.encode()).decode())),
    (32, "a secret in the decimals of a mean", decimals),
    (32, "a secret in the decimals of a count", decimals_of_a_count),
    (33, "base64", in_a_label(lambda b: base64.b64encode(b).decode())),
    (33, "base32", in_a_label(lambda b: base64.b32encode(b).decode())),
    (33, "hexadecimal", in_a_label(bytes.hex)),
    (33, "compressed", in_a_label(lambda b: base64.b85encode(zlib.compress(b)).decode().replace(",", "_"))),
    (33, "invisible letters", invisible),
    (33, "line ends, quotes and a mark", bytes_around),
    (33, "more cells than columns", extra_cells),
    (33, "a comment", comment),
    (35, "Parquet's own statistics", file_of("t.parquet", b"PAR1")),
    (36, "a hidden sheet", file_of("t.xlsx", b"PK\x03\x04")),
    (37, "the last bits of pixels", picture(last_bits)),
    (37, "words and EXIF of a picture", picture(written_in)),
    (37, "bytes after a picture", picture(after_the_end)),
    (37, "coordinates of an SVG, finer than anybody sees", drawing('<line x1="1.000{}" y1="2" x2="3" y2="4"/>')),
    (37, "hidden words of an SVG", drawing('<text display="none">{}</text>')),
    (37, "a program of an SVG", drawing("<script>{}</script>")),
    (37, "a comment of an SVG", drawing("<!-- {} -->")),
    (37, "a program of a page", page("<script>{}</script>")),
    (37, "data of a page", page('<p data-x="{}">It ended.</p>')),
    (37, "a PDF", file_of("r.pdf", b"%PDF-1.7")),
    (38, "a pickled model", file_of("m.pkl", b"\x80\x04")),
    (38, "a saved R object", file_of("m.rds", b"RDX3")),
    (38, "a notebook", file_of("n.ipynb", b'{"cells": []}')),
    (39, "categories left behind", leftovers),
    (40, "the last edge of a histogram", histogram),
    (41, "a group in which everybody is the same", whole_group),
    (42, "a nought that is none", implicit_nought),
    (42, "a nought that is not listed", absent_nought),
]  # fmt: skip
HONEST: dict[int, tuple[str, bytes, dict[str, object] | None]] = {
    30: ("t.csv", PLAIN, COUNTS),
    31: ("t.csv", b"code,n\n44054006,400\n73211009,200\n", COUNTS | {"by": ["code"]}),
    32: ("t.csv", b"region,n,cost\nNorth,400,51.3\nSouth,200,48.2\n", MEANS),
    33: ("t.csv", "region,n\nYorkshire and the Humber,400\nÎle-de-France,200\n".encode(), COUNTS),
    34: ("t.csv", PLAIN, COUNTS),
    35: ("t.json", json.dumps([{"region": "North", "n": 400}]).encode(), COUNTS),
    36: ("t.tsv", PLAIN.replace(b",", b"\t"), COUNTS),
    37: ("f.png", png(b"".join(b"\0" + row.tobytes() for row in PIXELS)), FIGURE),
    38: ("notes.md", b"The model was fitted twice.\n", TEXT),
    39: ("t.csv", PLAIN, COUNTS),
    40: ("t.csv", b"region,n\n0-20,400\n20-40,200\n40-60,100\n", COUNTS),
    41: ("t.csv", b"region,n\nNorth,400\nSouth,200\n", COUNTS),
    42: ("t.csv", b"region,n\nNorth,400\nSouth,200\nIsle,0\n", COUNTS),
}  # fmt: skip


@pytest.mark.parametrize(
    ("number", "name", "attack"), ATTACKS, ids=[f"{n}: {name}" for n, name, _ in ATTACKS]
)
def test_the_target_cannot_be_told_apart(number: int, name: str, attack: Callable[[int], object]) -> None:
    assert number in range(30, 43), name
    assert attack(0) == attack(1)


@pytest.mark.parametrize("number", HONEST)
def test_the_honest_file_may_be_offered(number: int) -> None:
    path, content, declaration = HONEST[number]
    report = judged(path, content, declaration)
    assert report.verdict != "refused", report.findings
    assert report.twin is not None


def test_34_the_order_of_rows_and_columns_says_nothing() -> None:
    honest = judged("t.csv", PLAIN, COUNTS)
    assert honest.twin == PLAIN
    for carrying in (b"region,n\nSouth,200\nNorth,400\n", b"n,region\n400,North\n200,South\n"):
        assert judged("t.csv", carrying, COUNTS).twin == PLAIN


def test_rows_come_as_people_read_them() -> None:
    labels = ["65+", "18-39", "<18", "Total", "40-64", "100 and over"]
    text = "region,n\n" + "".join(f"{label},400\n" for label in labels if label != "Total")
    shown = (judged("t.csv", text.encode(), COUNTS).twin or b"").decode().splitlines()[1:]
    assert [row.split(",")[0] for row in shown] == ["<18", "18-39", "40-64", "65+", "100 and over"]
    assert max(labels, key=label_key) == "Total"


def test_every_attack_by_file_is_tried_and_has_its_honest_twin() -> None:
    assert {number for number, _, _ in ATTACKS} | {34} == set(range(30, 43)) == set(HONEST)
