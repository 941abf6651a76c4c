"""`step`: one event of one person, decided purely.

    step(form, interview, event, now) -> (interview, effects)
    submission(form, interview, now) -> {path: value} of what is relevant
"""
