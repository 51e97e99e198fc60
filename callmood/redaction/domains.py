"""The domains of e-mail addresses, written and spoken: "gmail dot com", "mail.example.co.uk", "g mail"."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

from callmood.redaction.digits import is_digit_word
from callmood.redaction.tokens import Token, phrases, words

DOTS: Final = words("dot period dots doc dought")
_FULL_STOP: Final = ("full", "stop")
ENDS: Final = words(
    """
    com org net edu gov co uk de io info biz us ca me fr es it eu au nz ie in nl ch at be pt br mx jp tv app
    dev ai mil int name pro
    """
)
_NAMED_ENDS: Final = words(
    """
    academy accountants agency art attorney auto band bank bar beauty bike blog boutique builders business cafe camp
    care cars catering center charity church city cleaning clinic cloud club coach coffee community company
    construction consulting contractors cool dance dental dentist design digital directory doctor dog education email
    energy engineering enterprises equipment estate events expert family farm fashion finance fish fitness flowers
    foundation fun fund furniture gallery games garden gifts global green group guide guru health help homes hospital
    host hotel house inc industries institute insurance jewelry kitchen land law lawyer legal life limited link live
    llc loans ltd management marketing media medical money museum music network news ninja online partners party
    photo photography photos pizza place plumbing plus press productions properties pub realty rentals repair report
    rest restaurant review rocks sale salon school services shoes shop site social software solar solutions space
    store studio supply support surgery systems tax team tech technology tips tools top tours town toys training
    travel university vet video vision website wiki win wine work works world xyz yoga zone
    """
)
"""Endings that are words: only after a spoken "dot"."""
_HEARD_AS_COM: Final = words("calm cam come comb con kom cum")
_JOINED_ENDS: Final = frozenset(f"dot{end}" for end in ENDS)
_MAILERS: Final = frozenset(
    phrases(
        """
        gmail, g mail, gee mail, g male, gmale, jmail, jemail, googlemail, google mail, yahoo, yahu, ya hoo, hotmail,
        hot mail, hotmale, hot male, outlook, icloud, i cloud, eye cloud, aol, a o l, protonmail, proton mail
        """
    )
)
"""Mail providers that are named without an ending, too: "at gmail"."""
_PROVIDERS: Final = _MAILERS | frozenset(
    phrases(
        """
        out look, comcast, verizon, live, msn, ymail, me, mac, gmx, fastmail, web, btinternet, bt internet, mail, att,
        sbcglobal, sbc global, cox, zoho, yandex, qq, proton, bellsouth, bell south, earthlink, charter, rocketmail,
        roadrunner, optonline, juno, netzero, windstream, centurylink, rediffmail, rediff mail, blueyonder, ntlworld,
        sympatico, bigpond, tutanota, posteo
        """
    )
)
"""With those that are companies that people speak about, or words."""
_BEGIN_PROVIDERS: Final = frozenset(name[0] for name in _PROVIDERS)
HESITATIONS: Final = words("uh um er erm eh ah em hm hmm mm mmm")
WITHIN_NAMES: Final = words(
    """
    me on with in the a an my your our his her their us you him them we they i he she and or then no not of for by
    this what who just only up down out over off all
    """
)
"""Words that stand in a name of several words, such as "pete the plumber", but don't begin one."""
NOT_NAMES: Final = WITHIN_NAMES | words(
    """
    is it it's its that's that be email emails mail address addresses to under as so okay ok yes yeah sure well
    right uh um reach contact send sent write wrote look looking looked shop shopping store buy bought order
    ordered work works worked working find found visit visiting go going went available online website site
    page here there are was were at from use using used have has had got get try tried
    which where login log via please would spelled spelt spell called named back
    support help everything something anything nothing people person someone team account sign
    signed check checked information info's arrive see seen saw stop stopped stay stayed start started
    available everyone everybody meet met paid spent told sold
    i'm you're he's she's we're they're i've you've we've they've i'd you'd he'd she'd we'd they'd i'll you'll he'll
    she'll we'll they'll there's here's what's who's where's don't doesn't didn't can't couldn't won't wouldn't isn't
    wasn't
    """
)
ASIDE: Final = 6
"""Tokens of something else that is said between "at" and the domain."""
_LONGEST_NAME: Final = 6
"""Words of a domain's name; what is spelt counts as one."""
_DASHES: Final = words("dash hyphen minus underscore")
_SPELLED_OUT: Final = words("letter number digit letters numbers")
_REMARKS: Final = HESITATIONS | words(
    """
    all one word no space spaces together lower case lowercase small letters that's that is it's spelled spelt spelling
    with just so and then dash dashes hyphen hyphens dots in between
    """
)
"""What is said of a domain between its name and its ending: "westfield, all one word, dot com"."""
_MOST_REMARKED: Final = 6


class Domain(NamedTuple):
    """A domain among tokens."""

    last: int
    is_mailer: bool
    """Whether it is a mail provider's that is nothing else."""
    is_provider: bool
    """Whether it is any mail provider's."""
    is_bare: bool
    """Whether it has no ending: "at gmail"."""


def domain_at(tokens: Sequence[Token], at: int, *, any_end: bool = False) -> Domain | None:
    """The domain that begins at a token: "gmail dot com", "mail.example.co.uk", "g mail".

    ``any_end``: with any word after a spoken "dot".
    """
    if at >= len(tokens):
        return None
    provider = provider_end(tokens, at)
    if provider is not None:
        is_mailer = _words(tokens, at, provider) in _MAILERS
        last = _ending(tokens, provider, is_provider=True, any_end=any_end)
        if last is not None:
            return Domain(last, is_mailer, is_provider=True, is_bare=False)
        if is_mailer:
            return Domain(provider, is_mailer, is_provider=True, is_bare=True)
    for name_end in _name_ends(tokens, at):
        last = _ending(tokens, name_end, is_provider=False, any_end=any_end)
        if last is not None:
            return Domain(last, is_mailer=False, is_provider=False, is_bare=False)
    return None


def domain_end(tokens: Sequence[Token], at: int, *, any_end: bool = False) -> int | None:
    """The last token of the domain that begins at a token."""
    domain = domain_at(tokens, at, any_end=any_end)
    return None if domain is None else domain.last


def domain_after(tokens: Sequence[Token], at: int) -> int | None:
    """The last token of a domain that begins soon, after something else was said: "at, let me see, gmail dot com"."""
    for begin in range(at, min(at + ASIDE, len(tokens))):
        if tokens[begin].text not in NOT_NAMES and (last := domain_end(tokens, begin)) is not None:
            return last
    return None


def provider_end(tokens: Sequence[Token], at: int) -> int | None:
    """The last token of a mail provider's name that begins at a token."""
    if tokens[at].text not in _BEGIN_PROVIDERS:
        return None
    for length in (3, 2, 1):
        if at + length <= len(tokens) and _words(tokens, at, at + length - 1) in _PROVIDERS:
            return at + length - 1
    return None


def ending_after(tokens: Sequence[Token], at: int) -> int | None:
    """The last token of "dot com" or "dot co dot uk" that begins at a token."""
    return _ending(tokens, at - 1, is_provider=False)


def past_hesitations(tokens: Sequence[Token], at: int) -> int:
    """The first token from ``at`` on that is no hesitation."""
    while at < len(tokens) and tokens[at].text in HESITATIONS:
        at += 1
    return at


def _words(tokens: Sequence[Token], first: int, last: int) -> tuple[str, ...]:
    return tuple(token.text for token in tokens[first : last + 1])


def _name_ends(tokens: Sequence[Token], at: int) -> Iterator[int]:
    """Where a domain's name that begins at a token may end."""
    for number in range(_LONGEST_NAME):
        while at < len(tokens) and tokens[at].text in _DASHES:
            at += 1
        if at >= len(tokens) or (number and tokens[at].text in DOTS):
            return
        before = tokens[at].before.strip()
        if number and (set(before) & set("?!;:") or (before == "." and tokens[at].before.endswith(" "))):
            return
        if number >= 4 and before == ",":
            return
        end = _part_end(tokens, at)
        yield end
        at = end + 1


def _part_end(tokens: Sequence[Token], at: int) -> int:
    """The last token of a word, of letters in a row, or of "t as in tom", with "the letter" before."""
    while at + 1 < len(tokens) and (
        tokens[at].text in _SPELLED_OUT or (tokens[at].text == "the" and tokens[at + 1].text in _SPELLED_OUT)
    ):
        at += 1
    if len(tokens[at].text) != 1:
        return at
    after = [token.text for token in tokens[at + 1 : at + 3]]
    if after == ["as", "in"]:
        return min(at + 3, len(tokens) - 1)
    if after[:1] in (["for"], ["like"]) and len(after) == 2 and after[1].startswith(tokens[at].text):
        return at + 2
    while (
        at + 1 < len(tokens) and len(tokens[at + 1].text) == 1 and tokens[at + 1].before in (" ", "-", ", ")
    ):
        at += 1
    return at


def _ending(
    tokens: Sequence[Token], name_end: int, *, is_provider: bool, any_end: bool = False
) -> int | None:
    """The last token of ".com" or "dot co dot uk" after a name."""
    last = None
    at = name_end + 1
    while at < len(tokens):
        at = past_hesitations(tokens, at)
        label = _past_dot(tokens, at if last is not None else _past_remarks(tokens, at))
        if label is None and (is_provider or any_end) and _is_point(tokens, at):
            label = past_hesitations(tokens, at + 1)
        is_spoken = label is not None
        if label is None:
            if at >= len(tokens):
                break
            is_com = tokens[at].text in ("com", "net", "org", "edu") and at == name_end + 1
            if tokens[at].text in _JOINED_ENDS or (is_com and (is_provider or any_end)):
                return at
            if (
                is_provider
                and at == name_end + 1
                and [one.text for one in tokens[at + 1 : at + 2]] == ["com"]
            ):
                return at + 1  # "gmail that com"
            if tokens[at].before.strip() != "." or tokens[at].is_first:
                break
            label = at
            is_spoken = tokens[at].before == "." and tokens[at].written.islower()
            if tokens[at].before.endswith(" ") and tokens[at].written not in ENDS:  # gmail. com
                break
        if label >= len(tokens):
            break
        text = tokens[label].text
        spelt = _spelt_end(tokens, label)
        if spelt is not None:
            last = label = spelt
        elif is_spoken and text not in ENDS and (end := _label_end(tokens, label)) > label:
            label = end
        elif (
            text in ENDS
            or ((is_provider or any_end) and text in _HEARD_AS_COM)
            or (is_spoken and _is_end(text, any_end))
        ):
            last = label
        elif last is not None or text in NOT_NAMES:
            break
        elif is_spoken:
            label = _label_end(tokens, label)
        at = label + 1
    return last


def _past_dot(tokens: Sequence[Token], at: int) -> int | None:
    """The token after a spoken dot at a token."""
    if at < len(tokens) and tokens[at].text in DOTS:
        return past_hesitations(tokens, at + 1)
    if _words(tokens, at, at + 1) == _FULL_STOP:
        return past_hesitations(tokens, at + 2)
    return None


def _is_point(tokens: Sequence[Token], at: int) -> bool:
    """Whether a token is the point of "point com": "at this point in" has none, though .in is a country's."""
    return _words(tokens, at, at) == ("point",) and bool(
        {*_words(tokens, at + 1, at + 1)} & (ENDS - NOT_NAMES)
    )


def _past_remarks(tokens: Sequence[Token], at: int) -> int:
    """The dot after remarks on a name that begin at a token; ``at`` if there is none."""
    said = 0
    for index in range(at, len(tokens)):
        text = tokens[index].text
        if text in DOTS:
            return index
        said += len(text) > 1
        if said > _MOST_REMARKED or (len(text) > 1 and text not in _REMARKS):
            break
    return at


def _label_end(tokens: Sequence[Token], at: int) -> int:
    """The last token of what is said between two dots; ``at`` if no other dot comes."""
    for end in _name_ends(tokens, at):
        if _past_dot(tokens, end + 1) is not None:
            return end
    return at


def _is_end(text: str, any_end: bool) -> bool:
    """Whether a word after a spoken "dot" ends a domain: all countries have two letters."""
    is_word = text.isalpha() and len(text) > 1 and not is_digit_word(text)
    return is_word and (len(text) == 2 or text in _NAMED_ENDS or (any_end and text not in NOT_NAMES))


def _spelt_end(tokens: Sequence[Token], at: int) -> int | None:
    """The last letter of an ending that is spelt: "dot c o m"."""
    letters = ""
    for index in range(at, min(at + 3, len(tokens))):
        if len(tokens[index].text) != 1:
            break
        letters += tokens[index].text
        is_last = [len(token.text) for token in tokens[index + 1 : index + 2]] != [1]
        if (len(letters) == 2 and is_last) or (len(letters) > 2 and letters in ENDS):
            return index
    return None
