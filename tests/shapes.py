"""How annotations are checked in the tests: shapes, dtypes, and whole numbers where floats are asked for."""

from beartype import BeartypeConf, beartype

checked = beartype(conf=BeartypeConf(is_pep484_tower=True))
