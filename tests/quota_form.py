"""A form that asks for sex and age, and the villages where it is asked."""

from datetime import UTC, datetime

from surveys.form.xlsform import convert

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
VILLAGES = """code,name,area,households,adults,target
LP01,Liuping 柳坪,He/Shang,200,480,12
LP02,Qingshui 清水,He/Shang,150,300,10
XJ01,Xiajia 夏家,He/Xia,40,90,2
"""
FORM = """
| survey | | | | | | |
| | type | name | label::English (en) | label::中文 (zh) | required | calculation |
| | select_one who | A1 | Who answers? | 谁来答？ | yes | |
| | select_one sex | A2 | A woman or a man? | 你的性别？ | yes | |
| | integer | A3 | How old are you? | 你多大？ | yes | |
| | calculate | young | | | | if(${A3} < 16, 1, 0) |
| | text | G2 | What would help? | 什么能帮到你？ | | |
| choices | | | | |
| | list_name | name | label::English (en) | label::中文 (zh) |
| | who | self | I myself | 我自己 |
| | who | helped | Someone helps me | 有人帮我 |
| | who | proxy | Someone for me | 别人代答 |
| | sex | f | Woman | 女 |
| | sex | m | Man | 男 |
| | sex | 99 | Rather not say | 不想说 |
| settings | | | | |
| | form_title | form_id | version | default_language |
| | Ages | ages | VERSION | English (en) |
| indicators | | | | | | | |
| | name | label::English (en) | label::中文 (zh) | role | dimension | kind | base |
| | A1 | Mode | 方式 | mode | | | |
| | young | Young | 未满16岁 | exclude | | | |
"""
ROLES = """| | A2 | Sex | 性别 | sex | | | |
| | A3 | Age | 年龄 | age | | | |
"""


def quota_form(version="1", *, roles=True):
    """The form, as a workbook ready to publish; without roles nothing says what asks for age."""
    text = FORM.strip().replace("VERSION", version) + "\n" + (ROLES if roles else "")
    return convert(text.encode(), "ages.md")
