"""A form with every type of question, and one whose repeats stand in a repeat."""

_ROWS = """
| survey | | | | | | | | | | | |
| | type | name | label::English (en) | label::中文 (zh) | hint::English (en) | hint::中文 (zh) | guidance_hint::English (en) | guidance_hint::中文 (zh) | required | appearance | parameters |
| | acknowledge | ready | **Ready?** <br>It takes _ten_ minutes. | **好了吗？** <br>大约_十_分钟。 | | | | | yes | | |
| | text | name | Your name? | 你叫什么？ | | | Only the **first** name, as neighbours say it. | **名字**就行，像邻居那样叫。 | yes | | |
| | range | stars | How good is the road, ${name}? | ${name}，路怎么样？ | 1 bad, 5 good | 1差，5好 | | | yes | | start=1 end=5 step=1 |
| | range | metres | How far is the well? | 水井有多远？ | | | | | yes | | start=0 end=2000 step=50 |
| | date | since | Since when? | 从哪天开始？ | | | | | yes | | |
| | time | wakes | When do you get up? | 几点起床？ | | | | | yes | | |
| | dateTime | seen | When was the doctor here? | 医生什么时候来的？ | | | | | yes | | |
| | rank wants | wants | What is needed most? | 最需要什么？ | | | | | yes | | |
| | select_multiple towns | towns | Where do you sell? | 去哪里卖东西？ | | | | | yes | | |
| | select_one many | many | Which shop? | 哪家店？ | | | | | yes | | |
| | geopoint | well | Where is the well? | 水井在哪里？ | | | | | yes | | |
| | geotrace | path | Which way do you walk? | 走哪条路？ | | | | | yes | | |
| | geoshape | field | Where is your field? | 地在哪里？ | | | | | yes | | |
| | image | photo | The well, please. | 请拍水井。 | | | | | yes | | |
| | audio | voice | Say a word. | 说一句话。 | | | | | yes | | |
| | video | film | Show the road. | 拍一下路。 | | | | | yes | | |
| | file | paper | Your list, please. | 请发你的清单。 | | | | | yes | | |
| | barcode | code | The code of the seed bag? | 种子袋上的条码？ | | | | | yes | | |
| | note | bye | Thank **you**, ${name}! | 谢谢，${name}！ | | | | | | | |
| choices | | | | |
| | list_name | name | label::English (en) | label::中文 (zh) |
| | wants | road | A road | 路 |
| | wants | water | Water | 水 |
| | wants | net | The net | 网络 |
{towns}
{many}
| settings | | | | |
| | form_title | form_id | version | default_language |
| | Every | every | 1 | English (en) |
"""  # noqa: E501
_TOWNS = "\n".join(f"| | towns | t{n} | Town {n} | {n}镇 |" for n in range(1, 13))
_SHOPS = "\n".join(
    f"| | many | s{n} | {('Wang', 'Li', 'Zhang', 'Chen')[n % 4]} {n} | {'王李张陈'[n % 4]}{n} |"
    for n in range(1, 41)
)
EVERY = _ROWS.replace("{towns}", _TOWNS).replace("{many}", _SHOPS)

HOMES = """
| survey | | | | | | | |
| | type | name | label::English (en) | label::中文 (zh) | relevant | required | constraint |
| | text | village | Which village? | 哪个村？ | | yes | |
| | begin_repeat | person | Household member | 家人 | | | |
| | text | name | What is the name? | 叫什么名字？ | | yes | |
| | integer | age | How old is ${name}? | ${name}多大？ | | yes | . < 120 |
| | begin_repeat | visit | Visit of a doctor | 看病 | ${age} >= 16 | | |
| | date | day | Which day? | 哪天？ | | yes | |
| | end_repeat | | | | | | |
| | end_repeat | | | | | | |
| | note | all | ${village}: everyone is told. | ${village}：都记下了。 | | | |
| settings | | | | |
| | form_title | form_id | version | default_language |
| | Homes | homes | 1 | English (en) |
"""
