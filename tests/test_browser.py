"""The browser sees what it is there to see; else pages without faults would say nothing."""

from tests.browser import A4, Browser

BAD = """<!DOCTYPE html><html lang="en"><head><title>x</title>
<meta name="viewport" content="width=device-width, initial-scale=1"><style>
@page { size: A4; margin: 0 } @media print { p { height: 400mm } }</style></head>
<body><main><h1>柳</h1>
<p style="width: 500px; color: #ddd">Wide and pale</p>
<div style="width: 50px; overflow: hidden; white-space: nowrap">What is cut off here</div>
<script>console.error("no"); setTimeout(() => { throw Error("late") }); </script>
<img src="http://example.invalid/a.png" alt=""></main></body></html>"""


def test_faults_are_seen(chromium: Browser) -> None:
    tab = chromium.open(BAD)
    assert any("asked the network for http://example.invalid" in one for one in tab.said)
    assert "no" in tab.said
    assert "Uncaught" in tab.said
    assert [one.split(":")[0] for one in tab.sticking_out()] == [
        "the page is 508 wide, not 360", "P Wide and pale", "DIV What is cut off here",
    ]  # fmt: skip
    assert [one.split(":")[0] for one in tab.violations()] == ["color-contrast"]
    tab.resize(A4)
    assert len(tab.sticking_out()) == 1
    tab.printed()
    assert tab.run("document.querySelector('p').offsetHeight") > 1500
    assert tab.picture().startswith(b"\x89PNG")
    assert tab.pdf().startswith(b"%PDF")
    tab.close()


def test_a_tab_knows_nothing_of_another(chromium: Browser) -> None:
    chromium.open(BAD).close()
    good = chromium.open('<!DOCTYPE html><html lang="en"><title>x</title><main><h1>x</h1></main>')
    assert good.said == []
    good.close()
