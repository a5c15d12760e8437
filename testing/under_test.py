"""One test of a bot, from its mark to what it leaves: the session, the blocked hosts, the kept capture."""

from __future__ import annotations

import contextlib
import os
import shutil
from types import TracebackType
from typing import Self

import pytest

from wsreplay.cli.harmless import harmless
from wsreplay.errors import UserError
from wsreplay.testing.blocking import Blocking, Refuser
from wsreplay.testing.keeping import Keep, shown
from wsreplay.testing.marks import MARK, Scene, scene
from wsreplay.testing.session import Session

_TOLD = 6
"""So many incidents are told of a test that failed."""


class UnderTest:
    """A test that has asked for the fixture, until the block is left."""

    def __init__(self, scene: Scene, keep: Keep, allowed: list[str]) -> None:
        self.passed = False
        """Whether the test has passed, as far as is known."""
        self._scene = scene
        self._keep = keep
        self._allowed = allowed
        self._blocking = Blocking(allowed)
        self._kept: str | None = None
        self._until = contextlib.ExitStack()
        self._session: Session | None = None

    @classmethod
    def of(cls, node: pytest.Item) -> Self:
        """The test of this node, as its mark and the options have it."""
        config = node.config
        mark = node.get_closest_marker("wsreplay")
        if mark is None:
            raise pytest.UsageError(f"the fixture wsreplay needs a mark that names a venue: {MARK}")
        recording: bool = config.getoption("--wsreplay-record")
        try:
            found = scene(mark.args, mark.kwargs, [node.path.parent, config.rootpath], recording=recording)
        except UserError as error:
            raise pytest.UsageError(str(error)) from None
        root = config.rootpath / config.getoption("--wsreplay-keep")
        return cls(found, Keep(root, node.nodeid), config.getoption("--wsreplay-allow-host"))

    @property
    def session(self) -> Session:
        """What the fixture gives."""
        assert self._session is not None
        return self._session

    def __enter__(self) -> Self:
        folder = self._keep.begin()
        refuser = self._until.enter_context(Refuser(self._blocking))
        self._until.enter_context(self._blocking.in_this_process())
        self._session = Session(self._scene, folder, env=refuser.environment(self._allowed))
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        with self._until:
            self.session.close()
        if self.passed and self._scene.upstreams:
            self._put_in_its_place()
        # What could not be brought to its end stays as well, for whoever wants to know why.
        if self._kept is None:
            self._keep.drop()

    def keep(self) -> str:
        """Keep what there is, and tell of it. What goes wrong here must not hide why the test failed."""
        if self._kept is None:
            try:
                self._kept = "\n".join(self._tell())
            except Exception as wrong:
                self._kept = f"{shown(self._keep.folder)}: what was recorded could not be read: {wrong}"
        return self._kept

    def _tell(self) -> list[str]:
        told = []
        if self.session.began:
            from wsreplay.analysis.report import write_report

            capture = self.session.finish()
            report = capture.path.with_name(f"{capture.name}.html")
            write_report(capture, report)
            told += [f"capture {shown(capture.path)}", f"report  {shown(report)}"]
            found = self.session.incidents
            told += [f"#{each.seq} {each.kind}: {harmless(each.summary)}" for each in found[:_TOLD]]
            if len(found) > _TOLD:
                told.append(f"and {len(found) - _TOLD} more: wsreplay incidents {shown(capture.path)}")
        told += [f"{bot}\n    all of it: {shown(bot.log)}" for bot in self.session.bots]
        told += [f"blocked: {harmless(host)} was asked for" for host in self._blocking.wanted]
        return told or ["no bot was run, and nobody asked for the address"]

    def _put_in_its_place(self) -> None:
        """A capture that was to be recorded, and was: where the mark says, unless somebody was there meanwhile."""
        place = self._scene.capture
        if place is None or not self.session.began:
            return
        capture = self.session.finish()
        if not any(event.kind == "open" for event in self.session.events):
            return
        place.parent.mkdir(parents=True, exist_ok=True)
        beside = place.with_name(f".{place.name}.{os.getpid()}")
        shutil.copy(capture.path, beside)
        try:
            # A rename would replace what another test has put there meanwhile.
            with contextlib.suppress(FileExistsError):
                os.link(beside, place)
        finally:
            beside.unlink()
