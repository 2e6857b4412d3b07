from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provisioning.enrolment.errors import AdmissionError
from provisioning.enrolment.lists import COLUMNS, MOST_ROWS, Row, decode, parse_list

HEADER = ",".join(COLUMNS)
GOOD = "ZF-001,DSJ-A7,SN-1,执法队,张三,豫10003,赵敏,统批2026-1号,2026-01-05"


def read(*rows: str, header: str = HEADER) -> tuple[list[str], list[str]]:
    """Devices, and what is wrong, as a clerk reads it."""
    found, errors = parse_list("\r\n".join((header, *rows)) + "\r\n")
    return [row.device for row in found], list(map(str, errors))


def with_cell(column: str, text: str) -> str:
    cells = GOOD.split(",")
    cells[list(COLUMNS).index(column)] = text
    return ",".join(cells)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
def test_a_list_is_read_however_a_spreadsheet_saved_it(encoding: str) -> None:
    text = f"{HEADER}\r\n{GOOD}\r\n"
    assert decode(text.encode(encoding)) == text


@pytest.mark.parametrize(
    "content",
    [HEADER.encode("utf-16"), HEADER.encode("utf-16-le"), b"\xff\xff\xff\xff", b"\x81", b"a\0b"],
)
def test_any_other_encoding_is_refused_with_the_next_step(content: bytes) -> None:
    with pytest.raises(AdmissionError) as refused:
        decode(content)
    assert refused.value.code == "list"
    assert "GB18030" in refused.value.diagnosis()


@pytest.mark.parametrize(
    "name",
    [
        "欧阳娜娜",
        "买买提·艾力",
        "\U00020bb7野家",  # 𠮷, beyond the first plane
        "\U0002a6d6",
        "䶮小明",
        "Ali Mamat",
    ],
)
@pytest.mark.parametrize("encoding", ["utf-8-sig", "gb18030"])
def test_rare_characters_stay_what_they_are(name: str, encoding: str) -> None:
    content = f"{HEADER}\r\n{with_cell('使用人', name)}\r\n".encode(encoding)
    rows, errors = parse_list(decode(content))
    assert (rows[0].name, errors) == (name, [])


def test_columns_come_in_any_order_and_cells_with_spaces_around() -> None:
    order = list(COLUMNS)[::-1]
    cells = dict(zip(COLUMNS, GOOD.split(","), strict=True))
    row = ",".join(f" \u3000{cells[name]} " for name in order)
    assert read(row, header=",".join(order)) == (["ZF-001"], [])


def test_empty_rows_at_the_end_are_none() -> None:
    assert read(GOOD, ",,,,,,,,", "") == (["ZF-001"], [])


@pytest.mark.parametrize("day", ["2026-01-05", "2026/1/5", "2026年1月5日", "2026.01.05"])
def test_days_are_read_however_they_are_written(day: str) -> None:
    rows, errors = parse_list(f"{HEADER}\n{with_cell('批准日期', day)}\n")
    assert (rows[0].date, errors) == ("2026-01-05", [])


@pytest.mark.parametrize(
    ("column", "text", "said"),
    [
        ("设备编号", "zf-001", "大写字母"),
        ("设备编号", "", "设备编号为空"),
        ("序列号", "S N", "序列号"),
        ("序列号", "../../x", "序列号"),
        ("使用人", "", "使用人为空"),
        ("使用人", "张\ue000三", "生僻字"),
        ("使用人", "张\u200b三", "生僻字"),
        ("使用人", "张" * 65, "64"),
        ("执法证号", "三", "执法证号"),
        ("批准日期", "2026-02-30", "2026-11-21"),
        ("批准日期", "5/1/2026", "2026-11-21"),
    ],
)
def test_a_wrong_cell_is_named_with_its_row(column: str, text: str, said: str) -> None:
    devices, errors = read(with_cell(column, text))
    assert devices == []
    assert len(errors) == 1
    assert errors[0].startswith("第 2 行：")
    assert said in errors[0]


def test_all_that_is_wrong_is_said_at_once_in_the_order_of_rows() -> None:
    _, errors = read(
        with_cell("设备编号", "bad"),
        GOOD,
        "only,three,cells",
        with_cell("批准日期", "morgen").replace("ZF-001", "ZF-003").replace("SN-1", "SN-3"),
        GOOD,
    )
    assert [error.partition("：")[0] for error in errors] == [
        "第 2 行",
        "第 4 行",
        "第 5 行",
        "第 6 行",
        "第 6 行",
    ]
    assert "第 3 行重复" in errors[-1]


def test_a_serial_number_stands_once() -> None:
    devices, errors = read(GOOD, GOOD.replace("ZF-001", "ZF-002"))
    assert devices == ["ZF-001"]
    assert errors == ["第 3 行：序列号 SN-1 与第 2 行重复"]


@pytest.mark.parametrize(
    "header",
    [
        "",
        "设备编号",
        HEADER.replace("型号", "型  号"),
        f"{HEADER},备注",
        HEADER.replace("部门", "型号"),
    ],
)
def test_a_header_that_lacks_or_adds_a_column_is_refused(header: str) -> None:
    with pytest.raises(AdmissionError, match="columns"):
        read(GOOD, header=header)


def test_more_rows_than_a_bureau_buys_are_refused() -> None:
    with pytest.raises(AdmissionError, match=str(MOST_ROWS)):
        read(*([GOOD] * (MOST_ROWS + 1)))


def rows_of(content: bytes) -> list[Row]:
    """The rows; none where the list as a whole is refused, as it has to be."""
    try:
        return parse_list(decode(content))[0]
    except AdmissionError as error:
        if error.code != "list":
            raise
        return []


@given(st.binary(max_size=300))
def test_no_bytes_do_worse_than_being_refused(content: bytes) -> None:
    assert rows_of(content) == []


@given(st.text(max_size=200))
def test_no_text_does_worse_than_being_refused(text: str) -> None:
    content = f"{HEADER}\n{text}".encode("utf-8", "replace")
    assert all(row.device and row.serial and row.name for row in rows_of(content))
