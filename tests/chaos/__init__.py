"""`make chaos`: residents answer while programs are killed and everything around them fails.

people.py    residents and what each of them should have said in the end, by a model of their own
programs.py  the bot as processes: started, killed, stopped, with a clock of their own
outages.py   what can be taken away: the database, its disk, the time
runs.py      one run, from the first /start to the verdict
__main__.py  all runs, and the table in docs/reliability.md
"""
