"""Write callmood/search/sentences.safetensors: the vectors of the sentences in categories.toml.

python tests/make_sentences.py
"""

from safetensors.numpy import save_file

from callmood.bundled_weights import MINILM
from callmood.model.networks.minilm import sentence_encoder
from callmood.search.categories import included, read_categories
from callmood.search.categorize import sentences_of
from callmood.search.sentences import FILE

if __name__ == "__main__":
    sentences = list(dict.fromkeys(sentences_of(read_categories(included(), "callmood's own categories"))))
    vectors = sentence_encoder()(sentences)
    save_file(dict(zip(sentences, vectors, strict=True)), FILE, {"encoder": MINILM.sha256})
