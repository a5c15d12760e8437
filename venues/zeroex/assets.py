"""Asset data: which contract moves an asset, which token it is, and how relayers' filters name it."""

from __future__ import annotations

import re

import msgspec

PROXIES = {
    "ERC20": "0xf47261b0",
    "ERC721": "0x02571792",
    "ERC1155": "0xa7cb5fb7",
    "MultiAsset": "0x94cfcdd7",
    "StaticCall": "0xc339d10a",
    "ERC20Bridge": "0xdc1600f3",
}
"""Names of asset types, as version 1 of the API has them, to the asset proxy ids of the later ones."""

_ERC20 = re.compile(r"0xf47261b0 0{24} ([0-9a-f]{40})".replace(" ", ""))
_ERC721 = re.compile(r"0x02571792 0{24} ([0-9a-f]{40}) ([0-9a-f]{64})".replace(" ", ""))
_LONGEST_NAME = 149


class Token(msgspec.Struct, frozen=True):
    """One token, or a token contract."""

    address: str
    number: int | None = None
    """Of an ERC-721: which one."""

    @property
    def data(self) -> str:
        """The token as asset data."""
        return erc20(self.address) if self.number is None else erc721(self.address, self.number)


def erc20(address: str) -> str:
    """The asset data of a fungible token."""
    return PROXIES["ERC20"] + address.removeprefix("0x").lower().rjust(64, "0")


def erc721(address: str, number: int) -> str:
    """The asset data of one of a kind."""
    return PROXIES["ERC721"] + address.removeprefix("0x").lower().rjust(64, "0") + f"{number:064x}"


def proxy_of(data: str) -> str:
    """The asset proxy id: the first four bytes."""
    return data[:10].lower()


def token_of(data: str) -> Token | None:
    """The token that asset data names; None for several at once, and for what is no well-formed asset data."""
    plain = data.lower()
    if (found := _ERC20.fullmatch(plain)) is not None:
        return Token("0x" + found[1])
    if (found := _ERC721.fullmatch(plain)) is not None:
        return Token("0x" + found[1], int(found[2], 16))
    return None


def pair_name(maker_data: str | None, taker_data: str | None) -> str | None:
    """A short name for what is given and what is wanted: the addresses of fungible tokens, all else as it stands."""
    if maker_data is None or taker_data is None:
        return None
    return f"{_short(maker_data)}/{_short(taker_data)}"


def data_in_pair(name: str) -> tuple[str, str] | None:
    """The asset data that a :func:`pair_name` stands for."""
    maker, slash, taker = name.partition("/")
    if not slash or not all(re.fullmatch(r"0x(?:[0-9a-f]{2})+", each) for each in (maker, taker)):
        return None
    return _long(maker), _long(taker)


def _short(data: str) -> str:
    plain = data.lower()
    if plain.startswith("0xf47261b0000000000000000000000000") and len(plain) == 74:
        return "0x" + plain[34:]
    return plain if len(plain) <= _LONGEST_NAME else plain[:_LONGEST_NAME] + "…"


def _long(name: str) -> str:
    return erc20(name) if len(name) == 42 else name
