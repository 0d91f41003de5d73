"""Send e-mails, where a mail server is set; a field-office hub has none, and nothing here is needed for it.

Each is written in English, Arabic and Sorani Kurdish, one after the other: nobody knows yet what its reader reads.
Sent from a thread of its own: how long an answer takes must not tell whether an account exists.
"""

import logging
import smtplib
import ssl
import threading
from collections.abc import Callable
from email.message import EmailMessage

from sync_server.node import Node
from sync_server.settings import Settings

log = logging.getLogger(__name__)

PATIENCE_SECONDS = 20
# At most so many at once: whoever asks for thousands of resets gets a few.
_sending = threading.BoundedSemaphore(4)


def can_send(node: Node) -> bool:
    return bool(node.settings.smtp_host)


def send_mail(node: Node, to: str, subject: str, *paragraphs: str) -> None:
    """Send an e-mail now; raise OSError or SMTPException when it cannot be."""
    settings, message = node.settings, EmailMessage()
    message["From"], message["To"], message["Subject"] = settings.smtp_from, to, subject
    message["Auto-Submitted"] = "auto-generated"
    message.set_content("\n\n".join(paragraphs) + "\n")
    with _connection(settings) as server:
        if settings.smtp_user:
            server.login(settings.smtp_user, settings.smtp_password)
        server.send_message(message)
    log.info("mail sent node=%s", node.id)


def in_background(node: Node, work: Callable[[], None]) -> threading.Thread | None:
    """Do it beside the request, and log what goes wrong; None when too much is under way already."""
    if not _sending.acquire(blocking=False):
        log.warning("mail not sent, too many at once node=%s", node.id)
        return None
    thread = threading.Thread(target=_do, args=(node, work), name="mail", daemon=True)
    thread.start()
    return thread


def _do(node: Node, work: Callable[[], None]) -> None:
    try:
        work()
    except (OSError, smtplib.SMTPException) as error:
        log.warning("mail not sent node=%s error=%s", node.id, type(error).__name__)  # its text may hold the address
    except Exception:  # the thread's own edge: nobody else would say it
        log.exception("mail not sent node=%s", node.id)
    finally:
        _sending.release()


def _connection(settings: Settings) -> smtplib.SMTP:
    host, port = settings.smtp_host, settings.smtp_port
    if settings.smtp_tls == "tls":
        return smtplib.SMTP_SSL(host, port, timeout=PATIENCE_SECONDS, context=ssl.create_default_context())
    server = smtplib.SMTP(host, port, timeout=PATIENCE_SECONDS)
    if settings.smtp_tls == "starttls":
        server.starttls(context=ssl.create_default_context())
    return server
