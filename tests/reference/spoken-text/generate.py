"""Numbers in words by num2words 0.5.14 as JSON, for src/text/spoken to reproduce.

    python generate.py --count 200 --out expected.json
    python generate.py --count 200000 --seed 2 --all 100000 --out numbers.json

num2words is by others and differs in style, so what it says is brought to the style of this project:
- English: `one thousand, two hundred` has no comma here, the `oh-five` of a year no hyphen. Years from 1000 to 1009 and 2000 to 2009 are
  read as numbers by both; years are compared from 1000 to 2099.
- German: `einhunderteinstausend` and `einhunderteins Millionen` are `einhunderteintausend` and `einhunderteine Millionen` here, as the
  grammar asks for. Ordinals are compared below a
  million, because num2words writes `eine million fünfte` in small letters; only its -e is taken off, since ordinals are stems here.
  Years are compared from 1100 to 2099 (2100 is `einundzwanzighundert` there).
"""

import argparse
import json
import random

from num2words import num2words


def english(n, to="cardinal"):
    return num2words(n, lang="en", to=to).replace(",", "").replace("oh-", "oh ")


def german(n, to="cardinal"):
    return num2words(n, lang="de", to=to).replace("einstausend", "eintausend").replace("eins Million", "eine Million").replace("eins Milliard", "eine Milliard").replace("eins Billi", "eine Billi")


parser = argparse.ArgumentParser()
parser.add_argument("--count", type=int, default=400, help="random numbers")
parser.add_argument("--all", type=int, default=131, help="every number below this")
parser.add_argument("--seed", type=int, default=1)
parser.add_argument("--out", required=True)
arguments = parser.parse_args()
rng = random.Random(arguments.seed)

edges = [sign * d + factor * 10**power for power in range(2, 18) for factor in (1, 101) for d in (0, 1, 21) for sign in (1, -1)]
numbers = [*range(arguments.all), *(n for n in edges if 0 <= n < 10**18)]
for _ in range(arguments.count):
    digits = [rng.choice("000123456789") for _ in range(rng.randint(1, 18))]
    numbers.append(int("".join(digits)))
numbers = sorted(set(numbers))
years = range(1000, 2100) if arguments.all > 1000 else [*range(1000, 2100, 37), *range(1900, 1911), *range(2000, 2012), 1066, 1984]

result = {
    # JSON numbers end at 2^53, so the numbers are texts.
    "cardinals": [[str(n), english(n), german(n)] for n in numbers],
    "ordinals": [[str(n), english(n, "ordinal"), german(n, "ordinal").removesuffix("e") if n < 1_000_000 else None] for n in numbers[:: 1 if arguments.all > 1000 else 3]],
    "years": [[str(y), english(y, "year"), german(y, "year") if y >= 1100 else None] for y in sorted(set(years))],
    "decimals": [],
}
for _ in range(arguments.count // 10):
    whole = rng.randrange(10 ** rng.randint(1, 6))
    fraction = "".join(rng.choice("0123456789") for _ in range(rng.randint(1, 3))) + rng.choice("123456789")
    text = f"{whole}.{fraction}"
    result["decimals"].append([text, english(text), german(text)])

with open(arguments.out, "w", encoding="utf-8") as file:
    file.write("{\n" + ",\n".join(f' "{key}": [\n' + ",\n".join("  " + json.dumps(row, ensure_ascii=False) for row in rows) + "\n ]" for key, rows in result.items()) + "\n}\n")
