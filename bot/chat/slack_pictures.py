"""Pictures on Slack: in the thread of a message that was posted, or as image blocks under an answer to one person.

A file that is shared nowhere is the bot's own; an image block shows it to those who see the answer. Slack works on an
upload for a moment before a block may name it. docs.slack.dev/reference/block-kit/composition-objects/slack-file-object
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Any

from bot.cards.card import Card
from bot.cards.picture import Picture, PictureSpec
from bot.chat.slack_api import Api, Refused
from bot.chat.slack_cards import Message, clip, escaped, small
from bot.chat.slack_teams import Teams
from bot.text.inert import inert

log = logging.getLogger(__name__)

ALT = 1_000
TITLE = 200
DRAWING = 30.0  # seconds that a picture may take, upload and all
PROCESSING = (0.3, 1.0, 2.0, 4.0)  # seconds before each try to show an upload; a response_url takes five answers in all

Draw = Callable[[PictureSpec], Awaitable[bytes]]


class Pictures:
    """Draws and uploads in the background: no answer and no delivery waits for a picture, or fails with one."""

    def __init__(self, api: Api, teams: Teams, draw: Draw | None = None) -> None:
        self._api, self._teams, self.draw = api, teams, draw
        self._working: set[asyncio.Task[None]] = set()

    def show_in_thread(self, team: str, card: Card, reference: str) -> None:
        """Add the card's pictures to the thread of the message that carries it."""
        channel, _, ts = reference.partition("/")
        place = {"channel_id": channel, "thread_ts": ts}
        for picture in self._of(card):
            self._begin(self._upload(team, picture, place))

    def show_under(self, team: str, card: Card, bring: Callable[[Message], Awaitable[bool]]) -> None:
        """Bring the card's pictures as a message of their own; `bring` says whether Slack took it."""
        if pictures := self._of(card):
            self._begin(self._bring(team, pictures, bring))

    def _of(self, card: Card) -> list[Picture]:
        return [block for block in card.blocks if isinstance(block, Picture)] if self.draw else []

    def _begin(self, work: Any) -> None:
        task = asyncio.create_task(self._quietly(work))
        self._working.add(task)
        task.add_done_callback(self._working.discard)

    @staticmethod
    async def _quietly(work: Awaitable[object]) -> None:
        try:
            async with asyncio.timeout(DRAWING):
                await work
        except Exception as error:  # whatever a drawing meets, the words have been said
            log.warning("Slack: a picture could not be added (%s: %s)", type(error).__name__, error)

    async def _bring(self, team: str, pictures: list[Picture], bring: Callable[[Message], Awaitable[bool]]) -> None:
        said = [_words(picture) for picture in pictures]
        text = escaped(clip(" ".join(said), ALT))
        try:
            files = [await self._upload(team, picture, {}) for picture in pictures]
        except Exception:
            await bring(Message([small(words) for words in said], text))  # in words, then
            raise
        shown = [
            {"type": "image", "slack_file": {"id": file}, "alt_text": words}
            for file, words in zip(files, said, strict=True)
        ]
        for wait in PROCESSING:
            await asyncio.sleep(wait)
            if await bring(Message(shown, text)):
                return
        log.warning("Slack: the picture of an answer was drawn, but Slack does not show it")

    async def _upload(self, team: str, picture: Picture, place: dict[str, str]) -> str:
        """The file's id. Slack's two steps: ask where, send, say that it is complete; without a place it stays ours."""
        if self.draw is None:
            raise LookupError("nobody draws here")
        data, words = await self.draw(picture.spec), _words(picture)
        token = await self._teams.token(team)
        asked = {"filename": "picture.png", "length": len(data), "alt_txt": words}
        said = await self._api.call(token, "files.getUploadURLExternal", asked, reads=True)
        status = await self._api.upload(str(said["upload_url"]), data)
        if status not in range(200, 300):
            raise Refused("upload", "failed", status)
        files = [{"id": said["file_id"], "title": clip(words, TITLE)}]
        await self._api.call(token, "files.completeUploadExternal", {"files": files, **place})
        return str(said["file_id"])


def _words(picture: Picture) -> str:
    return clip(" ".join(inert(picture.alt).split()), ALT) or "Picture"
