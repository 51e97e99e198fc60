"""Write callmood/first_names.txt: first names of many countries, from the lists of Faker (MIT licence).

    pip install faker && python tests/make_names.py

What a folder is more often called for another reason (a place, a month, an ordinary word) is left out.
"""

import importlib
import pkgutil
import re
import unicodedata
from pathlib import Path

OUT = Path(__file__).parents[1] / "callmood" / "first_names.txt"

# Words and rare names mixed ("server" and "lawyer" are among them): these countries' lists add too little.
LEFT_OUT = {"en", "en_KE", "en_TH", "is_IS"}

WORDS = """
    abril alla amar ami amico amie among amor ante april armas asia august aura austin avril baba bala bali basel beau
    bebe bello bergen berlin beste bienvenida bitten blessing brooklyn cal campo can canal capa cara cas charity chase
    che chi china cielo cinta comfort constant coral corona cristal crystal cuba custodia dai dal dallas darling del
    denver destiny dom domingo domingos dono duma durante edit else ene era esa eta ever fem floor flor ford forum
    franc france francia gada gala galo gang german goda goma gun hasta heaven hope houston hunter ica ide india indie
    isis israel jail job joke juli julio july june juni junior jure just justice kick king lady lage lan lean lega lei
    leider lien lies lincoln line link loan london long lot lova love luce lucky mac mad made magen mai maj major mal
    maman man manca mar march mare marine mate may medina merita meta metod metro milan mile mille min mio
    morena muslim nada nail nam nas nazi nova odd oke olympia oni orange orlando own owe paris pastor
    paye paz peace peer pelle pero
    phoenix pol price prima prince queen rada raid rama reet rei rein reina reine reino rica rida rok roma rome rua ruta
    saal sad saga sage said sai sair salud santa santos sem sena senta server sile silva sky sol sole soledad star
    stein sten summer sunday tage talat tan tea tenis ties til till tira tod tome tone tor toy uda una uno urban
    urbano vagn valid van vega verde vid vida vide ville vino visar vita wage ward warta washington west wille wing
    winter yang yoga york autumn spring case cash noble golden royal star storm temp test data demo sample backup dev
    default admin user guest public shared team call calls audio sound voice phone mobile media music video record
    monitor archive export import inbox outbox sent draft new old other misc various private office home work school
"""


def first_names() -> list[str]:
    found: set[str] = set()
    import faker.providers.person as persons

    for module in pkgutil.iter_modules(persons.__path__):
        if module.name in LEFT_OUT:
            continue
        provider = getattr(importlib.import_module(f"{persons.__name__}.{module.name}"), "Provider", None)
        for attribute in dir(provider):
            names = getattr(provider, attribute)
            if attribute.startswith("first_") and isinstance(names, (tuple, list, dict)):
                found |= {
                    unicodedata.normalize("NFC", name).casefold() for name in names if isinstance(name, str)
                }
    latin = {name for name in found if re.fullmatch(r"[^\W\d_]{3,}", name)}
    short = {name for name in found if re.fullmatch(r"[\u3040-\u30ff\u4e00-\u9fff\uac00-\ud7af]{2}", name)}
    return sorted((latin | short) - set(WORDS.split()))


if __name__ == "__main__":
    OUT.write_text("\n".join(first_names()) + "\n", encoding="utf-8")
