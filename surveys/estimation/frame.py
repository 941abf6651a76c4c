"""The frame: what the estimators need to know of a wave's submissions, one row a submission.

A pandas DataFrame with these columns:

    village     str, the code of the village
    home        str, the household
    entry       str, the sampling unit: one phone in one home
    submission  str, the interview's key
    mode        "self" | "helped" | "proxy" | "visited"
    finished    datetime64[ns, UTC], for "the first complete roster counts"
    flags       int, how many quality flags
    <node>      one column a node of the form, by name (not path), as text: "" where unanswered or
                not relevant; select_multiple as the space-separated values

Villages that the estimates need are rows of a second frame, indexed by code: households, adults,
adults_offline (NaN where unknown), target.
"""
