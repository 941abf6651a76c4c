"""Tables as an Excel workbook: kept in git as Markdown, edited by people on a phone or in Excel."""

from __future__ import annotations

import io

from surveys.form.sheets import Sheets

WIDEST = 60
"""Characters of a column's width on the screen."""


def to_excel(sheets: Sheets) -> bytes:
    """The sheets as .xlsx, the first row of each frozen; reading it gives the same rows again."""
    from openpyxl import Workbook
    from openpyxl.styles import Font
    from openpyxl.utils import get_column_letter

    book = Workbook()
    book.remove(book.worksheets[0])
    for name, rows in sheets.items():
        sheet = book.create_sheet(name)
        headers = list(dict.fromkeys(header for row in rows for header in row.cells))
        sheet.append(headers)
        for row in rows:
            sheet.append([row.cells.get(header) or None for header in headers])
            for cell in sheet[sheet.max_row]:
                # A text that begins with = is an expression of the form, none of Excel's.
                if cell.data_type == "f":
                    cell.data_type = "s"
        for place, header in enumerate(headers, 1):
            longest = max([len(header), *(len(row.cells.get(header, "")) for row in rows)])
            sheet.column_dimensions[get_column_letter(place)].width = min(longest + 2, WIDEST)
            sheet.cell(1, place).font = Font(bold=True)
        sheet.freeze_panes = "A2"
    kept = io.BytesIO()
    book.save(kept)
    return kept.getvalue()
