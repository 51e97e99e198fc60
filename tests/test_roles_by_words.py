"""Roles of whole openings: complaints, requests for a number, calls out, other languages, and what tells nothing."""

import pytest

from callmood.call import Segment, Speaker
from callmood.pipeline.speakers.phrases import phrases
from callmood.pipeline.speakers.roles import assign_roles

AGENT, CUSTOMER = 0, 1


def assigned(lines: list[tuple[int, str]], language: str | None = None) -> dict[int, Speaker]:
    """The speakers by number, after these lines of theirs, one after the other."""
    segments = [
        Segment(speaker, 0, 0.5 + 4 * number, 3.5 + 4 * number, text)
        for number, (speaker, text) in enumerate(lines)
    ]
    speakers = [Speaker(index, 0) for index in sorted({speaker for speaker, _ in lines})]
    return {one.index: one for one in assign_roles(speakers, segments, language)}


OPENINGS = {
    "a complaint comes first": [
        (CUSTOMER, "I'm so frustrated, this is the second time that I have to call about this."),
        (AGENT, "Okay. What happened?"),
    ],
    "a complaint without a word of feeling comes first": [
        (CUSTOMER, "Yes hello, I ordered a coat two weeks ago and nobody has told me anything."),
        (AGENT, "Right, I see. Give me the details."),
    ],
    "being charged comes first": [
        (CUSTOMER, "Hi. I was charged twice last month."),
        (AGENT, "All right."),
    ],
    "asking for help comes first": [
        (CUSTOMER, "Hello, can you help me? My internet has been down since Monday."),
        (AGENT, "Of course. Since Monday, you say."),
    ],
    "a threat to cancel comes first": [
        (CUSTOMER, "I've been on hold for forty minutes. I want to cancel."),
        (AGENT, "Yes, go ahead."),
    ],
    "the agent asks for a number": [
        (CUSTOMER, "Good afternoon."),
        (AGENT, "Good afternoon. May I have your account number?"),
        (CUSTOMER, "It's 4 4 7 1 9."),
    ],
    "a name is given on request": [
        (CUSTOMER, "Hi there, it broke again."),
        (AGENT, "Oh no. And what's your name?"),
        (CUSTOMER, "My name is Harriet Miles."),
    ],
    "letters are spelled on request": [
        (CUSTOMER, "Hi, good morning."),
        (AGENT, "Morning. Could you spell your last name for me?"),
        (CUSTOMER, "Sure, M I L E S."),
    ],
    "the agent looks something up": [
        (CUSTOMER, "Hey, so it never came."),
        (AGENT, "One moment please, let me check that for you. Your order was sent on Friday."),
    ],
    "the agent apologizes by formula": [
        (CUSTOMER, "It is the wrong colour and the wrong size."),
        (AGENT, "I do apologize for the inconvenience. I understand your frustration."),
    ],
    "a call out is answered by the customer": [
        (CUSTOMER, "Hello?"),
        (AGENT, "Hello, is that Mr Brown? I'm calling from Northern Gas about your bill."),
    ],
    "the agent greets after a customer's hello": [
        (CUSTOMER, "Hello? Hello?"),
        (AGENT, "Hi, this is Dana with Peak Insurance, how may I help you today?"),
    ],
    "the agent greets an angry customer": [
        (AGENT, "Thank you for calling Acme, this is Joe speaking. How can I help?"),
        (CUSTOMER, "This is ridiculous. I want to speak to a manager."),
    ],
    "the agent repeats the customer's feeling": [
        (AGENT, "Good morning, Lakeside Clinic."),
        (CUSTOMER, "I'm really upset about my appointment."),
        (AGENT, "I understand that you are upset, and I'm sorry to hear that. Let me see what I can do."),
    ],
    "an emergency": [
        (AGENT, "911, what's the address of your emergency?"),
        (CUSTOMER, "Please send somebody, my husband is not breathing!"),
        (AGENT, "Stay on the line with me."),
    ],
    "the greeting was not understood": [
        (AGENT, "Thanks you calling act me."),
        (CUSTOMER, "Hi, I have a problem with my washing machine."),
    ],
    "an agent who wants to help": [
        (CUSTOMER, "My phone stopped working."),
        (AGENT, "I want to make sure that I help you with that. Have you tried turning it off?"),
    ],
    "a parcel is missing": [
        (CUSTOMER, "Yeah, my package says delivered but there's nothing here."),
        (AGENT, "Alright, do you have the tracking number?"),
    ],
    "a customer asks for a department": [
        (CUSTOMER, "Hi, is this the billing department? There's a charge here I don't recognize."),
        (AGENT, "Yes it is. Sure, I can look at that."),
    ],
    "a customer won't wait": [
        (CUSTOMER, "So you're telling me that I have to wait another week? That's just not good enough."),
        (AGENT, "Unfortunately that's the earliest we can do."),
    ],
    "a polite question comes first": [
        (CUSTOMER, "Good morning. I wonder if you could tell me when it will arrive."),
        (AGENT, "Good morning. Of course, what's the order number please?"),
    ],
    "Spanish: a complaint comes first": [
        (CUSTOMER, "Mire, estoy muy enfadada, es la tercera vez que llamo y nadie me contesta."),
        (AGENT, "Entiendo. ¿Qué ha pasado?"),
    ],
    "Spanish: a greeting": [
        (AGENT, "Buenos días, le atiende Marta. ¿En qué puedo ayudarle?"),
        (CUSTOMER, "Hola, quería cambiar una cosa."),
    ],
    "Spanish: the agent asks for a number": [
        (CUSTOMER, "Buenas tardes, no he recibido el paquete."),
        (AGENT, "¿Me puede dar su número de pedido, por favor?"),
        (CUSTOMER, "Sí, 44718."),
    ],
    "German: a complaint comes first": [
        (CUSTOMER, "Ich bin wirklich stinksauer, ich rufe jetzt zum dritten Mal an!"),
        (AGENT, "Was ist denn passiert?"),
    ],
    "German: a greeting": [
        (CUSTOMER, "Hallo?"),
        (AGENT, "Guten Tag, Sie sprechen mit Frau Kern, wie kann ich Ihnen helfen?"),
    ],
    "German: the agent asks for a number": [
        (CUSTOMER, "Meine Bestellung ist nicht angekommen."),
        (AGENT, "Können Sie mir bitte Ihre Kundennummer nennen? Einen Moment bitte, ich schaue nach."),
        (CUSTOMER, "Ja, 44718."),
    ],
    "French: a complaint comes first": [
        (CUSTOMER, "J'en ai marre, c'est la troisième fois que j'appelle et personne ne me répond."),
        (AGENT, "D'accord. Que s'est-il passé ?"),
    ],
    "French: a greeting": [
        (AGENT, "Bonjour, Julie à votre écoute, en quoi puis-je vous aider ?"),
        (CUSTOMER, "Bonjour, c'est pour un renseignement."),
    ],
    "French: the agent asks for a number": [
        (CUSTOMER, "Je n'ai toujours pas reçu mon colis."),
        (AGENT, "Puis-je avoir votre numéro de commande ? Ne quittez pas, je vérifie."),
        (CUSTOMER, "Oui, 44718."),
    ],
    "Italian: a complaint comes first": [
        (CUSTOMER, "Sono davvero arrabbiata, è la terza volta che chiamo e nessuno mi risponde."),
        (AGENT, "Va bene. Che cosa è successo?"),
    ],
    "Italian: a greeting": [
        (CUSTOMER, "Pronto?"),
        (AGENT, "Buongiorno, come posso aiutarla?"),
    ],
    "Italian: the agent asks for a number": [
        (CUSTOMER, "Non ho ancora ricevuto il pacco."),
        (AGENT, "Mi può dare il suo numero d'ordine? Un attimo che controllo."),
        (CUSTOMER, "Sì, 44718."),
    ],
    "Portuguese: a complaint comes first": [
        (CUSTOMER, "Estou muito irritada, é a terceira vez que ligo e ninguém me atende."),
        (AGENT, "Certo. O que aconteceu?"),
    ],
    "Portuguese: a greeting": [
        (AGENT, "Bom dia, obrigado por ligar. Em que posso ajudar?"),
        (CUSTOMER, "Olá, é sobre uma mudança."),
    ],
    "Portuguese: the agent asks for a number": [
        (CUSTOMER, "Ainda não recebi a minha encomenda."),
        (AGENT, "Pode me informar o seu número? Um momento, vou verificar."),
        (CUSTOMER, "Sim, 44718."),
    ],
}


@pytest.mark.parametrize("name", OPENINGS)
def test_the_agent_is_found_in(name: str) -> None:
    found = assigned(OPENINGS[name])
    assert (found[AGENT].role, found[CUSTOMER].role) == ("agent", "customer"), found


def test_a_customers_words_are_given_as_the_reason() -> None:
    found = assigned(OPENINGS["a complaint comes first"])
    why = "speaker 2 speaks as a customer: 'i'm so frustrated'"
    assert [found[CUSTOMER].decided_by, found[AGENT].decided_by] == [why, f"the other side: {why}"]


@pytest.mark.parametrize(
    "lines",
    [
        [(0, "Hello?"), (1, "Hello, it's me.")],
        [(0, "My order again."), (1, "Right.")],
    ],
    ids=["who was called says hello", "as much for as against"],
)
def test_weak_evidence_makes_no_agent(lines: list[tuple[int, str]]) -> None:
    assert {one.role for one in assigned(lines).values()} == {"unknown"}


def test_a_lone_speaker_who_complains_is_the_customer() -> None:
    found = assigned([(0, "I'm furious. I was charged twice and I want my money back.")])
    assert found[0].role == "customer"


def test_the_language_of_a_call_chooses_its_phrases() -> None:
    lines = [(1, "Hmm."), (0, "Sie sprechen mit Frau Kern, wie kann ich Ihnen helfen?")]
    assert assigned(lines, "de")[0].role == "agent"
    assert assigned(lines, "en")[0].role == "customer"


def test_a_language_without_phrases_is_matched_against_all() -> None:
    assert len(phrases("xx")) == len(phrases(None)) > len(phrases("en"))
