"""A URL is shown by its host; the rest of it may be a key."""

import pytest

from chain.place import Veil, names_of


@pytest.mark.parametrize(
    ("urls", "names"),
    [
        (["https://bsc.example/v3/key"], ["bsc.example"]),
        (["https://user:word@bsc.example:8545/?key=1"], ["bsc.example:8545"]),
        (
            ["https://a.example/1", "https://b.example", "https://A.example/2"],
            ["a.example", "b.example", "a.example#2"],
        ),
        (["http://[::1]:8545", "http://[::1"], ["[::1]:8545", "a URL that cannot be read"]),
        (["nonsense"], ["a URL without a host"]),
    ],
)
def test_an_endpoint_is_called_by_host_and_port(urls: list[str], names: list[str]) -> None:
    """Numbered where that is not enough, and whatever the URL is."""
    assert names_of(urls) == names


@pytest.mark.parametrize(
    "url",
    [
        "https://bsc.example/v3/s3cr3t",
        "https://bsc.example/s3cr3t/bsc",
        "https://bsc.example/rpc?apikey=s3cr3t&x=1",
        "https://user:s3cr3t@bsc.example",
        "https://s3cr3t@bsc.example",
        "https://bsc.example/s3cr%337",
        "https://bsc.example/#s3cr3t",
        "http://[::1/s3cr3t",
    ],
)
@pytest.mark.parametrize("said", ["no such page: {}", "Cannot POST /v3/s3cr3t", "s3cr3t/s3cr3t", "bad key 's3cr37'"])
def test_what_a_server_repeats_of_its_url_is_hidden(url: str, said: str) -> None:
    """Path, query, user and password, as they stand and unescaped."""
    if "s3cr37" in said and "%33" not in url:
        said = said.replace("s3cr37", "s3cr3t")
    if "s3cr3t" in said and "%33" in url:
        said = said.replace("s3cr3t", "s3cr37")
    text = Veil(url).hide(said.format(url))

    assert "s3cr3" not in text


def test_words_are_left_as_they_are() -> None:
    """Short parts of a URL are no keys."""
    assert Veil("https://bsc.example/v3/rpc?x=1").hide("error 1: rpc v3 is gone") == "error 1: rpc v3 is gone"
