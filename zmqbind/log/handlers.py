"""Logging over PUB sockets.

import logging
from zmqbind.log.handlers import PUBHandler

logging.getLogger().addHandler(PUBHandler("tcp://127.0.0.1:5557", root_topic="kitchen"))
logging.warning("stove::it is hot")  # has the topic "kitchen.WARNING.stove"
"""

from __future__ import annotations

import logging
from contextlib import nullcontext

from .. import _core
from ..constants import Flag, SocketType
from ..context import Context
from ..error import Again
from ..socket import Socket

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

__all__ = ["TOPIC_DELIM", "PUBHandler", "TopicLogger"]

TOPIC_DELIM = "::"  #: ends the topic that a message begins with

_WITH_PLACE = "%(levelname)s %(filename)s:%(lineno)d - %(message)s\n"
_FORMATS = {
    logging.DEBUG: _WITH_PLACE,
    logging.INFO: "%(message)s\n",
    logging.WARNING: _WITH_PLACE,
    logging.ERROR: "%(levelname)s %(filename)s:%(lineno)d - %(message)s - %(exc_info)s\n",
    logging.CRITICAL: _WITH_PLACE,
}


class PUBHandler(logging.Handler):
    """A logging handler that publishes records, as messages of a topic and a text.

    interface_or_socket: str, an endpoint to bind a PUB socket to; or a Socket that is bound or connected, which then
    nobody else may use. context: Context to make the socket in; None: Context.instance(). root_topic: str. Raises
    ZMQError if the endpoint cannot be bound.

    The topic is `root_topic`, the name of the level and what the message has before "::", with dots between, without
    those that are empty. A record never waits: where there is nobody to take it, it is dropped. A record that cannot
    be published, for instance since the socket has been closed, is handled by handleError, as those of other handlers.
    """

    def __init__(
        self,
        interface_or_socket: str | Socket[Any],
        context: Context[Any] | None = None,
        root_topic: str = "",
    ) -> None:
        super().__init__()
        self.setRootTopic(root_topic)
        self.formatters = {level: logging.Formatter(text) for level, text in _FORMATS.items()}
        if isinstance(interface_or_socket, _core.Socket):
            self.socket = interface_or_socket
            self.ctx = self.socket.context
        else:
            self.ctx = context or Context.instance()
            self.socket = self.ctx.socket(SocketType.PUB)
            try:
                self.socket.bind(interface_or_socket)
            except BaseException:
                self.socket.close()
                raise
        self._closes = not isinstance(interface_or_socket, _core.Socket)
        awaited = isinstance(self.socket, (_core.AsyncSocket, _core.TaskSocket))
        self._sender: Socket[Any] = Socket(shadow=self.socket) if awaited else self.socket

    @property
    def root_topic(self) -> str:
        """What all topics begin with, str; may be set. Empty: nothing."""
        return self._root_topic

    @root_topic.setter
    def root_topic(self, root_topic: str | bytes) -> None:
        self.setRootTopic(root_topic)

    def setRootTopic(self, root_topic: str | bytes) -> None:
        """Set what all topics begin with. root_topic: str, or bytes in UTF-8; empty for nothing."""
        self._root_topic = root_topic.decode("utf-8") if isinstance(root_topic, bytes) else root_topic

    def setFormatter(self, fmt: logging.Formatter | None, level: int = logging.NOTSET) -> None:
        """Set how records are made into text.

        fmt: logging.Formatter; None: Python's own. level: int, of the records that it is for; NOTSET: for those of all
        levels, instead of what was set before. Raises TypeError.
        """
        if not isinstance(level, int):
            raise TypeError(f"level: expected int, got {level!r}")
        formatter = fmt or logging.Formatter()
        if level == logging.NOTSET:
            self.formatters = dict.fromkeys(self.formatters, formatter)
        else:
            self.formatters[level] = formatter

    def format(self, record: logging.LogRecord) -> str:
        """Return the record as text, str: by the formatter of its level, or of the next lower one that has one."""
        lower = [level for level in self.formatters if level <= record.levelno]
        return self.formatters[max(lower) if lower else min(self.formatters)].format(record)

    def emit(self, record: logging.LogRecord) -> None:
        """Publish a record."""
        try:
            topic, record = _split_topic(record)
            parts = [part for part in (self.root_topic, record.levelname, topic) if part]
            text = self.format(record)
            frames = [".".join(parts).encode("utf-8", "replace"), text.encode("utf-8", "replace")]
            self._sender.send_multipart(frames, Flag.DONTWAIT)
        except Again:  # nobody can take it now
            pass
        except Exception:
            self.handleError(record)

    def close(self) -> None:
        """Close the socket, if the handler has made it."""
        with self.lock or nullcontext():  # not amid a record of another thread
            if self._closes:
                self.socket.close()
        super().close()


def _split_topic(record: logging.LogRecord) -> tuple[str, logging.LogRecord]:
    """The topic that a record's message begins with, or '', and the record without it; other handlers see it whole."""
    topic, delimiter, rest = str(record.msg).partition(TOPIC_DELIM)
    if not isinstance(record.msg, str) or not delimiter:
        return "", record
    copy = logging.makeLogRecord(record.__dict__)
    copy.msg = rest
    return topic, copy


class TopicLogger(logging.Logger):
    """A logger whose methods take a topic before the message: `logger.info("stove.left", "is on")`.

    name: str. level: int. Use it with a PUBHandler; other handlers print the topic before the message.
    """

    # The methods take one argument more than those of logging.Logger, which type checkers do not like.

    def log(self, level: int, topic: str, msg: object, *args: Any, **kwargs: Any) -> None:  # type: ignore[override]
        """Log a message with a topic. level: int. topic: str. The rest is as for logging.Logger.log."""
        super().log(level, f"{topic}{TOPIC_DELIM}{msg}", *args, **_from_caller(kwargs))

    def debug(self, topic: str, msg: object, *args: Any, **kwargs: Any) -> None:  # type: ignore[override]
        """Log a message with a topic and the level DEBUG. See log."""
        self.log(logging.DEBUG, topic, msg, *args, **_from_caller(kwargs))

    def info(self, topic: str, msg: object, *args: Any, **kwargs: Any) -> None:  # type: ignore[override]
        """Log a message with a topic and the level INFO. See log."""
        self.log(logging.INFO, topic, msg, *args, **_from_caller(kwargs))

    def warning(self, topic: str, msg: object, *args: Any, **kwargs: Any) -> None:  # type: ignore[override]
        """Log a message with a topic and the level WARNING. See log."""
        self.log(logging.WARNING, topic, msg, *args, **_from_caller(kwargs))

    def error(self, topic: str, msg: object, *args: Any, **kwargs: Any) -> None:  # type: ignore[override]
        """Log a message with a topic and the level ERROR. See log."""
        self.log(logging.ERROR, topic, msg, *args, **_from_caller(kwargs))

    def critical(self, topic: str, msg: object, *args: Any, **kwargs: Any) -> None:  # type: ignore[override]
        """Log a message with a topic and the level CRITICAL. See log."""
        self.log(logging.CRITICAL, topic, msg, *args, **_from_caller(kwargs))

    def exception(self, topic: str, msg: object, *args: Any, **kwargs: Any) -> None:  # type: ignore[override]
        """Log a message with a topic, the level ERROR and the exception that is being handled. See log."""
        kwargs.setdefault("exc_info", True)
        self.log(logging.ERROR, topic, msg, *args, **_from_caller(kwargs))

    warn = warning  # type: ignore[assignment]
    fatal = critical  # type: ignore[assignment]


def _from_caller(kwargs: dict[str, Any]) -> dict[str, Any]:
    """The arguments for one more function in between: records are to name the place that logs."""
    kwargs["stacklevel"] = kwargs.get("stacklevel", 1) + 1
    return kwargs
